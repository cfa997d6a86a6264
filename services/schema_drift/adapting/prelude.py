"""Steps that somebody else proposes, taken for what they are: checked column by column, turned round, or refused.

A stranger's steps may only do what there is a way back from: a past input has to be brought into the shape of what
came, or nothing can be proven.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.adaptation import MOST_PROPOSED, PreludeStep
from contracts.data import MOMENTS, NUMBERS, Column, LogicalType, Schema
from contracts.recipe import (
    Cast,
    ConvertUnit,
    ConvertZone,
    Drop,
    FillNull,
    JoinColumns,
    ParseDate,
    ParseNumber,
    Rename,
    Replace,
    Replacement,
    Select,
    Split,
    Step,
)
from contracts.workflow import ResolvedModule
from services.schema_drift.adapting.build import Built, Unbuildable, assembled
from services.schema_drift.adapting.ways import OnFailure, written_number

_NUMBER_TYPES = {"integer": LogicalType.INTEGER, "float": LogicalType.FLOAT, "decimal": LogicalType.DECIMAL}
_MOMENT_TYPES = {"date": LogicalType.DATE, "timestamp": LogicalType.TIMESTAMP}


class _Refused(Exception):
    """Why these steps are not used."""


def of_steps(
    base: ResolvedModule, incoming: Schema, steps: Sequence[PreludeStep], on_failure: OnFailure = "quarantine"
) -> Built | Unbuildable:
    """The version that such steps make, with the way back that its proof needs; or why there is none."""
    if not 0 < len(steps) <= MOST_PROPOSED:
        return Unbuildable(f"between 1 and {MOST_PROPOSED} steps can be used, not {len(steps)}")
    table = _Table({column.name: column.type for column in incoming.columns})
    try:
        for step in steps:
            table.take(step)
        _met(base, table)
        used = table.used(base.input_contract.names)
        inverse = _turned_round(base.input_contract.names, table.taken, used)
    except _Refused as error:
        return Unbuildable(str(error))
    prelude = tuple(_careful(one.step, on_failure) for one in table.taken)
    origins = sources(prelude)
    joined = {name for one in steps if isinstance(one, Split) for name in one.into}
    joined |= {one.column for one in steps if isinstance(one, JoinColumns)}
    carried = {
        name: None if name in joined or len(origin) != 1 else next(iter(origin))
        for name in base.input_contract.names
        for origin in [origins.get(name, frozenset({name}))]
    }
    contract = []
    for column in incoming.columns:
        wanted = None if column.name in table.named else base.input_contract.column(column.name)
        if column.name in used:
            type, nullable = (column.type, True) if wanted is None else (wanted.type, wanted.nullable)
            contract.append(Column(name=column.name, type=type, nullable=column.nullable or nullable))
    return assembled(base, carried, Schema(columns=tuple(contract)), prelude, inverse, incoming)


def sources(steps: Sequence[Step]) -> dict[str, frozenset[str]]:
    """Column after the steps → the columns that came of which it is made; one that is not named is itself."""
    made: dict[str, frozenset[str]] = {}

    def of(name: str) -> frozenset[str]:
        return made.get(name, frozenset({name}))

    for step in steps:
        if isinstance(step, Rename):
            made |= {new: of(old) for old, new in step.columns.items()}
        elif isinstance(step, Split):
            made |= dict.fromkeys(step.into, of(step.column))
        elif isinstance(step, JoinColumns):
            made[step.column] = frozenset().union(*(of(name) for name in step.columns))
    return made


@dataclass(frozen=True)
class _Taken:
    """A step, and the types of its columns before it."""

    step: Step
    before: dict[str, LogicalType]


@dataclass
class _Table:
    """The columns on their way through the steps."""

    types: dict[str, LogicalType]
    taken: list[_Taken] = field(default_factory=list)
    named: set[str] = field(default_factory=set)  # columns that came, of which a step speaks
    made: set[str] = field(default_factory=set)  # columns that steps made

    def take(self, step: PreludeStep) -> None:
        """Follow one step; raises _Refused."""
        before = dict(self.types)
        match step:
            case Drop(columns=names):
                for name in names:
                    self._there(name)
                    del self.types[name]
                return  # what no step and no contract names is left out anyway
            case Rename(columns=columns):
                self._renamed(columns)
            case Cast(columns=columns):
                for name, type in columns.items():
                    self._has(name)
                    self.types[name] = type
            case ParseNumber(columns=names, percent=percent, to=to):
                if percent == "fraction":
                    raise _Refused("fractions made of percent are not written back")
                self._become(names, {LogicalType.STRING}, _NUMBER_TYPES[to])
            case ParseDate(columns=names, to=to):
                if to not in _MOMENT_TYPES:
                    raise _Refused("which zone is meant, the values do not say")
                self._become(names, {LogicalType.STRING}, _MOMENT_TYPES[to])
            case FillNull(columns=names, value=value):
                if value is None:
                    raise _Refused("only a constant is put where values are missing")
                for name in names:
                    self._has(name)
            case Replace(column=name, values=values):
                self._has(name)
                _one_to_one(values)
            case Split(column=name, separator=separator, into=into, keep=keep):
                if separator is None:
                    raise _Refused("what is split by a pattern cannot be put together again")
                self._become([name], {LogicalType.STRING}, LogicalType.STRING)
                if not keep:
                    del self.types[name]
                self._make(into)
            case JoinColumns(columns=names, column=name, separator=separator, keep=keep):
                if not separator:
                    raise _Refused("what is joined without a separator cannot be taken apart again")
                self._become(names, {LogicalType.STRING}, LogicalType.STRING)
                for one in () if keep else dict.fromkeys(names):
                    del self.types[one]
                self._make([name])
            case ConvertUnit(columns=names):
                self._become(names, set(NUMBERS), LogicalType.FLOAT)
            case ConvertZone(columns=names, from_zone=source, to=target):
                if source is None or target is None:
                    raise _Refused("a change of zone needs the one and the other")
                self._become(names, {LogicalType.TIMESTAMP}, LogicalType.TIMESTAMP)
        self.taken.append(_Taken(step, before))

    def used(self, needed: Sequence[str]) -> set[str]:
        """The columns that came of which something is needed."""
        return self.named | {name for name in needed if name not in self.made}

    def _there(self, name: str) -> None:
        if name not in self.types:
            raise _Refused(f"there is no column {name!r}")

    def _has(self, name: str) -> None:
        self._there(name)
        if name not in self.made:
            self.named.add(name)

    def _become(self, names: Sequence[str], allowed: set[LogicalType], type: LogicalType) -> None:
        for name in names:
            self._has(name)
            if self.types[name] not in allowed:
                raise _Refused(f"{name!r} is {self.types[name].value}, which such a step does not take")
            self.types[name] = type

    def _make(self, names: Sequence[str]) -> None:
        for name in names:
            if name in self.types:
                raise _Refused(f"there is a column {name!r} already")
            self.types[name] = LogicalType.STRING
            self.made.add(name)

    def _renamed(self, columns: dict[str, str]) -> None:
        for old in columns:
            self._has(old)
        moved = {new: self.types.pop(old) for old, new in columns.items()}
        if len(moved) < len(columns) or moved.keys() & self.types.keys():
            raise _Refused("two columns cannot have one name")
        self.made |= moved.keys()
        self.types |= moved


def _one_to_one(values: Sequence[Replacement]) -> None:
    olds, news = [repr(one.old) for one in values], [repr(one.new) for one in values]
    if any(one.old is None for one in values):
        raise _Refused("a missing value is filled, not replaced")
    if len(set(olds)) < len(olds) or len(set(news)) < len(news):
        raise _Refused("values that become one cannot be told apart again")


def _met(base: ResolvedModule, table: _Table) -> None:
    """Whether all is there that is needed, as it is needed."""
    for column in base.input_contract.columns:
        came = table.types.get(column.name)
        if came is None:
            raise _Refused(f"nothing carries {column.name!r} after them")
        as_it_came = column.name not in table.named | table.made and came.widens(column.type)
        if came is not column.type and not as_it_came:
            raise _Refused(f"{column.name!r} is {came.value} after them, and {column.type.value} is needed")


def _careful(step: Step, on_failure: OnFailure) -> Step:
    """What does not fit is set aside with a record, whatever was proposed; the run does not fail of it."""
    if isinstance(step, Cast | ParseNumber | ParseDate):
        return step.model_copy(update={"on_failure": on_failure})
    return step


def _turned_round(needed: Sequence[str], taken: Sequence[_Taken], used: set[str]) -> tuple[Step, ...]:
    """The way back: from what is needed to what came. Columns that are not there on the way need no way."""
    there = set(needed)
    steps: list[Step] = [Select(columns=tuple(needed))]
    for one in reversed(taken):
        steps += _undone(one, there)
    missing = sorted(used - there)
    if missing:
        raise _Refused(f"{missing[0]!r} cannot be made of past inputs")
    left = sorted(there - used)
    if left:
        steps.append(Drop(columns=tuple(left)))
    return tuple(steps)


def _undone(one: _Taken, there: set[str]) -> list[Step]:
    step, before = one.step, one.before
    match step:
        case Rename(columns=columns):
            back = {new: old for old, new in columns.items() if new in there}
            there.difference_update(back.keys())
            there.update(back.values())
            return [Rename(columns=back)] if back else []
        case Cast(columns=columns, format=format):
            return [
                Cast(columns={name: before[name]}, on_failure="quarantine", format=_format(format, before[name], type))
                for name, type in columns.items()
                if name in there and before[name] is not type
            ]
        case ParseNumber(columns=names, decimal=decimal, percent=percent):
            return [back for name in names if name in there for back in written_number(name, decimal, percent)]
        case ParseDate(columns=names):
            format = _written(step)
            texts = {name: LogicalType.STRING for name in names if name in there}
            return [Cast(columns=texts, on_failure="quarantine", format=format)] if texts else []
        case FillNull(columns=names, value=value):
            gone = (Replacement(old=value, new=None),)
            return [Replace(column=name, values=gone) for name in names if name in there]
        case Replace(column=name, values=values):
            return _replaced(name, values) if name in there else []
        case Split(column=name, separator=separator, into=into):
            return _put_together(name, separator or "", into, there)
        case JoinColumns(columns=names, column=name, separator=separator):
            return _taken_apart(name, separator, names, there)
        case ConvertUnit(columns=names, from_unit=source, to=target):
            back_ = tuple(name for name in names if name in there)
            types = {name: before[name] for name in back_ if before[name] is not LogicalType.FLOAT}
            unit = ConvertUnit.model_validate({"columns": back_, "from": target, "to": source}) if back_ else None
            casts = [Cast(columns=types, on_failure="quarantine")] if types else []
            return [unit, *casts] if unit else []
        case ConvertZone(columns=names, from_zone=source, to=target):
            back_ = tuple(name for name in names if name in there)
            return [ConvertZone.model_validate({"columns": back_, "from": target, "to": source})] if back_ else []
        case _:
            raise _Refused(f"a step {step.kind!r} is not used")


def _format(format: str | None, one: LogicalType, other: LogicalType) -> str | None:
    return format if LogicalType.STRING in (one, other) and {one, other} & MOMENTS else None


def _written(step: ParseDate) -> str:
    """How such a moment is written."""
    if step.formats:
        return step.formats[0]
    day = {None: "%Y-%m-%d", True: "%d/%m/%Y", False: "%m/%d/%Y"}[step.day_first]
    return day if step.to == "date" else f"{day} %H:%M:%S"


def _replaced(name: str, values: Sequence[Replacement]) -> list[Step]:
    back: list[Step] = []
    swapped = tuple(Replacement(old=one.new, new=one.old) for one in values if one.new is not None)
    if swapped:
        back.append(Replace(column=name, values=swapped))
    gone = [one.old for one in values if one.new is None]
    return [*back, FillNull(columns=(name,), value=gone[0])] if gone else back


def _put_together(name: str, separator: str, into: Sequence[str], there: set[str]) -> list[Step]:
    if not there & set(into):
        return []
    missing = [one for one in into if one not in there]
    if missing or name in there:
        raise _Refused(f"{name!r} cannot be put together of past inputs")
    there.difference_update(into)
    there.add(name)
    return [JoinColumns(columns=tuple(into), column=name, separator=separator, keep=False)]


def _taken_apart(name: str, separator: str, columns: Sequence[str], there: set[str]) -> list[Step]:
    if name not in there:
        return []
    if there & set(columns):
        raise _Refused(f"{name!r} cannot be taken apart beside its own parts")
    there.discard(name)
    there.update(columns)
    return [Split(column=name, separator=separator, into=tuple(columns), keep=False)]
