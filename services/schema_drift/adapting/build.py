"""The smallest steps that bring what came into the shape a module needs, and the version that is made with them."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.adaptation import Origin, Proposal
from contracts.checks import Check, Checks, NotNullCheck, UniqueCheck
from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Cast, Derivation, Derive, Drop, Recipe, Rename, Select, Step
from contracts.workflow import ModuleDraft, ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.parting import Parting, without
from services.schema_drift.adapting.ways import OnFailure, Side, Way, emptied, way
from services.schema_drift.describing.column import Figures
from services.schema_drift.detecting.notation_lost import fresh_markers

MOST_STEPS = 500


@dataclass(frozen=True)
class Unbuildable:
    """Why there is no such version, in a sentence."""

    reason: str


@dataclass(frozen=True)
class Built:
    """A candidate, and the columns of which something is left as it came."""

    candidate: ModuleDraft
    prelude: Recipe
    inverse: Recipe
    mapping: dict[str, str]
    doubtful: tuple[str, ...] = ()

    def proposal(self, proposal_id: UUID, base: ModuleVersionRef, origin: Origin) -> Proposal:
        """What is to be proven."""
        return Proposal(
            proposal_id=proposal_id,
            base=base,
            candidate=self.candidate,
            prelude=self.prelude,
            inverse=self.inverse,
            origin=origin,
            mapping=self.mapping,
        )


@dataclass(frozen=True)
class Came:
    """What came: the typed columns, and the columns of both deliveries in figures."""

    incoming: Schema
    before: Mapping[str, Figures]
    after: Mapping[str, Figures]


def build(
    base: ResolvedModule,
    came: Came,
    mapping: Mapping[str, str | None],
    *,
    rewritten: frozenset[str] = frozenset(),
    stopgaps: Mapping[str, str] | None = None,
    on_failure: OnFailure = "quarantine",
    parted: Sequence[Parting] = (),
) -> Built | Unbuildable:
    """Make the version; `mapping` says for each needed column which one carries it, and None where none does.

    `rewritten` names the columns whose spelling was found to differ, `stopgaps` what stands for nothing in a column,
    `parted` what was split or merged: a column that the mapping names is not.
    """
    parted = without(parted, [*mapping, *(carrier for carrier in mapping.values() if carrier is not None)])
    apart = _apart(base.input_contract, came, parted, on_failure)
    if isinstance(apart, Unbuildable):
        return apart
    carried = {
        column.name: mapping.get(column.name, column.name)
        for column in base.input_contract.columns
        if column.name not in apart.ways
    }
    refused = _impossible(carried, came.incoming, apart.contract)
    if refused is not None:
        return refused
    ways: dict[str, Way] = dict(apart.ways)
    contract: list[Column] = [*apart.contract]
    for needed in base.input_contract.columns:
        if needed.name in apart.ways:
            continue
        carrier = carried[needed.name]
        column = came.incoming.column(carrier) if carrier is not None else None
        if column is None:
            continue
        found = _way(needed, column, came, needed.name in rewritten, on_failure)
        if found is None:
            return Unbuildable(
                f"nobody knows a safe way from {carrier} ({column.type.value}) to {needed.name} ({needed.type.value})"
            )
        if stopgaps and needed.name in stopgaps:
            found = _without_markers(found, needed, column, came, stopgaps[needed.name])
        ways[needed.name] = found
        type = needed.type if column.type.widens(needed.type) else column.type
        contract.append(Column(name=column.name, type=type, nullable=column.nullable or needed.nullable))
    absent = [column for column in base.input_contract.columns if carried.get(column.name, "") is None]
    prelude = (*apart.there, *_prelude(carried, ways, absent))
    doubtful = {name for name, one in ways.items() if not one.certain} | {column.name for column in absent}
    inverse = (*_inverse(base, carried, ways, absent), *apart.back) if prelude else ()
    known = carried | dict.fromkeys(apart.ways)
    return assembled(base, known, Schema(columns=tuple(contract)), prelude, inverse, came.incoming, doubtful)


def assembled(
    base: ResolvedModule,
    carried: Mapping[str, str | None],
    contract: Schema,
    prelude: tuple[Step, ...],
    inverse: tuple[Step, ...],
    incoming: Schema,
    doubtful: Set[str] = frozenset(),
) -> Built | Unbuildable:
    """The version of a prelude and of what it is made for; `carried`: needed column → the one that came, or None."""
    if len(prelude) + len(base.recipe.steps) > MOST_STEPS:
        return Unbuildable(f"the module would have more than {MOST_STEPS} steps")
    checks, lost = _checks(base, carried, incoming)
    draft = ModuleDraft(
        name=base.ref.name,
        description=f"Version {base.ref.version}, for another shape of its input.",
        recipe=Recipe(steps=(*prelude, *base.recipe.steps), inputs=base.recipe.inputs),
        input_contract=contract,
        output_contract=base.output_contract,
        input_checks=checks,
        output_checks=base.output_checks,
    )
    return Built(
        candidate=draft,
        prelude=Recipe(steps=prelude),
        inverse=Recipe(steps=inverse),
        mapping={needed: carrier for needed, carrier in carried.items() if carrier is not None},
        doubtful=tuple(sorted({*doubtful, *lost})),
    )


@dataclass(frozen=True)
class _Apart:
    """What was split or merged: steps before all others, and behind all others of the way back."""

    there: tuple[Step, ...]
    back: tuple[Step, ...]
    ways: Mapping[str, Way]  # needed column → from the text that it becomes to its type
    contract: tuple[Column, ...]


def _apart(contract: Schema, came: Came, parted: Sequence[Parting], on_failure: OnFailure) -> _Apart | Unbuildable:
    ways: dict[str, Way] = {}
    there: list[Step] = []
    back: list[Step] = []
    read: list[Way] = []
    columns: list[Column] = []
    for one in parted:
        for name in one.needed:
            needed = contract.column(name)
            if needed is None:
                return Unbuildable(f"{name} is not needed, and nothing else tells {one.whole} apart")
            texts = Side(LogicalType.STRING, one.texts[name])
            found = way(name, Side(needed.type, came.before.get(name)), texts, on_failure)
            if found is None:
                return Unbuildable(f"nobody knows a safe way from the text of {name} to {needed.type.value}")
            ways[name] = found
        for name in one.came:
            column, written = came.incoming.column(name), came.after.get(name)
            if column is None:
                return Unbuildable(f"nothing that came carries {name}")
            # The other way round: from the values that came to the texts that they were, and back.
            found = way(name, Side(column.type, written), Side(LogicalType.STRING, written), "quarantine")
            if found is None:
                return Unbuildable(f"nobody knows how {name} ({column.type.value}) was written")
            read.append(found)
            columns.append(column)
        there += one.there()
        back += one.back()
    return _Apart(
        (*_together([one.back for one in read]), *there),
        (*back, *_together([one.there for one in read])),
        ways,
        tuple(columns),
    )


def _impossible(carried: Mapping[str, str | None], incoming: Schema, parts: Sequence[Column]) -> Unbuildable | None:
    came = [*(carrier for carrier in carried.values() if carrier is not None), *(column.name for column in parts)]
    missing = [name for name in came if incoming.column(name) is None]
    if missing:
        return Unbuildable(f"nothing that came carries {', '.join(missing[:5])}")
    twice = sorted({name for name in came if came.count(name) > 1})
    if twice:
        return Unbuildable(f"{twice[0]} cannot carry two columns")
    if not came:
        return Unbuildable("nothing that came carries any needed column")
    return None


def _way(needed: Column, column: Column, came: Came, rewritten: bool, on_failure: OnFailure) -> Way | None:
    before, after = came.before.get(needed.name), came.after.get(column.name)
    return way(needed.name, Side(needed.type, before), Side(column.type, after), on_failure, rewritten)


def _without_markers(found: Way, needed: Column, column: Column, came: Came, text: str) -> Way:
    """The way on which what stands for nothing becomes null too: in texts before they are read, in numbers after."""
    before, after = came.before.get(needed.name), came.after.get(column.name)
    fresh = fresh_markers(before, after) if before is not None and after is not None else {}
    first = column.type is LogicalType.STRING
    nothing = emptied(needed.name, column.type if first else needed.type, sorted({text, *fresh} - {""}))
    if nothing is None:
        return found
    there = (*nothing.there, *found.there) if first else (*found.there, *nothing.there)
    back = (*found.back, *nothing.back) if first else (*nothing.back, *found.back)
    return Way(there, back, found.certain)


def _prelude(carried: Mapping[str, str | None], ways: Mapping[str, Way], absent: Sequence[Column]) -> tuple[Step, ...]:
    renamed = {carrier: name for name, carrier in carried.items() if carrier is not None and carrier != name}
    steps: list[Step] = [Rename(columns=renamed)] if renamed else []
    steps += _together([one.there for one in ways.values()])
    if absent:
        steps.append(Derive(columns=tuple(Derivation(column=one.name, expression="NULL") for one in absent)))
        steps.append(Cast(columns={one.name: one.type for one in absent}))
    return tuple(steps)


def _inverse(
    base: ResolvedModule, carried: Mapping[str, str | None], ways: Mapping[str, Way], absent: Sequence[Column]
) -> tuple[Step, ...]:
    steps: list[Step] = [Select(columns=base.input_contract.names)]
    steps += _together([one.back for one in ways.values()])
    if absent:
        steps.append(Drop(columns=tuple(column.name for column in absent)))
    renamed = {name: carrier for name, carrier in carried.items() if carrier is not None and carrier != name}
    return (*steps, Rename(columns=renamed)) if renamed else tuple(steps)


def _together(lists: Sequence[tuple[Step, ...]]) -> list[Step]:
    """The steps of all columns, equal ones as one; those of a column that needs several keep their order."""
    found: list[Step] = []
    groups: dict[str, int] = {}
    for step, alone in ((step, len(steps) == 1) for steps in lists for step in steps):
        columns: Any = getattr(step, "columns", None)
        key = step.model_dump_json(exclude={"columns"})
        if not alone or columns is None or key not in groups:
            if alone:
                groups[key] = len(found)
            found.append(step)
            continue
        earlier: Any = found[groups[key]]
        merged = {**earlier.columns, **columns} if isinstance(columns, dict) else (*earlier.columns, *columns)
        found[groups[key]] = earlier.model_copy(update={"columns": merged})
    return found


def _checks(base: ResolvedModule, carried: Mapping[str, str | None], incoming: Schema) -> tuple[Checks, set[str]]:
    """The checks of the input under the new names, and the columns of those that cannot be looked at any more."""
    kept: list[Check] = []
    lost: set[str] = set()
    for check in base.input_checks:
        names = {name: carried.get(name, name) for name in check.named}
        plain = isinstance(check, NotNullCheck | UniqueCheck)
        same = all(
            carrier is not None and (plain or _typed(incoming, carrier) == _typed(base.input_contract, name))
            for name, carrier in names.items()
        )
        if not same:
            # What is only documented was never looked at: nothing is lost that anybody relied on.
            lost |= set(names) if check.enforcement != "documented" else set()
        elif isinstance(check, UniqueCheck):
            kept.append(check.model_copy(update={"columns": tuple(str(names[name]) for name in check.columns)}))
        else:
            kept.append(check.model_copy(update={"column": names[check.column]}))
    return tuple(kept), lost


def _typed(schema: Schema, name: str) -> str | None:
    column = schema.column(name)
    return None if column is None else column.type.value
