"""Readers of shares and bounds: more than half, a third, at least 3, 3 or more."""

from collections.abc import Iterator

from services.transform.planner.reading import Reader, Result, slot


@slot("Share")
def share(reader: Reader, at: int) -> Iterator[Result]:
    """More than half; at least 30 %."""
    amount = "(<p:Portion>)"
    for words, operator in (
        ("[@only] (more than|over|above|>|exceeding|in excess of|upwards of)", ">"),
        ("at least|>=|no less than|minimum of", ">="),
        ("less than|under|below|fewer than|<", "<"),
        ("at most|<=|no more than", "<="),
    ):
        for end, env, cost in reader.match(f"({words}) {amount}", at):
            yield end, (operator, env["p"]), cost
    stop = reader.first("mostly|mainly|majority|most|largely|predominantly|for most part|in most", at)
    if stop is not None:
        yield stop, (">", 0.5), 0.1
    for end, env, cost in reader.match(f"{amount} (or more|and more|or above)", at):
        yield end, (">=", env["p"]), cost


@slot("Portion")
def portion(reader: Reader, at: int) -> Iterator[Result]:
    """Half, a third, 30 %, 0.3."""
    for end, env, cost in reader.match("<n:Num> (%|percent|per cent|pct)", at):
        yield end, env["n"] / 100, cost
    for words, value in (
        ("half|one half|1 / 2", 0.5),
        ("third|one third|1 / 3", 1 / 3),
        ("two thirds|2 / 3", 2 / 3),
        ("quarter|one quarter|1 / 4", 0.25),
        ("three quarters|3 / 4", 0.75),
    ):
        stop = reader.first(words, at)
        if stop is not None:
            yield stop, value, 0.0


@slot("Bound")
def bound(reader: Reader, at: int) -> Iterator[Result]:
    """More than 2; at least 3; 3 or more."""
    for words, operator in (("@gt", ">"), ("@ge", ">="), ("@lt", "<"), ("@le", "<="), ("exactly", "=")):
        for end, env, cost in reader.match(f"{words} <n:Count>", at):
            if reader.low(at) not in ("from",):
                yield end, (operator, env["n"]), cost
    for words, operator in (("@andup", ">="), ("@anddown", "<=")):
        for end, env, cost in reader.match(f"<n:Count> {words}", at):
            yield end, (operator, env["n"]), cost
