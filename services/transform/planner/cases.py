"""Readers of values that depend on conditions: `small when x is under 5, otherwise large`, and of ranges with labels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.data import LogicalType
from services.transform.planner.conditions import Cond
from services.transform.planner.contradictions import excluded
from services.transform.planner.numbers import UNITS
from services.transform.planner.predicates import predicates
from services.transform.planner.reading import NUMERIC, Reader, Result, number, quoted, slot, text
from services.transform.planner.words import key, parts

_WHEN = "[,|(|-] (when|if|where|whenever|for|in case|for rows where|if the|is when|for those where|means|for @rows where|for those with|for @rows with|= |:|->|is|if value is|if it is|for values|for anything|for everything|for all|when it is|in cases where|for anything that is|for values of|for those|for people|for <e:Entity>|for <e:Entity> with|provided|given|as long as|at|to|goes to|goes for)"
_ELSE = "[,|;|.|and|-] [and|but|or] [(] (otherwise|else|or else|everything else|all others|rest|all other rows|anything else|everyone else|for everything else|in all other cases|for rest|for all others|if not|for anything else|all rest|in other cases|others|everybody else|anything lower|anything below|anything less|anything below that|anything higher|anything above|anything above that|anything more|everything below|everything above|everything lower|everything higher|all below|all above|lower|below that|above that|for all other rows|for everyone else|every other row|for others|in every other case|for all rest|any other|for any other|all other values|failing that|remaining|remaining ones|when not|for all other values|when it is not|if it is not|where not|otherwise it is|otherwise put|and for the rest|remaining rows) [is|are|gets|get|=|:|should be|be|write|put|,|it is|use|->|as|will be|become|becomes|they are]"


@dataclass(frozen=True)
class Cases:
    """Conditions and what holds for each, as expressions; and what else."""

    cases: tuple[tuple[str, str], ...]
    otherwise: str | None
    columns: tuple[str, ...]


@slot("Label")
def label(reader: Reader, at: int) -> Iterator[Result]:
    """What a case gives: a text, a number, true or false, a column, or nothing."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, text(token.text), 0.0
        return
    for words, sql in (
        ("true", "TRUE"),
        ("false", "FALSE"),
        ("[leave] [it] (@blank|nothing)|leave [it|them] @blank", "NULL"),
    ):
        end = reader.first(f"({words})", at)
        if end is not None:
            yield end, sql, 0.0
    if token.kind == "number" and token.number is not None:
        yield at + 1, number(token.number), 0.0
        if (
            reader.low(at + 1) in ("-", "–")
            and at + 2 < len(reader.tokens)
            and reader.tokens[at + 2].kind == "number"
            and reader.tokens[at + 2].start == token.end + 1
        ):
            yield at + 3, text(reader.raw(at, at + 3)), 0.2
    for end, name, cost in reader.slot("Name", at):
        if reader.view.column(name) is not None and not name.isalpha():
            yield end, quoted(name), cost  # home_team is what stands there, not these letters
        else:
            yield end, text(name), cost + 0.05
    if token.kind == "word" and token.low in (
        "low",
        "high",
        "under",
        "over",
        "up",
        "down",
        "yes",
        "no",
        "top",
        "bottom",
        "first",
        "last",
        "large",
        "small",
        "short",
        "long",
        "early",
        "late",
        "above",
        "below",
        "on",
        "off",
        "old",
        "new",
        "positive",
        "negative",
        "more",
        "less",
        "least",
        "most",
        "average",
        "count",
        "date",
        "whole",
        "number",
        "text",
    ):
        yield at + 1, text(token.text), 0.1
    for end, name, cost in reader.slot("Col", at):
        yield end, quoted(name), cost + 0.5


@slot("Cases")
def cases(reader: Reader, at: int) -> Iterator[Result]:
    """Values with conditions that name their columns themselves."""
    yield from labelled(reader, at, None)


def labelled(reader: Reader, at: int, column: str | None) -> Iterator[Result]:
    """Values with conditions; about one column where that is known."""
    yield from _duel(reader, at)
    for end, found, otherwise, cost in _cases(reader, at, column, [], 0):
        if not found:
            continue
        yield from _rest(reader, end, found, otherwise, cost, column)


