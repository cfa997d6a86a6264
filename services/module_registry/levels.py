"""How far a version is from the one before it: major, minor or patch, read off what changed in its contracts.

Major: who feeds it or reads from it may have to change. Minor: nobody has to, and there is more to have. Patch: the
contracts are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contracts.checks import AllowedCheck, Check, CheckBase, LengthCheck, RangeCheck
from contracts.data import Schema

Level = Literal["major", "minor", "patch"]
Side = Literal["input", "output"]
Tendency = Literal["stricter", "looser", "other"]
_ORDER: tuple[Level, ...] = ("patch", "minor", "major")
_MAX_CHANGES = 200
_ENFORCED = {"quarantine", "fail"}


@dataclass(frozen=True)
class Contracts:
    """What a version takes and gives."""

    input: Schema
    output: Schema
    input_checks: tuple[Check, ...] = ()
    output_checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Change:
    """One difference between two contracts, and how far it reaches."""

    level: Level
    side: Side
    sentence: str


def changes(old: Contracts, new: Contracts) -> list[Change]:
    """What is different, what reaches furthest first."""
    found = [
        *_taken(old.input, new.input),
        *_given(old.output, new.output),
        *_checks("input", old.input_checks, new.input_checks),
        *_checks("output", old.output_checks, new.output_checks),
    ]
    found.sort(key=lambda change: -_ORDER.index(change.level))
    return found[:_MAX_CHANGES]


def level(found: Sequence[Change]) -> Level:
    """The furthest that any of them reaches."""
    return max((change.level for change in found), key=_ORDER.index, default="patch")


def next_version(before: str, reach: Level) -> str:
    """The semantic version after another one."""
    major, minor, patch = (int(part) for part in before.split("."))
    if reach == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if reach == "minor" else f"{major}.{minor}.{patch + 1}"


def _taken(old: Schema, new: Schema) -> Iterator[Change]:
    for column in new.columns:
        before = old.column(column.name)
        if before is None:
            yield Change("major", "input", f"it needs column {column.name!r}")
        elif before.type is not column.type:
            said = f"it takes {column.name!r} as {column.type.value}, and took {before.type.value}"
            yield Change("minor" if before.type.widens(column.type) else "major", "input", said)
        if before is not None and before.nullable != column.nullable:
            if column.nullable:
                yield Change("minor", "input", f"{column.name!r} may be null")
            else:
                yield Change("major", "input", f"{column.name!r} may no longer be null")
    for name in old.names:
        if new.column(name) is None:
            yield Change("minor", "input", f"it no longer needs column {name!r}")
    if _reordered(old, new):
        yield Change("patch", "input", "its columns are named in another order")


def _given(old: Schema, new: Schema) -> Iterator[Change]:
    for column in old.columns:
        after = new.column(column.name)
        if after is None:
            yield Change("major", "output", f"it no longer gives column {column.name!r}")
        elif after.type is not column.type:
            said = f"it gives {column.name!r} as {after.type.value}, and gave {column.type.value}"
            yield Change("major", "output", said)
        if after is not None and after.nullable != column.nullable:
            if after.nullable:
                yield Change("major", "output", f"{column.name!r} may now be null")
            else:
                yield Change("minor", "output", f"{column.name!r} is never null")
    for name in new.names:
        if old.column(name) is None:
            yield Change("minor", "output", f"it gives column {name!r}")
    if _reordered(old, new):
        yield Change("minor", "output", "its columns come in another order")


def _reordered(old: Schema, new: Schema) -> bool:
    return [name for name in old.names if new.column(name)] != [name for name in new.names if old.column(name)]


def _checks(side: Side, old: Sequence[Check], new: Sequence[Check]) -> Iterator[Change]:
    before, after = ({check.identity: check for check in checks} for checks in (old, new))
    for identity, check in after.items():
        known = before.get(identity)
        if known is None:
            yield _told(side, "stricter", check, f"{described(check)} is checked")
        elif known != check:
            yield from _altered(side, known, check)
    for identity, check in before.items():
        if identity not in after:
            yield _told(side, "looser", check, f"{described(check)} is no longer checked")


def _altered(side: Side, old: Check, new: Check) -> Iterator[Change]:
    way = tendency(old, new)
    if way is not None:
        binding = old if way == "looser" else new
        said = f"{described(new)} is checked, and it was {described(old)}"
        if way == "other":
            enforced = {old.enforcement, new.enforcement} & _ENFORCED
            yield Change("major" if enforced else "patch", side, said)
        else:
            yield _told(side, way, binding, said)
    was, now = old.enforcement in _ENFORCED, new.enforcement in _ENFORCED
    if was != now:
        said = f"{described(new)}: rows that do not pass it are now {_done(new)}"
        yield _told(side, "stricter" if now else "looser", new if now else old, said)


def _told(side: Side, way: Tendency, check: CheckBase, sentence: str) -> Change:
    if check.enforcement not in _ENFORCED:
        return Change("patch", side, sentence)
    harder = way == "stricter" if side == "input" else way == "looser"
    return Change("major" if harder else "minor", side, sentence)


def tendency(old: Check, new: Check) -> Tendency | None:
    """Whether a check lets less pass than before, or more; None when it lets pass the same."""
    if isinstance(old, RangeCheck | LengthCheck) and isinstance(new, RangeCheck | LengthCheck):
        ways = {_bound(old.minimum, new.minimum, 1), _bound(old.maximum, new.maximum, -1)} - {None}
        return None if not ways else ways.pop() if len(ways) == 1 else "other"
    if isinstance(old, AllowedCheck) and isinstance(new, AllowedCheck):
        was, now = ({(type(value), value) for value in check.values} for check in (old, new))
        if was == now:
            return None
        return "stricter" if now < was else "looser" if was < now else "other"
    ignored = {"enforcement", "inferred"}
    return None if old.model_dump(exclude=ignored) == new.model_dump(exclude=ignored) else "other"


def _bound(old: Any, new: Any, upward: int) -> Tendency | None:
    if old == new:
        return None
    if old is None or new is None:
        return "stricter" if old is None else "looser"
    try:
        return "stricter" if (new > old) == (upward > 0) else "looser"
    except TypeError:
        return "other"


def described(check: CheckBase) -> str:
    """A check in a few words."""
    named = ", ".join(repr(name) for name in check.named)
    match check.model_dump(mode="json"):
        case {"kind": "not_null"}:
            return f"{named} not null"
        case {"kind": "unique"}:
            return f"{named} unique"
        case {"kind": "range" | "length" as kind, "minimum": low, "maximum": high}:
            what = f"the length of {named}" if kind == "length" else named
            if low is None or high is None:
                return f"{what} at most {high}" if low is None else f"{what} at least {low}"
            return f"{what} between {low} and {high}"
        case {"kind": "allowed", "values": values}:
            shown = ", ".join(str(value) for value in values[:5])
            return f"{named} one of {shown}" + (f" and {len(values) - 5} more" if len(values) > 5 else "")
        case {"kind": "pattern", "pattern": pattern}:
            return f"{named} like {pattern}"
        case other:
            return f"{other['kind']} of {named}"


def _done(check: CheckBase) -> str:
    return {"fail": "the end of the run", "quarantine": "set aside", "warn": "counted"}.get(
        check.enforcement, "not looked for"
    )
