"""One difference between two deliveries, and how far it is proven."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal[
    "reordered", "added", "removed", "renamed", "type_changed", "format_changed", "meaning_changed", "split", "merged",
    "duplicate_name", "file_changed",
]  # fmt: skip
# proven: no doubt, and nothing is lost · plausible: likely, and not provable · refuted: not what it was
Proof = Literal["proven", "plausible", "refuted"]


@dataclass(frozen=True)
class Difference:
    """`column` is the earlier name (of an added column the new one; of a change of the file alone what changed)."""

    kind: Kind
    column: str
    proof: Proof
    detail: str
    became: str | None = None
    types: tuple[str, str] | None = None
    evidence: dict[str, float] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()


class Told(Protocol):
    """A difference, as found or as a report keeps it."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def column(self) -> str:
        """To which column of before."""

    @property
    def proof(self) -> str:
        """How far it is proven."""

    @property
    def detail(self) -> str:
        """What it is, in words."""

    @property
    def candidates(self) -> tuple[str, ...]:
        """What may carry it now."""
