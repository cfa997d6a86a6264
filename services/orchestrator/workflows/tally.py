"""The row arithmetic of a run: what was read, and where every row of it went."""

from dataclasses import dataclass, field
from typing import Literal

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.commands.connector import PulledGroup, PullResult, PushResult
    from contracts.commands.transform import ApplyResult, StepBooks
    from contracts.data import RowBooks

Outcome = Literal["succeeded", "partial", "quarantined"]


@dataclass
class Tally:
    """Counts that grow as the run goes on; each comes from the one who did the thing, none is derived from another."""

    read: int = 0
    loaded: int = 0
    filtered: int = 0
    deduplicated: int = 0
    quarantined: int = 0
    added: int = 0
    combined: int = 0
    files_set_aside: int = 0
    steps: list[StepBooks] = field(default_factory=list)

    def pulled(self, result: PullResult) -> None:
        """Rows read, counted apart from the parser, and those that the reader set aside."""
        self.read += result.rows_read
        self.quarantined += sum(item.dataset.rows for item in result.quarantined)
        self.files_set_aside += len(result.unreadable)

    def set_aside(self, group: PulledGroup) -> None:
        """A whole group that does not fit: all its rows wait in quarantine."""
        self.quarantined += group.dataset.rows
        self.files_set_aside += max(1, len(group.objects))

    def applied(self, result: ApplyResult) -> None:
        """What the modules took away from a group, and what they added."""
        self.steps.extend(result.books)
        self.filtered += sum(step.filtered for step in result.books)
        self.deduplicated += sum(step.deduplicated for step in result.books)
        self.added += sum(step.added for step in result.books)
        self.combined += sum(step.combined for step in result.books)
        self.quarantined += sum(item.dataset.rows for item in result.quarantined)

    def pushed(self, result: PushResult) -> None:
        """What the destination took, and what it found twice."""
        self.loaded += result.inserted + result.updated
        self.deduplicated += result.deduplicated

    @property
    def books(self) -> RowBooks:
        """The books as they stand."""
        return RowBooks(
            read=self.read,
            loaded=self.loaded,
            filtered=self.filtered,
            deduplicated=self.deduplicated,
            quarantined=self.quarantined,
            added=self.added,
            combined=self.combined,
        )

    def unaccounted(self, to_push: int) -> int:
        """Rows missing (or too many, when negative) before anything is loaded."""
        return self.books.difference - to_push

    @property
    def outcome(self) -> Outcome:
        """How a run went that reached its end: did anything wait in quarantine, and did anything else go on?"""
        if not self.quarantined and not self.files_set_aside:
            return "succeeded"
        return "partial" if self.read > self.quarantined else "quarantined"
