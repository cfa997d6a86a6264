"""A drift report: the differences for a machine, and what happened and what to do for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.events.drift import DriftChange
from services.schema_drift.deciding.modes import Decision, Mode, blocks
from services.schema_drift.detecting.schemas import Difference

# An event holds 64 KB at most: it names the most severe changes, and the stored report names all of them.
MAX_CHANGES = 50
MAX_CHANGES_BYTES = 24_000
MAX_TEXT = 3_000
MAX_NAME = 200
# So many are named in a sentence.
MAX_NAMED = 3


@dataclass(frozen=True)
class Report:
    """What was found about one input, what was decided, and the words for it."""

    differences: tuple[Difference, ...]
    decision: Decision
    summary: str
    advice: str

    @property
    def changes(self) -> tuple[DriftChange, ...]:
        """The changes as a message carries them: the most severe ones, with names cut to a readable length."""
        changes, size = [], 0
        for change in map(_change, self.differences[:MAX_CHANGES]):
            size += len(change.model_dump_json().encode())
            if size > MAX_CHANGES_BYTES:
                break
            changes.append(change)
        return tuple(changes)

    def documents(self) -> list[dict[str, Any]]:
        """Every change with its evidence, to be stored."""
        return [document(difference) for difference in self.differences]


@dataclass(frozen=True)
class Rejection:
    """Who rejected this very change, when and why; as it comes again, nobody is asked again."""

    review: UUID
    by: UUID | None
    at: datetime
    reason: str

    @property
    def told(self) -> str:
        """The sentence about it."""
        who = "Somebody who had the link of a message" if self.by is None else f"User {self.by}"
        why = f" ({self.reason.rstrip('. ')})" if self.reason else ""
        when = f"on {self.at:%Y-%m-%d} in review {self.review}"
        return f"{who} rejected this very change {when}{why}: nobody is asked again."

    def advice(self, entry: str = "ENTRY") -> str:
        """How to change one's mind."""
        return (
            f"Who decided otherwise by now lets somebody be asked about this file with `modulardata quarantine release "
            f"{entry}`, and whenever the change comes again with `modulardata drift review {self.review} --ask-again`."
        )

    def document(self) -> dict[str, Any]:
        """As a report keeps it."""
        by = None if self.by is None else str(self.by)
        return {"review": str(self.review), "by": by, "at": self.at.isoformat(), "reason": self.reason}

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Rejection":
        """What a document was made of."""
        by = None if stored["by"] is None else UUID(stored["by"])
        return cls(UUID(stored["review"]), by, datetime.fromisoformat(stored["at"]), stored["reason"])


def write(
    module: str,
    mode: Mode,
    decision: Decision,
    differences: Sequence[Difference],
    why: str = "",
    rejected: Rejection | None = None,
) -> Report:
    """The report of a decision; `why` says what the differences by themselves do not."""
    more = f" No version could be made: {why}." if why else "" if rejected is None else f" {rejected.told}"
    return Report(
        differences=tuple(differences),
        decision=decision,
        summary=_shortened(summarise(module, mode, decision, differences) + more),
        advice=_shortened(advise(module, decision, differences) if rejected is None else rejected.advice()),
    )


def document(difference: Difference) -> dict[str, Any]:
    """One change with its evidence."""
    return {
        "kind": difference.kind,
        "column": difference.column,
        "became": difference.became,
        "expected_type": difference.expected_type,
        "incoming_type": difference.incoming_type,
        "absorbable": difference.absorbable,
        "detail": difference.detail,
        "confidence": difference.confidence,
        "evidence": difference.evidence,
        "proof": difference.proof,
        "column_class": difference.column_class,
        "candidates": list(difference.candidates),
    }


def restore(stored: dict[str, Any]) -> Difference:
    """The difference that a document was made of."""
    return Difference(**(stored | {"candidates": tuple(stored.get("candidates", ()))}))


def summarise(module: str, mode: Mode, decision: Decision, differences: Sequence[Difference]) -> str:
    """What changed, a sentence each, and what it means; `module` is empty for a workflow that has none."""
    decisive = [difference for difference in differences if blocks(mode, difference)]
    if decision == "proceed" and not module:
        said = "Somebody let it go on" if any(not one.absorbable for one in differences) else "No column is missing"
        return f"{_named(differences)} {said}, so it is loaded as it came."
    if decision == "proceed":
        return f"{_named(differences)} The module gives the right result without a change, so the run goes on."
    if decision == "propose":
        return f"{_named(differences)} A version that takes it was made, and is proven before anything is loaded."
    others = len(differences) - len(decisive)
    beside = f" {_capitalised(_count(others, 'other difference'))} would not have mattered." if others else ""
    return f"{_named(decisive)} {_meant(module, decisive)}{beside}"


def _meant(module: str, decisive: Sequence[Difference]) -> str:
    """Why nothing was loaded."""
    if all(one.absorbable for one in decisive):
        return "The mode is strict, so nothing was loaded."
    kinds = {one.kind for one in decisive if not one.absorbable}
    if "meaning_changed" in kinds:
        return "Nothing was loaded: names and types fit, and the rows would be wrong without a sign."
    if not module or not kinds & {"removed", "renamed", "type_changed"}:
        return "Nothing was loaded."
    gone = kinds & {"removed", "renamed"}
    return f"Nothing was loaded: module {module} " + (
        "needs what is gone." if gone else "cannot read it as it is written."
    )


