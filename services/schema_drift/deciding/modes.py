"""What is done about differences: the same differences under the same mode give the same decision, always."""

from collections.abc import Sequence
from typing import Literal

from contracts.workflow import DriftMode
from services.schema_drift.detecting.schemas import Difference

Mode = DriftMode
Decision = Literal["proceed", "propose", "quarantine", "fail"]


def blocks(mode: Mode, difference: Difference) -> bool:
    """Whether this difference alone keeps the input out."""
    return mode == "strict" or not difference.absorbable


def decide(mode: Mode, differences: Sequence[Difference]) -> Decision:
    """Strict: any difference sets the input aside. Warn: only those that the module cannot absorb do."""
    return "quarantine" if any(blocks(mode, difference) for difference in differences) else "proceed"