_IF = "(if|when|where|for|:|=|->) [the] "
_MORE = "(is|are|was|has|have|scored|had) [the] (higher|greater|larger|bigger|more|higher value|greater one|higher one)"
_LESS = "(is|are|was|has|have|had) [the] (lower|smaller|less|fewer)"


def _duel(reader: Reader, at: int) -> Iterator[Result]:
    """Home if its goals are higher, away if the away goals are higher, draw otherwise: each compared with the other."""
    tie = f"<t:Label> [{_IF}] [they|both|two|values] [are|is|have] [both] (equal|same|tied|level|the same|otherwise|else|neither)|(otherwise|else) <t:Label>"
    for more, sign in ((_MORE, ">"), (_LESS, "<")):
        for end, env, cost in reader.match(
            f"<l:Label> {_IF} <a:Col> {more} [,|;|and] [and] <m:Label> {_IF} <b:Col> {more} [[,|;|and] [and] ({tie})]",
            at,
        ):
            one, other = quoted(env["a"]), quoted(env["b"])
            if one == other or {reader.column(env[each]).type for each in ("a", "b")} - set(NUMERIC):
                continue
            cases = [(f"{one} {sign} {other}", env["l"]), (f"{other} {sign} {one}", env["m"])]
            if "t" in env:
                cases.append((f"{one} = {other}", env["t"]))
            yield end, Cases(tuple(cases), None, (env["a"], env["b"])), cost


_Case = tuple[str, str, tuple[str, ...]]


def _cases(
    reader: Reader, at: int, column: str | None, found: list[_Case], depth: int
) -> Iterator[tuple[int, list[_Case], str | None, float]]:
    if depth > 9:
        return
    for end, case, cost in _one(
        reader, at, column or (found[-1][2][0] if found and len(set(found[-1][2])) == 1 else None)
    ):
        longer = [*found, case]
        yield end, longer, None, cost
        for follow in {
            stop
            for stop, _, _ in reader.match("(,|;|, and|and|. |, or|or|; and|.|, then|, else|else|\n) [if|then]", end)
        } | {end}:
            if follow == end and depth == 0 and reader.low(end) in ("", "."):
                continue
            for stop, rest, otherwise, more in _cases(reader, follow, column, longer, depth + 1):
                yield stop, rest, otherwise, cost + more
        for stop, env, more in reader.match(
            f"({_ELSE}) [as|=|:] <l:Label>|[,] [and] <l:Label> [,|(|for] (otherwise|else|for rest|for everything else|for anything lower|for anything below|for anything below that|for anything higher|for anything above|for anything above that|for everything below|for everything above|for lower ones|for higher ones|above that|below that|above it|below it|beyond that|over that|under that|for anything less|for anything more|for all others|elsewhere|rest|in all other cases|everything else|if not|for all other rows|for everyone else|for anything else|for others|everyone else|anything else|all others|in other cases|when not|for remaining ones|in every other case|where not|for all rest|others|all other rows|for all other values)",
            end,
        ):
            yield stop, longer, env["l"], cost + more


def _one(reader: Reader, at: int, column: str | None) -> Iterator[tuple[int, _Case, float]]:
    """One case that some row may satisfy."""
    for end, case, cost in _any(reader, at, column):
        if " AND " not in case[0] or excluded((case[0],)) is None:
            yield end, case, cost


