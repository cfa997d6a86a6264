"""What every destination that can undo promises: a run's rows are out again, exactly and once, or it says why not."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts.runs import ErrorType
from services.connector.destinations.base import Load, Undo, Undone
from services.connector.failures import Fenced, UndoRefused
from services.connector.kinds.registry import KINDS
from tests.conformance.destination_subjects import SUBJECTS, Row
from tests.conformance.test_destinations import CASES, Attempts, Died, DiesAt, calm
from tests.customers import Customer, customer

__all__ = ["customer"]

OLD: list[Row] = [(1, "old", 1.0), (9, "stays", 9.0)]
NEW: list[Row] = [(1, "new", 2.0), (2, None, None), (3, "", 3.0)]
POINTS = ["undo.taken_back", "undo.before_commit", "undo.after_commit"]


class Undoing(Attempts):
    """Loads that are taken back."""

    def undone(self, load: Load, run: UUID | None = None, *, dry_run: bool = False, dies_at: str = "") -> Undone:
        """One attempt to undo a load."""
        undo = self.undo(load, run, dry_run=dry_run)
        return self.subject.destination().undo(undo, type(calm())(DiesAt(dies_at)))

    def undo(self, load: Load, run: UUID | None = None, *, dry_run: bool = False) -> Undo:
        self._epoch += 1
        key = load.key
        return Undo(
            workflow_id=key.workflow_id,
            stream=key.stream,
            window_id=key.window_id,
            parts=(key.part,),
            run_id=run or uuid4(),
            epoch=self._epoch,
            target=load.target,
            dry_run=dry_run,
        )

    def write(self, rows: list[Row], **options: UUID) -> Load:
        load = self.load(rows, **options)
        self.subject.destination().write(load, calm())
        return load


@pytest.fixture(params=CASES, ids="-".join)
def attempts(request: pytest.FixtureRequest, customer: Customer, tmp_path: Path) -> Undoing:
    name, mode = request.param
    return Undoing(SUBJECTS[name](customer), tmp_path, mode)


def test_everything_is_as_it_was_before_the_run(attempts: Undoing) -> None:
    attempts.write(OLD)
    before = attempts.rows
    load, run = attempts.write(NEW), uuid4()
    loaded = attempts.rows
    assert loaded != before
    dry = attempts.undone(load, run, dry_run=True)
    assert attempts.rows == loaded
    done = attempts.undone(load, run)
    assert attempts.rows == before
    expected = {"append": (3, 0), "replace": (3, 2), "upsert": (2, 1)}[attempts.mode]
    assert (done.removed, done.restored, done.already) == (*expected, False)
    assert dry == done
    assert attempts.undone(load, run) == replace(done, already=True)
    with pytest.raises(UndoRefused, match=f"run {run} has undone it already") as found:
        attempts.undone(load)
    assert found.value.type == ErrorType.UNDO_REFUSED
    assert attempts.rows == before


@pytest.mark.parametrize("point", POINTS)
def test_an_undoing_that_dies_is_repeated_and_happens_once(attempts: Undoing, point: str) -> None:
    attempts.write(OLD)
    before = attempts.rows
    load, run = attempts.write(NEW), uuid4()
    for _ in range(2):
        # The second attempt may find that the first was in time, and pass the point no more.
        with suppress(Died):
            attempts.undone(load, run, dies_at=point)
    done = attempts.undone(load, run)
    assert attempts.rows == before
    assert done.removed + done.restored >= 3


def test_a_run_comes_out_from_under_later_ones_only_when_they_did_not_touch_its_rows(attempts: Undoing) -> None:
    first, second = attempts.write(OLD), attempts.write(NEW)
    after_second = attempts.rows
    third = attempts.write([(3, "third", 0.0), (4, "fourth", 0.0)])
    everything = attempts.rows
    if attempts.mode == "append":
        attempts.undone(second)
        assert attempts.rows == everything - Counter(NEW)
        attempts.undone(third)
        attempts.undone(first)
        assert attempts.rows == Counter()
        return
    with pytest.raises(UndoRefused, match=f"run {third.run_id} has .*undo that one first"):
        attempts.undone(second)
    assert attempts.rows == everything
    attempts.undone(third)
    assert attempts.rows == after_second
    # Rows that were put back are again those of the run that had written them.
    attempts.undone(second)
    assert attempts.rows == Counter(OLD)
    attempts.undone(first)
    assert attempts.rows == Counter()


def test_what_was_undone_does_not_come_back_with_a_late_attempt(attempts: Undoing) -> None:
    attempts.write(OLD)
    load = attempts.write(NEW)
    attempts.undone(load)
    done = attempts.subject.destination().write(attempts.again(load), calm())
    assert done.already
    assert attempts.rows == Counter(OLD)


def test_an_undoing_that_comes_late_changes_nothing(attempts: Undoing) -> None:
    if attempts.mode == "append":
        # What was added is told apart from all else: it can be taken out at any time.
        return
    load = attempts.write(OLD)
    late = attempts.undo(load)
    attempts.write(NEW)
    with pytest.raises((Fenced, UndoRefused)):
        attempts.subject.destination().undo(late, calm())


def test_what_was_never_loaded_is_refused(attempts: Undoing) -> None:
    load = attempts.load(NEW)
    with pytest.raises(UndoRefused, match="nothing of this run was ever loaded"):
        attempts.undone(load)


def test_parts_of_one_window_go_together(attempts: Undoing) -> None:
    attempts.write(OLD)
    before = attempts.rows
    first = attempts.write(NEW)
    second = attempts.load([(3, "again", 0.0), (5, "e", 5.0)])
    attempts.subject.destination().write(replace(second, key=replace(first.key, part="1")), calm())
    undo = replace(attempts.undo(first), parts=("0", "1"))
    attempts.subject.destination().undo(undo, calm())
    assert attempts.rows == before


def test_the_suite_has_every_kind_that_undoes() -> None:
    offered = {kind.name for kind in KINDS.values() if kind.capabilities.undo}
    assert offered == {name.partition("-")[0] for name, _ in CASES}
