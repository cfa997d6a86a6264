"""What is done about the differences by default: go on, adapt alone, ask a person, or refuse; and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.schema_drift.detecting.difference import Difference

Verdict = Literal["none", "auto", "ask", "refuse"]
_ORDER: tuple[Verdict, ...] = ("none", "auto", "ask", "refuse")


@dataclass(frozen=True)
class Classes:
    """What columns are for: those a transformation needs, those that identify or join rows, and amounts of money.

    `needed` is None where nobody said: every column counts as needed then.
    """

    needed: frozenset[str] | None = None
    key: frozenset[str] = frozenset()
    money: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()

    def needs(self, column: str) -> bool:
        """Whether a transformation reads the column, or rows are known by it."""
        return self.needed is None or column in self.needed or column in self.key or column in self.money

    def delicate(self, column: str) -> str:
        """The class for whose sake a column is never changed without a person; empty for a plain one."""
        if column in self.key:
            return "key"
        if column in self.money:
            return "money"
        return "personal" if column in self.personal else ""


@dataclass(frozen=True)
class Reason:
    """What one difference asks for, and why."""

    verdict: Verdict
    difference: Difference
    text: str


@dataclass(frozen=True)
class Decision:
    """The strictest of what the differences ask for."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


def decide(differences: Sequence[Difference], classes: Classes) -> Decision:
    """The default policy. The same differences under the same classes give the same decision, always."""
    reasons = tuple(sorted(_reasons(differences, classes), key=lambda one: -_ORDER.index(one.verdict)))
    return Decision(reasons[0].verdict if reasons else "none", reasons)


def _reasons(differences: Iterable[Difference], classes: Classes) -> Iterable[Reason]:
    for one in differences:
        verdict, why = _judge(one, classes)
        yield Reason(verdict, one, f"{one.column}: {one.detail}" + (f"; {why}" if why else ""))


def _judge(one: Difference, classes: Classes) -> tuple[Verdict, str]:
    if one.kind == "reordered":
        return "none", ""
    if one.kind == "added":
        return "auto", ""
    if one.kind == "removed":
        return _removed(one, classes)
    if one.kind == "meaning_changed" or one.proof == "refuted":
        return "refuse", "its meaning changed" if one.kind == "meaning_changed" else "it cannot be told what it was"
    if one.proof == "plausible":
        return "ask", "likely, and not proven"
    if one.kind not in ("file_changed", "duplicate_name") and (delicate := classes.delicate(one.column)):
        return "ask", f"a {delicate} column changes only with a person"
    return "auto", "proven by the values" if one.kind != "file_changed" else ""


def _removed(one: Difference, classes: Classes) -> tuple[Verdict, str]:
    if one.proof == "plausible":
        return "ask", "nothing proves which"
    if classes.needs(one.column):
        return "refuse", "it is needed"
    return "auto", "nothing needs it"