def _any(reader: Reader, at: int, column: str | None) -> Iterator[tuple[int, _Case, float]]:
    """One case: its label before or after its condition."""
    for middle, said, cost in reader.slot("Label", at):
        if middle == at + 1 and reader.tokens[at].kind == "number" and reader.low(middle)[:1] in ("-", "–"):
            continue  # `70-79` is a range, and no label 70 for -79
        for start in {end for end, _, _ in reader.match(f"({_WHEN}) [{_WHEN}]", middle)}:
            for end, found, more in reader.slot("Cond", start):
                if found.sql.startswith("@"):
                    continue
                yield end, (found.sql, said, found.columns), cost + more
        if column is not None:
            for start in {middle} | {end for end, _, _ in reader.match(f"({_WHEN}) [{_WHEN}]|LP|[,] :|=|-", middle)}:
                for end, found, more in ranges(reader, start, column):
                    close = end + (reader.low(end) == ")" and reader.low(start - 1) == "(")
                    yield close, (found.sql, said, found.columns), cost + more
    for start in {
        at,
        *(
            end
            for end, _, _ in reader.match(
                "if|when|where|for|whenever|for rows where|anything|everything|for values|values|those|<e:Entity>|people|for anything|for people|it is|if it is|all",
                at,
            )
        ),
    }:
        options: list[tuple[int, Cond, float]] = list(reader.slot("Cond", start))
        if column is not None:
            options += list(ranges(reader, start, column))
        for middle, found, cost in options:
            if found.sql.startswith("@"):
                continue
            for follow in {
                end
                for end, _, _ in reader.match(
                    "[,] [then] [it|they|that] [should be|is|are|becomes|become|be|=|:|->|=>|→|gets|get|means|as|put|write|use|count as|counts as|say|call it|called|labelled|label it|into|call them|goes in|go in|should read|to|we say|set it to|it is|it should be|say it is|will be|→|mark as|mark it]",
                    middle,
                )
            }:
                if follow == middle and (reader.low(middle) == "(" or not set(found.sql) & set("<>") | _spanned(found)):
                    continue  # `5 years` is no 5 that is called years
                for end, said, more in reader.slot("Label", follow):
                    yield end, (found.sql, said, found.columns), cost + more + (0.3 if follow == middle else 0.0)


def _spanned(found: Cond) -> set[str]:
    """What shows that a condition is about more than single numbers."""
    return {"BETWEEN"} if " BETWEEN " in found.sql or " IN (" in found.sql or "'" in found.sql else set()


def ranges(reader: Reader, at: int, column: str) -> Iterator[Result]:
    """What is said of a column without naming it again: under 5, 5 to 10, 10 and more."""
    be = "[is|are|values|value|anything|everything|scores|those|any value|when|people|it is|from|for|all] "
    name = quoted(column)
    for end, found, cost in predicates(reader, at, column, bare=False):
        yield end, found, cost
    if reader.column(column).type in NUMERIC:
        for end, env, cost in reader.match(
            f"{be} <a:Num> (to|-|–|up to|until|through) <b:Num> [<u:OwnUnit>] [LP] [@incl] [RP]", at
        ):
            if env.get("u", column) != column:
                continue
            yield end, Cond(f"{name} BETWEEN {number(env['a'])} AND {number(env['b'])}", (column,)), cost
        for end, env, cost in reader.match(
            f"{be} [@ge] <a:Num> (to|up to|until|-|and|but|or more but|or more and) [but] (under|below|less than|<|just under|not including|just below|not reaching|excluding|strictly less than) <b:Num>|{be} [@ge] <a:Num> [up] (to|until) but (not including|excluding|not) <b:Num>|{be} [@ge] <a:Num> (up to|upwards to|to|until) but not (including|reaching) <b:Num>|{be} from <a:Num> up to but not including <b:Num>|{be} <a:Num> to <b:Num> LP (exclusive|not included|excluded) RP",
            at,
        ):
            yield end, Cond(f"{name} >= {number(env['a'])} AND {name} < {number(env['b'])}", (column,)), cost
        for end, env, cost in reader.match(
            f"{be} @gt <a:Num> [<u:OwnUnit>] (up to|and up to|to|and at most|and|but|but at most|and no more than) [and including|including|at most|up to|@le] <b:Num>",
            at,
        ):
            if reader.low(end - 2) not in ("under", "below", "than"):
                yield end, Cond(f"{name} > {number(env['a'])} AND {name} <= {number(env['b'])}", (column,)), cost + 0.05
        for end, env, cost in reader.match(f"{be} <a:Num> [@andup|on]|{be} <a:Num> +", at):
            if (end - at > 1 and not reader.match_any(f"{be} <a:Num>", at)) or reader.low(end - 1) != str(env["a"]):
                yield end, Cond(f"{name} >= {number(env['a'])}", (column,)), cost + 0.02
    if reader.column(column).type in (LogicalType.STRING,):
        from services.transform.planner.conditions import one_of
        from services.transform.planner.worded import values_of

        for end, values, cost in values_of(reader, at, column):
            yield end, one_of(column, values), cost


