"""Readers of calculations with what is done to their results: rounded, in percent, in capitals."""

from collections.abc import Iterator

from services.transform.planner.arithmetic import Formula
from services.transform.planner.reading import NUMERIC, Reader, Result, number, quoted, slot


@slot("Formula")
def formula(reader: Reader, at: int) -> Iterator[Result]:
    """A calculation, rounded or turned into percent if that was said."""
    for end, found, cost in reader.slot("Expr", at):
        yield from _finished(reader, end, found, cost)
        if len(found.columns) > 1 or not found.simple:
            for stop, whole, more in _without_blanks(reader, end, found):
                yield from _finished(reader, stop, whole, cost + more)


_COUNTED = "(treat|treating|count|counting|take|taking|consider|considering|assume|assuming|regard|with|where|read|reading|using) [any|@all]"
_AS = "(as|to be|counted as|treated as|taken as|taken to be|counts as|count as|being|is|are|=|means|mean|is treated as|are treated as|read as|replaced by)"


def _without_blanks(reader: Reader, at: int, found: Formula) -> Iterator[Result]:
    """In the calculation alone, what is missing counts as a number: salary + bonus (a missing bonus counts as 0)."""
    for end, env, cost in reader.match(
        f"[,|LP|;|-|.] [and|but] [{_COUNTED}] (@blanks|@blank) [<c:Cols>] [@values|cells|one|ones|entries] {_AS} <n:Num> [there|instead] [RP]"
        f"|[,|LP|;|-|.] [and|but] [{_COUNTED}] <c:Cols> {_AS} <n:Num> (if|when|where) [it|they] [is|are] @blank [RP]"
        f"|[,|LP|;|-|.] [and|but] [use|using|with|put] <n:Num> (if|when|where|for) [<c:Cols>|it|they|there] [is|are] (@blanks|@blank|no <c2:Cols>) [<c3:Cols>] [RP]",
        at,
    ):
        named = env.get("c") or env.get("c2") or env.get("c3") or found.columns
        if set(named) <= set(found.columns) and all(reader.column(name).type in NUMERIC for name in named):
            sql = found.sql
            for name in named:
                sql = sql.replace(quoted(name), f"COALESCE({quoted(name)}, {number(env['n'])})")
            yield end, Formula(sql, found.columns, found.simple), cost


def _finished(reader: Reader, at: int, found: Formula, cost: float) -> Iterator[Result]:
    yield at, found, cost
    for end, _, more in reader.match(
        "[,] (as|in) [@all] (percentage|percent|%|pct|percentages)|[,] times 100|[,] (expressed|given|shown) (as|in) [@all] (percentage|percent|%)",
        at,
    ):
        if "times" in [reader.low(step) for step in range(at, end)]:
            continue
        yield from _rounded(reader, end, Formula(f"({found.sql}) * 100", found.columns), cost + more)
    for end, env, more in reader.match(
        "[,|LP] [given|expressed|shown] (in|as) <s:Scale> [RP] [LP|,] [(divide|divided|dividing) [it|that] by <n:Num>] [RP]",
        at,
    ):
        if env.get("n", env["s"]) == env["s"] and not found.simple:
            yield from _rounded(reader, end, Formula(f"({found.sql}) / {env['s']}", found.columns), cost + more)
    yield from _rounded(reader, at, found, cost)
    for words, function in (
        ("upper [-] case|uppercase|capitals|capital letters|caps", "UPPER"),
        ("lower [-] case|lowercase|small letters", "LOWER"),
    ):
        for end, _, more in reader.match(f"[,] (in|all in|and in|as|, in) [all] ({words}) [letters]", at):
            if found.simple and found.columns:
                yield end, Formula(f"{function}({found.sql})", found.columns, True), cost + more


@slot("Scale")
def scale(reader: Reader, at: int) -> Iterator[Result]:
    """Thousands, millions: what is divided by."""
    for word, size in (("thousand", 1_000), ("million", 1_000_000), ("billion", 1_000_000_000)):
        if reader.low(at) in (word, word + "s"):
            yield at + 1, size, 0.0


def _rounded(reader: Reader, at: int, found: Formula, cost: float) -> Iterator[Result]:
    yield at, found, cost
    for end, _, more in reader.match(
        "[,|LP] (no rounding|unrounded|not rounded|without rounding|do not round|not to be rounded|with all decimals) [it|anything] [RP]",
        at,
    ):
        yield end, found, cost + more
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
