"""Quarters as they are written on calendars: Q1 to Q4."""

from typing import Any

from services.transform.planner.reading import Reader, slot

_EXPRESSION = "'Q' || CAST(DATE_PART('quarter', {0}) AS STRING)"


@slot("QuarterLabels")
def quarter_labels(reader: Reader, at: int) -> Any:
    """That quarters are to read Q1, Q2, Q3, Q4."""
    joint = "[,|/|-|–|to|until|or|and|through|, or|, and|...]"
    for end, _, cost in reader.match(
        f"[,|LP|:] [with|as|showing|holding|saying|like|in form|written as|written|values|labels|labelled|labeled|reading|being|i . e .] [values|labels|format|text] [@only|either] q1 {joint} [q2] {joint} [q3] {joint} q4 [RP]"
        "|[,|LP|:] (as|like|written as|in form|in format) (q1|q2|q3|q4) [,] [etc] [RP]",
        at,
    ):
        yield end, True, cost


def quarters(env: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The new column's name, and how its quarters are made."""
    return ((env.get("n") or "quarter", _EXPRESSION),)