@slot("OwnUnit")
def own_unit(reader: Reader, at: int) -> Iterator[Result]:
    """The unit that a column's name ends with."""
    found = [
        one.name for one in reader.view.columns if len(parts(one.name)) > 1 and parts(one.name)[-1] == reader.low(at)
    ]
    if len(found) == 1:
        yield at + 1, found[0], 0.1


def _rest(
    reader: Reader, end: int, found: list[_Case], otherwise: str | None, cost: float, column: str | None
) -> Iterator[Result]:
    found = _meeting(found)
    columns = tuple(dict.fromkeys(name for case in found for name in case[2]))
    whole = tuple((condition, said) for condition, said, _ in found)
    made = Cases(whole, otherwise, columns)
    if otherwise is None or not columns:
        yield end, made, cost
    else:
        # Neither case is known of a null: it stays null only where that was said; else it is `otherwise`.
        yield end, made, cost
    for stop, env, more in reader.match(
        "[.|,|;|(] [and|but] (leave|keep|put|have|make|stay|stays|it should be|should be|with|it is|leaving|, leave) [it|that|them|cell|value|this|new column] [as|stay|to be|be] [@blank|nothing] (when|if|where|for|whenever|in case|for rows where|for those with|for @rows with|for <e:Entity> with) [there is|it is|@blank|no|unknown] [<u:Cols>] [value|values] [is|are] [@isblank|@blank|missing|itself is @blank|not there|is not known] [RP]"
        "|[.|,|;|(] [and|but] [with] (missing|blank|unknown|empty|null) [<u:Cols>] [values|value] (stays|stay|remains|remain|gives|give|should stay|should remain|should be left|should be|is left|are left|left) [@blank|as @blank] [RP]"
        "|[.|,|;|(] [and|but] (no|without) <u:Cols> [,] [means|is|:|=] [then] no [such] [<v:Word>|value|label]"
        "|[.|,|;|(] [and|but] @blank (when|if|where) <u:Cols> (is|are) (@blank|missing) [RP]"
        "|[.|,|;|(] [and|but] [leave|left] @blank (when|if|where|for) [there is|it has|they have|with|those with] (no|@blank) (<u:Cols>|value|<v:Word>) [RP]",
        end,
    ):
        del env
        guarded = tuple(columns)
        first = (" OR ".join(f"{quoted(name)} IS NULL" for name in guarded), "NULL")
        yield stop, Cases((first, *whole), otherwise, columns), cost + more


_SPAN = re.compile(r'("[^"]+") BETWEEN (\S+) AND (\S+)')


def _meeting(found: list[_Case]) -> list[_Case]:
    """Ranges that meet at a number: it belongs to the one that is said to begin there, `5 to 10, 10 or more`."""
    begun = {condition for condition, _, _ in found}
    whole: list[_Case] = []
    for condition, said, columns in found:
        span = _SPAN.fullmatch(condition)
        if span is not None and f"{span[1]} >= {span[3]}" in begun:
            condition = f"{span[1]} >= {span[2]} AND {span[1]} < {span[3]}"
        whole.append((condition, said, columns))
    return whole


def about(reader: Reader, new: str) -> str | None:
    """The one column of numbers that a new name is made of: age, for age_group."""
    said = set(parts(new))
    found = [
        one.name
        for one in reader.view.columns
        if one.type in NUMERIC
        and key(one.name)
        and (
            (set(parts(one.name)) - UNITS.keys() or set(parts(one.name))) <= said
            or key(one.name) in said
            or any(key(one.name) == word + "s" for word in said)
        )
    ]
    return found[0] if len(found) == 1 else None


def as_case(found: Cases) -> str:
    """Cases as one expression."""
    whens = " ".join(f"WHEN {condition} THEN {said}" for condition, said in found.cases)
    rest = f" ELSE {found.otherwise}" if found.otherwise is not None else ""
    return f"CASE {whens}{rest} END"
