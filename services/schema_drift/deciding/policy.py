"""What becomes of a proposal: kind of change × class of column × proof × number of readers; the same, always."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.adaptation import Proof
from contracts.workflow import ChangeKind, ColumnClass, DriftPolicy, Ruling
from services.schema_drift.detecting import difference

# unlike: what came looks unlike all that came before, and nothing else speaks against it
Verdict = Literal["proven", "unproven", "unlike", "refuted"]
_ORDER: tuple[Ruling, ...] = ("auto", "auto_after", "ask", "quarantine", "refuse")
_OVERRIDABLE: dict[str, ChangeKind] = {
    "renamed": "renamed",
    "type_changed": "type_changed",
    "format_changed": "format_changed",
    "removed": "removed",
    "duplicate_name": "duplicate_name",
    "file_changed": "file_changed",
    "added": "added",
    "reordered": "reordered",
}
_UNLIKE = "everything else holds, but what came looks unlike all that came before"
# Beyond so many workflows that read the output, somebody gets the chance to stop it.
FEW_READERS = 3


# What a workflow accepts that says of its own accord that what does not fit is let go.
LETS_GO = {"discard_row": frozenset({"set_aside"}), "discard_value": frozenset({"lost", "nulls"})}


def verdict(proof: Proof, mode: str) -> Verdict:
    """What a proof comes to under a mode. Distributions alone refute nothing: a person may know why."""
    failed = {check.name for check in proof.checks if not check.passed} - LETS_GO.get(mode, frozenset())
    if failed - {"distributions"}:
        return "refuted"
    return "unlike" if failed else "proven" if proof.history else "unproven"


@dataclass(frozen=True)
class Change:
    """A difference, as far as it matters here."""

    kind: str
    column_class: ColumnClass
    proof: difference.Proof


@dataclass(frozen=True)
class Circumstances:
    """What is known about a proposal apart from the changes it answers."""

    verdict: Verdict
    readers: int = 0
    pinned: bool = False  # the workflow names the version: nothing replaces it unasked
    settled: bool = False  # a person decided about this very change before
    approved: bool = False  # a person asked for this very proposal
    by_model: bool = False  # a model proposed it: a person decides, whatever is proven
    let_go: bool = False  # a person let go on what had been set aside for what it means
    choice: bool = False  # another proposal might be the right one: a person can choose


@dataclass(frozen=True)
class Ruled:
    """The ruling, and what it follows from."""

    ruling: Ruling
    reason: str


def rule(changes: Sequence[Change], policy: DriftPolicy, known: Circumstances) -> Ruled:
    """The strictest of what the changes, the proof and the circumstances ask for."""
    if known.verdict == "refuted":
        open_ = known.choice and not known.approved and not known.by_model
        return Ruled("ask" if open_ else "quarantine", "the replay contradicts it")
    unlike = [Ruled(policy.unlike, _UNLIKE)] if known.verdict == "unlike" else []
    if known.approved:
        # Whoever asked for it has not seen how unlike it is.
        return unlike[0] if unlike else Ruled("auto", "a person asked for it")
    found = [_of_change(one, policy, known) for one in changes]
    found += unlike
    if known.verdict == "unproven":
        found.append(Ruled("ask", "what was recorded does not prove it"))
    if known.by_model:
        found.append(Ruled("ask", "a model proposed it"))
    if known.pinned:
        found.append(Ruled("ask", "the workflow names the version by its number"))
    if known.readers > FEW_READERS:
        found.append(Ruled("auto_after", f"{known.readers} workflows read the output"))
    return max(found, key=lambda one: _ORDER.index(one.ruling), default=Ruled("auto", "nothing speaks against it"))


def _of_change(change: Change, policy: DriftPolicy, known: Circumstances) -> Ruled:
    if change.proof == "refuted" and known.let_go and change.kind in ("meaning_changed", "type_changed"):
        return Ruled("ask", "its meaning seems to have changed, and somebody let it go on")
    if change.proof == "refuted":
        return Ruled("refuse", f"a column's {change.kind.replace('_', ' ')} cannot be explained")
    if change.kind == "reordered":
        return Ruled("auto", "an order is no content")
    kind = _OVERRIDABLE.get(change.kind)
    default: Ruling = "auto" if change.column_class == "plain" or change.kind == "added" else "ask"
    said: Ruling = default if kind is None else policy.rulings.get(change.column_class, {}).get(kind, default)
    if change.proof == "plausible" and not known.settled and _ORDER.index(said) < _ORDER.index("ask"):
        return Ruled("ask", "it is likely, and not proven")
    whose = "" if change.column_class == "plain" else f" of a {change.column_class} column"
    return Ruled(said, "it is proven" if said == "auto" else f"the policy for a change{whose}")
