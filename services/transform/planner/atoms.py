"""Conditions, one by one and joined by `and` and `or`."""

from collections.abc import Iterator

from contracts.data import LogicalType
from services.transform.planner.conditions import Cond, both, fold, one_of
from services.transform.planner.counted import _aged, _counted, _measured
from services.transform.planner.dates import weekday_number
from services.transform.planner.doers import doers
from services.transform.planner.predicates import predicates
from services.transform.planner.reading import NUMERIC, Reader, Result, number, quoted, slot
from services.transform.planner.valued import _called_off, _dated, _flagged, _valued
from services.transform.planner.verbs import did


# -- conditions without a column before them
@slot("Atom")
def atom(reader: Reader, at: int) -> Iterator[Result]:
    """One condition."""
    for start in _subjects(reader, at):
        for middle, column, cost in reader.slot("Col", start):
            for end, found, more in predicates(reader, middle, column):
                yield end, found, cost + more
    yield from _of_several(reader, at)
    yield from _alike(reader, at)
    yield from _owned(reader, at)
    yield from _counted(reader, at)
    yield from _aged(reader, at)
    yield from _measured(reader, at)
    yield from _valued(reader, at)
    yield from _flagged(reader, at)
    yield from _dated(reader, at)
    yield from doers(reader, at)
    yield from _bracketed(reader, at)
    yield from _called_off(reader, at)
    yield from _on_weekends(reader, at)
    yield from did(reader, at)
    yield from _calculated(reader, at)


def _on_weekends(reader: Reader, at: int) -> Iterator[Result]:
    """On the weekend, on weekdays, where one column holds the names of days."""
    days = [
        one
        for one in reader.view.columns
        if one.type is LogicalType.STRING and one.complete and one.values and all(map(weekday_number, one.values))
    ]
    if len(days) != 1:
        return
    weekends = {value for value in days[0].values if (weekday_number(value) or 0) >= 6}
    for words, wanted in (
        ("weekend|weekends|weekend days", weekends),
        ("weekday|weekdays|week days|workdays|working days", set(days[0].values) - weekends),
    ):
        for end, _, cost in reader.match(f"[on|at|during|from|of] [the|each|every] ({words})", at):
            if not wanted:
                continue
            found = one_of(days[0].name, sorted(wanted))
            yield end, found, cost + 0.1
            for stop, said, more in reader.match("[only] LP <o:OldValues> RP", end):
                if set(said["o"]) <= wanted:
                    yield stop, one_of(days[0].name, tuple(said["o"])), cost + more


def _of_several(reader: Reader, at: int) -> Iterator[Result]:
    """Both of two columns, or either of them, satisfy the same."""
    for words, joint in (
        ("both|both of|all of|each of|all", "AND"),
        ("either|either of|any of|one of|at least one of", "OR"),
    ):
        for middle, env, cost in reader.match(f"({words}) <c:Cols>", at):
            columns: tuple[str, ...] = env["c"]
            if len(columns) < 2:
                continue
            ways = [
                {end: (found, more) for end, found, more in predicates(reader, middle, name, bare=False)}
                for name in columns
            ]
            for end in set.intersection(*(set(way) for way in ways)):
                found = [way[end][0] for way in ways]
                if not any(one.sql.startswith("@") for one in found):
                    yield end, both(found, joint), cost + ways[0][end][1]


def _alike(reader: Reader, at: int) -> Iterator[Result]:
    """Two columns that are equal, or differ."""
    for words, sign in (
        ("equal|[the] same|identical|as high as each other|level|both same|[a|of] equal (size|value)", "="),
        ("different|not equal|not [the] same|unequal|not identical", "<>"),
    ):
        for end, env, cost in reader.match(
            f"[both] <a:Col> and <b:Col> (are|is|were|have|had) [both|exactly] ({words}) [value|values]", at
        ):
            if env["a"] != env["b"]:
                yield end, Cond(f"{quoted(env['a'])} {sign} {quoted(env['b'])}", (env["a"], env["b"])), cost
    for end, env, cost in reader.match(
        "<a:Col> and <b:Col> (differ|do not match|disagree)|<a:Col> and <b:Col> (match|agree|coincide)", at
    ):
        if env["a"] != env["b"]:
            sign = (
                "="
                if reader.low(end - 1) in ("agree", "coincide")
                or (reader.low(end - 2) != "not" and reader.low(end - 1) == "match")
                else "<>"
            )
            yield end, Cond(f"{quoted(env['a'])} {sign} {quoted(env['b'])}", (env["a"], env["b"])), cost


