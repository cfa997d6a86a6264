"""What is to be done about an input, before anything is recorded: compared by values where they are known."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from contracts.adaptation import PreludeQuestion
from contracts.commands.schema_drift import SettleInput
from contracts.data import FormatFacts, Schema
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.schema_drift.adapting.asking import question
from services.schema_drift.adapting.build import Built, Came, Unbuildable, build
from services.schema_drift.adapting.choosing import Chosen, choose, on_failure, rewritten, stopgaps
from services.schema_drift.adapting.parting import Parting, partings
from services.schema_drift.deciding.classes import classes_of, personal_among
from services.schema_drift.deciding.decide import Classes, Verdict, decide
from services.schema_drift.deciding.decide import Decision as Decided
from services.schema_drift.deciding.modes import Decision
from services.schema_drift.detecting import schemas
from services.schema_drift.detecting.inputs import Compared, Side, by_shape, compare
from services.schema_drift.knowledge import Accepted, Version
from services.schema_drift.matching.candidates import candidate
from services.schema_drift.service.samples import Samples, shown

_BY_ITSELF = ("none", "auto")
# Modes that adapt to nothing: names and types are said as they are, without a proof of what they became.
_BY_SHAPE = ("strict", "warn", "freeze")


@dataclass(frozen=True)
class Known:
    """What earlier runs left behind."""

    facts: FormatFacts | None
    accepted: Accepted | None
    versions: tuple[tuple[Version, Accepted | None], ...] = ()  # those that may be taken, with their last inputs


@dataclass(frozen=True)
class Look:
    """What was found: the comparison, what the differences ask for, and what follows at once."""

    compared: Compared
    verdict: Verdict
    classes: Classes
    typed: tuple[schemas.Difference, ...]
    before: Side | None
    after: Side | None
    decision: Decision | None = None  # None: a version has to be built
    version: Version | None = None
    parted: tuple[Parting, ...] = ()  # what was split or merged, and how


def look(input: SettleInput, module: ResolvedModule, known: Known, samples: Samples) -> Look:
    """Compare an input with what its module needs and with the one that was accepted last."""
    group, contract = input.group, module.input_contract
    incoming = group.dataset.table_schema
    came = None if group.sample is None else Accepted(group.sample, group.facts)
    same = came is not None and known.accepted is not None and came == known.accepted
    before = None if same else samples.side(known.accepted)
    after = None if same or came is None else samples.side(came, before)
    typed = schemas.detect(incoming, contract, group.facts, known.facts)
    valued = before is not None and after is not None
    if same or (incoming.fingerprint == contract.fingerprint and not valued):
        # The same rows as those that were accepted, or the same shape and no values to look at.
        compared = Compared((), {}, {}, {})
    else:
        compared = _compared(before, after, contract, incoming)
    sides = [side.delivery for side in (before, after) if side is not None]
    classes = classes_of(module, input.keys, input.policy, *sides)
    decided = decide(compared.differences, classes)
    verdict = decided.verdict
    found = Look(compared, verdict, classes, typed, before, after)
    mode = input.policy.mode
    if mode in _BY_SHAPE and not valued:
        found = replace(found, compared=Compared((), {}, {}, {}))
    if mode == "strict":
        wrong = bool(typed) or bool(compared.differences)
        return _with(found, "quarantine" if wrong else "proceed")
    fits = all(one.absorbable for one in typed)
    meant = any(one.kind == "meaning_changed" for one in compared.differences)
    # What its values mean is a person's to say, and somebody let it go on.
    let_go = meant and input.released
    if mode in ("warn", "freeze"):
        stop: Decision = "fail" if mode == "freeze" else "quarantine"
        refused = valued and verdict == "refuse" and not let_go
        return _with(found, "proceed" if fits and not refused else stop)
    if fits and not compared.differences:
        return _with(found, "proceed")
    if not fits and not input.pinned:
        trusted = let_go or not meant
        version = _fitting(known.versions, after, incoming, classes, samples, trusted=trusted)
        if version is not None:
            return _with(found, "proceed", version)
    if verdict == "refuse" and not let_go and not (input.policy.model != "off" and _only_gone(decided)):
        return _with(found, "quarantine")
    return replace(found, parted=partings(compared.differences, before, after))


def _only_gone(decided: Decided) -> bool:
    """Whether all that is refused is that columns are gone: of what others a model may know."""
    return all(one.difference.kind == "removed" for one in decided.reasons if one.verdict == "refuse")


def _with(found: Look, decision: Decision, version: Version | None = None) -> Look:
    return replace(found, decision=decision, version=version)


def _compared(before: Side | None, after: Side | None, contract: Schema, incoming: Schema) -> Compared:
    if before is not None and after is not None:
        return compare(before, after, contract, incoming)
    found = compare(by_shape(contract), by_shape(incoming), contract, incoming)
    # How values are written tells how to read them, also where there are none to compare them with.
    return found if after is None else replace(found, after=after.figures)


def takeable(versions: Sequence[Version], base: ModuleVersionRef, output: str) -> list[Version]:
    """The versions that may stand in for one: later ones, and those of its family of adaptations, newest first."""
    adapts = {one.ref.version: one.adapts for one in versions}

    def root(number: int) -> int:
        seen: set[int] = set()
        while adapts.get(number) is not None and number not in seen:
            seen.add(number)
            number = adapts[number] or number
        return number

    return [
        one
        for one in versions
        if not one.withdrawn
        and one.input_contract is not None
        and one.output_fingerprint == output
        and one.ref.version != base.version
        and (one.ref.version > base.version or root(one.ref.version) == root(base.version))
    ]


def accepts(contract: Schema, incoming: Schema) -> bool:
    """Whether a version that needs these columns takes what came."""
    came = {column.name: column for column in incoming.columns}
    return all(
        (other := came.get(column.name)) is not None and (other.type is column.type or other.type.widens(column.type))
        for column in contract.columns
    )


def _fitting(
    known: Sequence[tuple[Version, Accepted | None]],
    after: Side | None,
    incoming: Schema,
    classes: Classes,
    samples: Samples,
    *,
    trusted: bool,
) -> Version | None:
    """The newest version that takes what came, unless its values are not what that version was given before.

    `trusted`: a version that was given nothing yet is believed to take them.
    """
    for version, accepted in known:
        contract = version.input_contract
        if contract is None or not accepts(contract, incoming):
            continue
        before = samples.side(accepted) if after is not None else None
        if before is None and trusted:
            return version
        if before is None:
            continue
        found = decide(_compared(before, after, contract, incoming).differences, classes)
        if found.verdict in _BY_ITSELF:
            return version
    return None


def make(
    input: SettleInput, module: ResolvedModule, found: Look, settled: Mapping[str, str] | None
) -> tuple[Built | Unbuildable, Chosen]:
    """Build the version that takes what came."""
    chosen = choose(module.input_contract.names, found.compared, settled, found.parted)
    if chosen.missing:
        name, why = next(iter(chosen.missing.items()))
        return Unbuildable(f"nothing carries {name}: {why}"), chosen
    differences = found.compared.differences
    built = build(
        module,
        Came(input.group.dataset.table_schema, found.compared.before, found.compared.after),
        chosen.mapping,
        rewritten=rewritten(differences),
        stopgaps=stopgaps(differences),
        on_failure=on_failure(input.policy.mode),
        parted=found.parted,
    )
    return built, chosen


def doubted(found: Look) -> bool:
    """Whether something is likely only."""
    return any(one.proof == "plausible" for one in found.compared.differences)


def asking(input: SettleInput, module: ResolvedModule, found: Look, chosen: Chosen) -> PreludeQuestion | None:
    """What a model is asked, where the workflow lets it be asked."""
    meant = any(one.kind == "meaning_changed" for one in found.compared.differences)
    if input.policy.model == "off" or meant:
        return None
    compared, incoming = found.compared, input.group.dataset.table_schema
    seen = [side.delivery for side in (found.before, found.after) if side is not None]
    personal = found.classes.personal | personal_among(incoming, *seen)
    # Whatever may carry a personal column is one.
    personal |= {chosen.mapping[name] for name in found.classes.personal & chosen.mapping.keys()}
    for one in compared.differences:
        if one.column in found.classes.personal:
            personal |= {*one.candidates, *([one.became] if one.became else [])}
    return question(
        module.input_contract,
        incoming,
        compared.before,
        compared.after,
        compared.differences,
        personal,
        values=input.policy.model == "values",
    )


def by_itself(found: Look, built: Built) -> bool:
    """Whether the module takes the input as it is, and nobody need be asked."""
    return found.verdict in _BY_ITSELF and not built.prelude.steps and not built.doubtful


def change_key(module: ResolvedModule, incoming: Schema, found: Look) -> str:
    """What makes two changes the same one: the contract that was met before, and what became of its columns."""
    changes = sorted(
        [one.kind, one.column, one.became or "", list(one.types or ()), sorted(one.candidates)]
        for one in found.compared.differences
        if one.kind not in ("added", "reordered")
    )
    told = {name for _, column, became, _, candidates in changes for name in (column, became, *candidates)}
    types = [[one.name, one.type.value] for one in incoming.columns if one.name in told]
    parted = [[one.whole, *one.parts, one.separator, one.ending] for one in found.parted]
    document = [module.input_contract.fingerprint, changes, types, *([parted] if parted else [])]
    text = json.dumps(document, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def recorded(
    found: Look, module: ResolvedModule, incoming: Schema, decision: Decision, doubtful: Sequence[str]
) -> tuple[schemas.Difference, ...]:
    """The differences as a report keeps them."""
    if not found.compared.differences:
        return found.typed
    kept, parted = [], {name: one for one in found.parted for name in one.needed}
    for one in found.compared.differences:
        apart = parted.get(one.column) if one.kind in ("split", "merged") else None
        wanted, came = module.input_contract.column(one.column), incoming.column(one.became or one.column)
        doubted = one.column in doubtful and one.proof == "proven" and one.kind not in ("added", "reordered")
        kept.append(
            schemas.Difference(
                kind=one.kind,
                column=one.column,
                absorbable=decision == "proceed" or one.kind in ("added", "reordered"),
                became=one.became,
                expected_type=None if wanted is None else wanted.type.value,
                incoming_type=None if came is None else came.type.value,
                detail=(apart.told if apart else one.detail) + ("; it stays as it is written" if doubted else ""),
                evidence=apart.evidence if apart else one.evidence,
                proof="plausible" if doubted else one.proof,
                column_class=found.classes.delicate(one.column) or "plain",
                candidates=one.candidates,
            )
        )
    told = {(one.kind, one.column) for one in kept}
    form = [one for one in found.typed if one.kind == "format_changed" and (one.kind, one.column) not in told]
    return tuple(sorted([*kept, *form], key=lambda one: one.absorbable))


def two_columns(
    found: Look, module: ResolvedModule, incoming: Schema, mapping: Mapping[str, str]
) -> list[dict[str, object]]:
    """Old and new columns side by side with some of their values, for those that something is said about."""
    lines: list[dict[str, object]] = []
    told = {one.column for one in found.compared.differences}
    contract = module.input_contract
    offered = {one.column: one.candidates for one in found.compared.differences if one.candidates}
    sure = [name for name in contract.names if name in mapping or (name in told and name not in offered)]
    pairs = [(name, mapping.get(name, name)) for name in sure]
    pairs += [(name, other) for name, others in offered.items() for other in others if (name, other) not in pairs]
    for old, new in pairs[:100]:
        masked = found.classes.delicate(old) == "personal"
        values = [shown(contract, found.before, old), shown(incoming, found.after, new)]
        if masked:
            values = [["•••" for _ in side] for side in values]
        there = incoming.column(new) is not None
        lines.append(
            {
                "old": old,
                "new": new if there else None,
                "old_values": values[0],
                "new_values": values[1],
                "masked": masked,
            }
        )
    return lines


def unknown_columns(found: Look, module: ResolvedModule, incoming: Schema) -> dict[str, list[str | None]]:
    """The columns that came and that the module does not know, with some of their values."""
    names = [name for name in incoming.names if module.input_contract.column(name) is None]
    return {name: shown(incoming, found.after, name) for name in names[:100]}


def scores(found: Look) -> dict[str, dict[str, float]]:
    """How well names and values of each candidate agree with those of the column that it may carry on."""
    known: dict[str, dict[str, float]] = {}
    for one in found.compared.differences:
        old = found.compared.before.get(one.column)
        for name in one.candidates if old is not None else ():
            new = found.compared.after.get(name)
            pair = candidate(old, new) if old is not None and new is not None else None
            if pair is not None:
                known.setdefault(one.column, {})[name] = round(pair.values.score, 3)
    return known
