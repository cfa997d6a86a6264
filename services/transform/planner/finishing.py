"""Readers of calculations with what is done to their results: rounded, in percent, in capitals."""

from collections.abc import Iterator

from services.transform.planner.arithmetic import Formula
from services.transform.planner.reading import Reader, Result, slot


@slot("Formula")
def formula(reader: Reader, at: int) -> Iterator[Result]:
    """A calculation, rounded or turned into percent if that was said."""
    for end, found, cost in reader.slot("Expr", at):
        yield from _finished(reader, end, found, cost)


def _finished(reader: Reader, at: int, found: Formula, cost: float) -> Iterator[Result]:
    yield at, found, cost
    for end, _, more in reader.match(
        "[,] (as|in) [@all] (percentage|percent|%|pct|percentages)|[,] times 100|[,] (expressed|given|shown) (as|in) [@all] (percentage|percent|%)",
        at,
    ):
        if "times" in [reader.low(step) for step in range(at, end)]:
            continue
        yield from _rounded(reader, end, Formula(f"({found.sql}) * 100", found.columns), cost + more)
    yield from _rounded(reader, at, found, cost)
    for words, function in (
        ("upper [-] case|uppercase|capitals|capital letters|caps", "UPPER"),
        ("lower [-] case|lowercase|small letters", "LOWER"),
    ):
        for end, _, more in reader.match(f"[,] (in|all in|and in|as|, in) [all] ({words}) [letters]", at):
            if found.simple and found.columns:
                yield end, Formula(f"{function}({found.sql})", found.columns, True), cost + more


def _rounded(reader: Reader, at: int, found: Formula, cost: float) -> Iterator[Result]:
    yield at, found, cost
    for end, env, more in reader.match(
        "[,|(|;|and|-] [to be|then|and] [all] (rounded|round it|round|rounding|round result|rounded off|round that|, round|rounding it|round them) [down to|up to|off to|off|result] [to|at] <d:Digits> [RP]|[,|(|with] <d:Digits> [RP]",
        at,
    ):
        digits = env["d"]
        if digits >= 0:
            yield (
                end,
                Formula(f"ROUND({found.sql}, {digits})" if digits else f"ROUND({found.sql})", found.columns, True),
                cost + more,
            )
        else:
            unit = 10 ** (-digits)
            yield end, Formula(f"ROUND(({found.sql}) / {unit}) * {unit}", found.columns), cost + more
    for end, _, more in reader.match(
        "[,|(] (rounded down|round down|round it down|truncated) [to (whole|nearest whole|integer)] [number|numbers] [RP]",
        at,
    ):
        yield end, Formula(f"FLOOR({found.sql})", found.columns, True), cost + more
    for end, _, more in reader.match(
        "[,|(] (rounded up|round up|round it up) [to (whole|nearest whole|integer)] [number|numbers] [RP]", at
    ):
        yield end, Formula(f"CEIL({found.sql})", found.columns, True), cost + more
