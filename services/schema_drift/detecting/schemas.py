"""What is different between the columns that came and the columns a module needs, by names and types alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from contracts.data import Column, FormatFacts, Schema
from services.schema_drift.describing.delivery import Delivery, shape
from services.schema_drift.detecting.order import longest_ascending
from services.schema_drift.detecting.type_fit import type_fit
from services.schema_drift.matching.match import match

Kind = Literal[
    "added", "removed", "renamed", "type_changed", "reordered", "format_changed", "meaning_changed", "split", "merged",
    "duplicate_name", "file_changed",
]  # fmt: skip

# Facts of a file that are about its form. Names a reader had to change follow from the columns themselves.
_FORMAT_FACTS = ("format", "encoding", "delimiter", "quote", "header")


@dataclass(frozen=True)
class Difference:
    """One difference. `absorbable` says that the module gives the right result in spite of it."""

    kind: Kind
    column: str
    absorbable: bool
    became: str | None = None
    expected_type: str | None = None
    incoming_type: str | None = None
    detail: str = ""
    confidence: float | None = None
    evidence: dict[str, float] = field(default_factory=dict)
    proof: str = ""  # how far values prove it; empty where names and types were all that was looked at
    column_class: str = "plain"
    candidates: tuple[str, ...] = ()


def detect(
    incoming: Schema,
    contract: Schema,
    facts: FormatFacts | None = None,
    accepted: FormatFacts | None = None,
) -> tuple[Difference, ...]:
    """Compare what came with what is needed, and the file's form with that of the last accepted input.

    The contract lists the columns a module needs; what comes beside them is reported, and ignored. Equal
    fingerprints are one comparison. Severe differences come first.
    """
    form = tuple(_format_changes(facts, accepted)) if facts is not None and accepted is not None else ()
    if incoming.fingerprint == contract.fingerprint:
        return form
    came = {column.name: column for column in incoming.columns}
    needed = {column.name: column for column in contract.columns}
    missing = [column for column in contract.columns if column.name not in came]
    extra = [column for column in incoming.columns if column.name not in needed]

    renamed = _renamed(shape(missing), shape(extra), needed, came) if missing and extra else []
    became = {difference.column: difference.became or "" for difference in renamed}
    removed = [
        Difference(
            kind="removed",
            column=column.name,
            absorbable=False,
            expected_type=column.type.value,
            detail="no incoming column looks like it",
        )
        for column in missing
        if column.name not in became
    ]
    taken = set(became.values())
    added = [
        Difference(kind="added", column=column.name, absorbable=True, incoming_type=column.type.value)
        for column in extra
        if column.name not in taken
    ]
    return (
        *_in_order_of(contract, renamed),
        *removed,
        *_type_changes(contract, came),
        *form,
        *_moves(contract, incoming, became),
        *added,
    )


def _renamed(
    missing: Delivery, extra: Delivery, needed: dict[str, Column], came: dict[str, Column]
) -> list[Difference]:
    found = []
    for pair in match(missing, extra, exactly=True).renamed:
        old, new = needed[pair.old.name], came[pair.new.name]
        found.append(
            Difference(
                kind="renamed",
                column=old.name,
                became=new.name,
                absorbable=False,
                expected_type=old.type.value,
                incoming_type=new.type.value,
                detail=f"name {pair.candidate.names.strength:.2f}, {_type_words(old, new)}",
                confidence=pair.confidence,
                evidence={
                    "name": round(pair.candidate.names.strength, 2),
                    "type": type_fit(old.type, new.type),
                    "score": pair.confidence,
                },
            )
        )
    return found


def _in_order_of(schema: Schema, differences: Iterable[Difference]) -> list[Difference]:
    place = {name: index for index, name in enumerate(schema.names)}
    return sorted(differences, key=lambda difference: place[difference.column])


def _type_words(expected: Column, incoming: Column) -> str:
    if expected.type == incoming.type:
        return "type fits"
    if incoming.type.widens(expected.type):
        return f"type {incoming.type.value} fits {expected.type.value}"
    return f"type is {incoming.type.value}, not {expected.type.value}"


def _type_changes(contract: Schema, came: dict[str, Column]) -> list[Difference]:
    changes = []
    for column in contract.columns:
        other = came.get(column.name)
        if other is None or other.type == column.type:
            continue
        fits = other.type.widens(column.type)
        changes.append(
            Difference(
                kind="type_changed",
                column=column.name,
                absorbable=fits,
                expected_type=column.type.value,
                incoming_type=other.type.value,
                detail=f"{column.type.value} expected, {other.type.value} came" + (", which fits" if fits else ""),
            )
        )
    return sorted(changes, key=lambda change: change.absorbable)


def _moves(contract: Schema, incoming: Schema, became: dict[str, str]) -> list[Difference]:
    """The fewest columns whose move explains the new order of the needed ones (a renamed one keeps its identity)."""
    place = {name: index for index, name in enumerate(incoming.names)}
    present = [(name, place[became.get(name, name)]) for name in contract.names if became.get(name, name) in place]
    kept = longest_ascending([position for _, position in present])
    return [
        Difference(
            kind="reordered",
            column=name,
            absorbable=True,
            detail=f"column {position + 1} now",
        )
        for index, (name, position) in enumerate(present)
        if index not in kept
    ]


def _format_changes(facts: FormatFacts, accepted: FormatFacts) -> Iterable[Difference]:
    for name in _FORMAT_FACTS:
        old, new = getattr(accepted, name), getattr(facts, name)
        if old is not None and new is not None and old != new:
            yield _format_change(name, f"was {_shown(old)}, is {_shown(new)}")
    # A file without empty values shows no marker for them: only a marker never met before is news.
    unknown = [marker for marker in facts.null_markers if marker not in accepted.null_markers]
    if unknown and accepted.null_markers:
        yield _format_change("null_markers", "new marker for empty values: " + ", ".join(map(repr, unknown)))


def _format_change(fact: str, detail: str) -> Difference:
    return Difference(kind="format_changed", column=fact, absorbable=True, detail=detail)


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value).lower()


def remember(accepted: FormatFacts | None, facts: FormatFacts) -> FormatFacts:
    """The facts to compare the next input with: the newest that are known, and all markers ever accepted."""
    if accepted is None:
        return facts
    known = {name: getattr(facts, name) for name in _FORMAT_FACTS if getattr(facts, name) is not None}
    markers = (*accepted.null_markers, *(m for m in facts.null_markers if m not in accepted.null_markers))
    return accepted.model_copy(update=known | {"null_markers": markers, "renamed_headers": facts.renamed_headers})