def _subjects(reader: Reader, at: int) -> list[int]:
    found = [at]
    end = reader.first(
        "[for] [which|whom] (its|their|his|her|of which)|there is|there are|value of|value in|values of|values in|any|column|with|whose|of|has|have|having|had|in terms of|is|are|was|were",
        at,
    )
    if end is not None:
        found.append(end)
    return found


def _owned(reader: Reader, at: int) -> Iterator[Result]:
    """With or without something in a column."""
    none = "[with|has|have|had|having|that have|which have|who have|there is|there are|showing|show|shows|where there is|where there are] (no|@blank|without|lacking|lack|lacks) [@blank|known|recorded|given|valid|any|value for|value in|values for|values in|value of|entry for|entry in|data for|data in|figure for|figures for|information on] "
    for end, env, cost in reader.match(
        f"{none} <c:Cols> [recorded|given|known|available|on file|listed|entered|set|figure|figures|value|date|at all|yet]|(has|have|had|was|were|is|are) (not been|never been|not yet been|never|not) (filled in|recorded|entered|given|set|provided|measured|noted) (for|in|under) <c:Cols>|for (which|whom) [the|no] <c:Cols> [is|are|was|were|has been|have been] (@blank|not available|not known|not given|not recorded|available|known|recorded|given)|(where|when) (is|are) <c:Cols> @blank|without <c:Cols>|lacking <c:Cols>|that lack <c:Cols>|(do|does|did) not have [value for|value in|any] <c:Cols>|[with|that have|have|has] [@blank] (nothing|no value|no values|no data|no entry|blanks|blank|nulls|null|missing values|missing value|missing data|empty cells|gaps) (in|for|under) <c:Cols>|whose <c:Cols> (is|are) @blank|@blank (in|for) <c:Cols>|not having <c:Cols>",
        at,
    ):
        names = env["c"]
        joint = "AND"
        if _is_said_known(reader, at, end):
            found = [Cond(f"{quoted(name)} IS NOT NULL", (name,)) for name in names]
            yield end, both(found, joint), cost + 0.05
            continue
        found = [Cond(f"{quoted(name)} IS NULL", (name,)) for name in names]
        span = [reader.low(step) for step in range(at, end)]
        if len(names) > 1 and "or" in span:
            joint = "OR"
        if len(names) > 1 and "no" in span and "or" in span:
            joint = "AND"  # no X or Y: neither
        yield end, both(found, joint), cost + 0.05
    for end, env, cost in reader.match(
        "(with|has|have|having|had) neither <a:Col> nor <b:Col>|neither <a:Col> nor <b:Col> (is|are) (known|given|filled in|present|there|set)|[with|have|has|that have] both <a:Col> and <b:Col> @blank|both <a:Col> and <b:Col> are @blank|<a:Col> and <b:Col> (are|is) both @blank|<a:Col> and <b:Col> (are|is) @blank (both|at same time|together)",
        at,
    ):
        found = [Cond(f"{quoted(env[one])} IS NULL", (env[one],)) for one in ("a", "b")]
        yield end, both(found), cost
    for end, env, cost in reader.match(
        "(with|have|has|having|that have|which have|who have) [known|valid|recorded|given|actual|real|non - blank|value for|value in|value of|any|some|non blank|non - empty|non - null|non null|filled in|complete] <c:Cols>|[with|have|has] value (for|in) <c:Cols>|(do|does) have <c:Cols>|(with|have|has) <c:Cols> (given|recorded|filled in|present|known|set|available)",
        at,
    ):
        said = {reader.low(step) for step in range(at, end)}
        found = [
            Cond(f"{quoted(name)} > 0", (name,))
            if _counts_from_zero(reader, name) and not said & _KNOWN
            else Cond(f"{quoted(name)} IS NOT NULL", (name,))
            for name in env["c"]
        ]
        yield end, both(found), cost + 1.2