def advise(module: str, decision: Decision, differences: Sequence[Difference], entry: str = "ENTRY") -> str:
    """What to do next, with the commands to type. `entry` is the quarantine entry's id, once there is one."""
    if decision in ("proceed", "propose"):
        return "Nothing has to be done." if decision == "proceed" else "Nothing has to be done unless you are asked."
    release = f"`modulardata quarantine release {entry}`"
    corrected = f"`modulardata quarantine release {entry} --with FILE`"
    renamed = [d for d in differences if d.kind == "renamed"]
    removed = [d for d in differences if d.kind == "removed"]
    retyped = [d for d in differences if d.kind == "type_changed" and not d.absorbable]
    if any(one.kind == "meaning_changed" for one in differences):
        return (
            f"Correct the file and release it: {corrected}. Or, if the values are right as they came, release it as it "
            f"is, and somebody is asked with the numbers: {release}."
        )
    if not (renamed or removed or retyped):
        return (
            f"If the new form is right, set the workflow's drift mode to warn, apply it, and let the file go on with "
            f"{release}; else correct the file and release it with {corrected}."
        )
    parts = []
    if renamed:
        back = ", ".join(f"{_quote(d.became or '')} back to {_quote(d.column)}" for d in renamed[:MAX_NAMED])
        parts.append(f"rename {back}{_rest(len(renamed))}")
    if removed:
        names = ", ".join(_quote(d.column) for d in removed[:MAX_NAMED])
        parts.append(f"put {names}{_rest(len(removed))} back into the file")
    if retyped:
        types = ", ".join(f"{_quote(d.column)} as {d.expected_type}" for d in retyped[:MAX_NAMED])
        parts.append(f"write {types}{_rest(len(retyped))}")
    repair = _capitalised(" and ".join(parts))
    if not module:
        return (
            f"{repair}, and release the corrected file: {corrected}. Or, if what is gone is gone for good, let "
            f"this file and later ones like it go on: {release}. A workflow with a module adapts to such changes."
        )
    new = "the new names" if renamed and not (removed or retyped) else "the new columns"
    return (
        f"{repair}, and release the corrected file: {corrected}. Or publish a version of module {module} that reads "
        f"{new}, and release the file as it is: {release}."
    )


def _named(differences: Sequence[Difference]) -> str:
    """The first few differences of each kind, a sentence each, and how many more there are."""
    sentences = []
    # What was split or merged is gone under its name, too: that is said once.
    apart = {one.column for one in differences if one.kind in ("split", "merged")}
    for kind in _ORDER:
        group = [one for one in differences if one.kind == kind and not (kind == "removed" and one.column in apart)]
        if not group:
            continue
        if kind in ("added", "reordered"):
            names = ", ".join(_quote(d.column) for d in group[:MAX_NAMED]) + _rest(len(group))
            verb = ("is new" if len(group) == 1 else "are new") if kind == "added" else "stands elsewhere"
            verb = "stand elsewhere" if kind == "reordered" and len(group) > 1 else verb
            sentences.append(f"{'column' if len(group) == 1 else 'columns'} {names} {verb}")
        else:
            sentences += [_sentence(difference) for difference in group[:MAX_NAMED]]
            if len(group) > MAX_NAMED:
                sentences.append(f"{len(group) - MAX_NAMED} more {_KINDS[kind]}")
    return " ".join(f"{_capitalised(one)}." for one in sentences)


_ORDER = (
    "meaning_changed", "renamed", "removed", "split", "merged", "type_changed", "format_changed", "duplicate_name",
    "file_changed", "added", "reordered",
)  # fmt: skip
_KINDS = {
    "meaning_changed": "mean something else",
    "split": "were split",
    "merged": "were merged",
    "duplicate_name": "names stand there twice",
    "file_changed": "facts of the file's form changed",
    "renamed": "seem to be renamed",
    "removed": "are gone",
    "type_changed": "changed their type",
    "format_changed": "facts of the file's form changed",
}


def _sentence(difference: Difference) -> str:
    column = _quote(difference.column)
    if difference.kind == "renamed":
        became = _quote(difference.became or "")
        return f"column {column} is gone; {became} looks like it ({difference.detail})"
    if difference.kind == "removed":
        return f"column {column} is gone, and {difference.detail}"
    if difference.kind == "type_changed" and difference.expected_type != difference.incoming_type:
        return f"column {column} is {difference.incoming_type}, not {difference.expected_type}"
    if difference.proof and difference.kind != "file_changed":
        return f"column {column} {_CHANGED.get(difference.kind, 'is written in another way')}: {difference.detail}"
    return f"the file's {difference.column.replace('_', ' ')} {difference.detail}"


_CHANGED = {
    "meaning_changed": "means something else",
    "split": "was split",
    "merged": "was merged with others",
    "duplicate_name": "stands there twice",
}


def _change(difference: Difference) -> DriftChange:
    return DriftChange(
        kind=difference.kind,
        column=_cut(difference.column),
        became=None if difference.became is None else _cut(difference.became),
        detail=difference.detail[:500],
        confidence=difference.confidence,
    )


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _quote(name: str) -> str:
    # Names come from files: what could change a terminal's or a reader's view of the sentence is shown as it is.
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in _cut(name))
    return "`" + _cut(shown.replace("`", "'")) + "`"


def _rest(count: int) -> str:
    return f" and {count - MAX_NAMED} more" if count > MAX_NAMED else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
