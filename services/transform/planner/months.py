"""Months without a day: January 2006, 2006-01, 01/2006 become the first day of the month where that is said."""

import re
from collections.abc import Iterator, Sequence

from contracts.recipe import ParseDate, ReplaceText, Step
from services.transform.planner.reading import Reader, Result, slot
from services.transform.planner.view import ask

_MONTH = r"[A-Za-z]{3,9}"
# How months are written; what is put before and after to make dates of them, and how these are read.
_WRITTEN: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        rf"{_MONTH}[ \-/.,]+\d{{4}}",
        "1 ",
        "",
        ("%d %B %Y", "%d %b %Y", "%d %B, %Y", "%d %b-%Y", "%d %b, %Y", "%d %B-%Y"),
    ),
    (rf"\d{{4}} {_MONTH}", "", " 1", ("%Y %B %d", "%Y %b %d")),
    (r"\d{4}-\d{1,2}", "", "-01", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}", "", "/01", ("%Y/%m/%d",)),
    (r"\d{1,2}/\d{4}", "01/", "", ("%d/%m/%Y",)),
    (r"\d{1,2}-\d{4}", "01-", "", ("%d-%m-%Y",)),
    (r"\d{1,2}\.\d{4}", "01.", "", ("%d.%m.%Y",)),
)
_FIRST = re.compile(
    r"\b(?:first|1st|beginning|start)\b(?:\s+(?:day|date))?\s*(?:(?:of|in)\s+)?(?:the|that|its|each|every|their)?\s*month"
    r"|\bmonth(?:'s)?\s+(?:start|beginning|first)|\b(?:on|to|as) the (?:first|1st)\b|\bday (?:1|one|01)\b|-01\b|\bfirst of\b",
    re.I,
)


def month_only(values: Sequence[str]) -> tuple[str, str, tuple[str, ...]] | None:
    """What makes dates of texts that are months, and how these are read; None where they are something else."""
    for shape, before, after, formats in _WRITTEN:
        if values and all(re.fullmatch(shape, value) for value in values):
            return before, after, formats
    return None


def month_steps(reader: Reader, column: str, values: Sequence[str]) -> list[Step] | None:
    """Steps that read months as their first days; None where the values are no months; a doubt where it was not said."""
    from services.transform.planner.spellings import fits

    found = month_only(values)
    if found is None:
        return None
    before, after, formats = found
    whole = [f"{before}{value}{after}" for value in values]
    held = tuple(one for one in formats if any(fits(value, one) for value in whole))
    if not all(any(fits(value, one) for one in held) for value in whole):
        return None
    if not _FIRST.search(reader.text):
        raise ask(
            "ambiguous", f"'{column}' holds months without a day. Which day is meant?", ["the first of the month"]
        )
    pattern, replacement = (r"^", before) if before else (r"$", after)
    return [
        ReplaceText(columns=(column,), pattern=pattern, replacement=replacement),
        ParseDate(columns=(column,), formats=held, to="date"),
    ]


@slot("FirstOfMonth")
def first_of_month(reader: Reader, at: int) -> Iterator[Result]:
    """The first day of the month."""
    for end, _, cost in reader.match(
        "(first|1st|first day|1st day|start|beginning|day 1|first date) [of|in] [that|its|each|their|every|respective|same] month [in question]|(first|1st|day 1)",
        at,
    ):
        yield end, True, cost