_KNOWN = frozenset("known valid recorded given actual value complete filled available present set data".split())


def _counts_from_zero(reader: Reader, name: str) -> bool:
    """Whether nothing is written as 0 and not left blank: with a discount, then, is with more than 0 of it."""
    column = reader.column(name)
    return column.type in NUMERIC and not column.nulls and column.least == 0


def _is_said_known(reader: Reader, at: int, end: int) -> bool:
    """For which the weight is known: nothing in it says that there is none."""
    said = [reader.low(step) for step in range(at, end)]
    return (
        said[:1] == ["for"]
        and said[-1] in ("available", "known", "recorded", "given")
        and "not" not in said
        and "no" not in said
    )


_SIGNS = (("@gt", ">"), ("@ge", ">="), ("@lt", "<"), ("@le", "<="), ("equals|=|equal to|equal", "="))


def _calculated(reader: Reader, at: int) -> Iterator[Result]:
    """Quantity times price is above 1000: what is compared has to be calculated first."""
    for middle, formula, cost in reader.slot("Expr", at):
        if len(formula.columns) < 2 or formula.sql.startswith("@"):
            continue
        if any(reader.column(name).type not in NUMERIC for name in formula.columns):
            continue
        for words, sign in _SIGNS:
            for end, env, more in reader.match(f"[is|are|was|were] ({words}) <n:Num>", middle):
                yield end, Cond(f"({formula.sql}) {sign} {number(env['n'])}", formula.columns), cost + more + 0.3


def _bracketed(reader: Reader, at: int) -> Iterator[Result]:
    for end, env, cost in reader.match("LP <c:Cond> RP", at):
        yield end, env["c"], cost


# -- conditions joined
@slot("Cond")
def condition(reader: Reader, at: int) -> Iterator[Result]:
    """Conditions joined by `and` and `or`."""
    yield from _joined(reader, at, [], 0)


def _joined(reader: Reader, at: int, before: list[tuple[str, Cond]], depth: int) -> Iterator[Result]:
    joint = before[-1][0] if before else ""
    options: list[Result] = list(reader.slot("Atom", at))
    if before and len(before[-1][1].columns) == 1 and joint:
        column = before[-1][1].columns[0]
        for start in {at, at + (reader.low(at) in ("it", "they", "is", "are"))}:
            for end, found, cost in predicates(reader, start, column, bare=False):
                options.append((end, found, cost + 0.1))
    if joint == "or" and before[-1][1].negated:
        # not in Berlin or Oslo: neither. A bare value after it belongs to the negation.
        options = [one for one in options if not (one[1].equals and one[1].columns == before[-1][1].columns)]
    for end, found, cost in options[:40]:
        chain = [*before[:-1], (before[-1][0], before[-1][1])] if before else []
        whole = [*chain, ("", found)]
        yield end, fold(whole), cost
        if depth >= 6:
            continue
        for words, joined in (
            ("@orword", "or"),
            (
                "and|, and|,|but|& |and also|while|and at same time|, but|&&|and that|and whose|and with|and where|and which|, and also|yet|and who|and only where|and only if|that are also|, that are|that also|but also|, where|and if|and when|, with|with|, whose|and are|and is",
                "and",
            ),
        ):
            seen = set()
            for follow, _, _ in reader.match(words, end):
                if follow in seen:
                    continue
                seen.add(follow)
                for stop, rest, more in _joined(reader, follow, [*chain, (joined, found)], depth + 1):
                    yield stop, rest, cost + more
