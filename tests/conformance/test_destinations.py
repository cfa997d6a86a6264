"""What every destination promises: a window is there once and whole, whatever dies; a zombie changes nothing."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.runs import ErrorType
from deploy.local.state import State
from services.connector.destinations.base import Load, LoadKey
from services.connector.destinations.postgres import PostgresDestination
from services.connector.destinations.postgres_before import Before
from services.connector.destinations.postgres_ledger import Fence, Ledger
from services.connector.failures import ConnectorError, Fenced
from services.connector.kinds.registry import KINDS
from services.connector.progress import Progress
from tests.conformance.destination_subjects import (
    SCHEMA,
    SUBJECTS,
    DestinationSubject,
    PostgresTables,
    Row,
    table_of,
)
from tests.conformance.source_subjects import Silent
from tests.customers import Customer, customer

__all__ = ["customer"]

CASES = [
    (name, mode)
    for name, modes in {
        "postgres": ("append", "replace", "upsert"),
        "s3-parquet": ("append", "replace"),
        "s3-csv": ("append", "replace"),
    }.items()
    for mode in modes
]
ROWS: list[Row] = [
    (1, "x", 0.5),
    (2, None, None),
    (3, "", -1e300),
    (4, 'a "quote", a comma\nand a line', 0.1),
    (5, "\\.", 5.0),
    (6, "\\N", 6.0),
    (7, "é€😀", 7.0),
]
POINTS = ["push.staged", "push.ledger_written", "push.before_commit", "push.after_commit"]


class Died(Exception):
    """What stands for the end of a process."""


class DiesAt:
    """Milestones at one of which the attempt ends."""

    def __init__(self, point: str) -> None:
        self._point = point

    def reached(self, name: str) -> None:
        if name == self._point:
            raise Died(name)


class Attempts:
    """Makes loads of one workflow, each attempt with a higher epoch than the one before."""

    def __init__(self, subject: DestinationSubject, folder: Path, mode: Any) -> None:
        self.subject = subject
        self.mode = mode
        self.workflow_id = uuid4()
        self._folder = folder
        self._epoch = 0

    def load(self, rows: list[Row], window: UUID | None = None, *, attempt: int = 1, mode: Any = None) -> Load:
        self._epoch += 1
        folder = self._folder / str(self._epoch)
        folder.mkdir()
        return Load(
            key=LoadKey(self.workflow_id, "main", window or uuid4()),
            run_id=uuid4(),
            attempt=attempt,
            epoch=self._epoch,
            target=self.subject.target,
            mode=mode or self.mode,
            keys=("id",) if (mode or self.mode) == "upsert" else (),
            checksum="00",
            tables=[table_of(folder, rows)],
            cursor={"upper": "7"},
        )

    def again(self, load: Load) -> Load:
        """The next attempt of the same load."""
        self._epoch += 1
        return replace(load, attempt=load.attempt + 1, epoch=self._epoch)

    @property
    def rows(self) -> Counter[Row]:
        """What is there, without asking the code under test."""
        return self.subject.rows(self.workflow_id)

    @property
    def loads(self) -> int:
        """How many loads are recorded."""
        return self.subject.loads(self.workflow_id)


def calm() -> Progress:
    return Progress(Silent())


@pytest.fixture(params=CASES, ids="-".join)
def attempts(request: pytest.FixtureRequest, customer: Customer, tmp_path: Path) -> Attempts:
    name, mode = request.param
    return Attempts(SUBJECTS[name](customer), tmp_path, mode)


@pytest.fixture
def tables(customer: Customer) -> PostgresTables:
    return PostgresTables(customer)


def test_rows_come_out_as_they_went_in(attempts: Attempts) -> None:
    done = attempts.subject.destination().write(attempts.load(ROWS), calm())
    assert (done.rows, done.inserted, done.updated, done.deduplicated, done.already) == (7, 7, 0, 0, False)
    assert attempts.rows == Counter(ROWS)
    assert attempts.loads == 1


def test_the_same_window_twice_is_there_once(attempts: Attempts) -> None:
    load = attempts.load(ROWS)
    destination = attempts.subject.destination()
    first = destination.write(load, calm())
    second = destination.write(attempts.again(load), calm())
    assert second == replace(first, already=True)
    assert attempts.rows == Counter(ROWS)
    assert attempts.loads == 1


@pytest.mark.parametrize("point", POINTS)
def test_an_attempt_that_dies_is_repeated_without_loss_or_repetition(attempts: Attempts, point: str) -> None:
    destination = attempts.subject.destination()
    before = attempts.load([(1, "old", 1.0), (9, "stays", 9.0)])
    destination.write(before, calm())
    load = attempts.load(ROWS)
    for _ in range(2):
        # The second attempt may find that the first was in time, and pass the point no more.
        with suppress(Died):
            destination.write(load, Progress(DiesAt(point)))
        load = attempts.again(load)
    done = destination.write(load, calm())
    assert done.inserted + done.updated == 7
    expected = {
        "append": Counter([(1, "old", 1.0), (9, "stays", 9.0), *ROWS]),
        "replace": Counter(ROWS),
        "upsert": Counter([(9, "stays", 9.0), *ROWS]),
    }
    assert attempts.rows == expected[attempts.mode]
    assert attempts.loads == 2


def test_before_it_is_whole_nobody_sees_it(attempts: Attempts) -> None:
    destination = attempts.subject.destination()
    destination.write(attempts.load([(1, "old", 1.0)]), calm())
    with pytest.raises(Died):
        destination.write(attempts.load(ROWS), Progress(DiesAt("push.before_commit")))
    assert attempts.rows == Counter([(1, "old", 1.0)])


def test_parts_of_one_window_stand_beside_each_other(attempts: Attempts) -> None:
    destination = attempts.subject.destination()
    first = attempts.load(ROWS[:3])
    second = attempts.load(ROWS[3:])
    destination.write(first, calm())
    destination.write(replace(second, key=replace(first.key, part="1")), calm())
    assert attempts.rows == Counter(ROWS)


def test_an_empty_load_empties_nothing(attempts: Attempts) -> None:
    destination = attempts.subject.destination()
    destination.write(attempts.load(ROWS), calm())
    done = destination.write(attempts.load([]), calm())
    assert done.rows == 0
    assert attempts.rows == Counter(ROWS)


def test_a_window_that_was_not_loaded_can_be_shut_for_good(attempts: Attempts) -> None:
    destination = attempts.subject.destination()
    load = attempts.load(ROWS)
    assert destination.settle(load.key, load.epoch + 1, load.target) is None
    assert destination.settle(load.key, load.epoch + 1, load.target) is None
    with pytest.raises(Fenced):
        destination.write(load, calm())
    assert attempts.rows == Counter()


def test_a_window_that_was_loaded_says_so(attempts: Attempts) -> None:
    destination = attempts.subject.destination()
    load = attempts.load(ROWS)
    done = destination.write(load, calm())
    assert destination.settle(load.key, load.epoch + 1, load.target) == replace(done, already=True)
    assert attempts.rows == Counter(ROWS)


def test_a_zombie_overwrites_nothing(attempts: Attempts) -> None:
    """A load that stood still while a later one of the same stream came and went."""
    if attempts.mode == "append":
        # What is added has no order: a late addition is an addition.
        return
    destination = attempts.subject.destination()
    zombie = attempts.load([(1, "old", 1.0)])
    destination.write(attempts.load([(1, "new", 2.0)]), calm())
    zombie_is_late(attempts, zombie)
    assert attempts.rows == Counter([(1, "new", 2.0)])


def zombie_is_late(attempts: Attempts, zombie: Load) -> None:
    try:
        attempts.subject.destination().write(zombie, calm())
    except Fenced:
        return
    # A bucket keeps the late manifest and does not point at it.
    assert attempts.subject.target.__class__.__name__ == "S3Target"


class NoFence(Fence):
    """Lets everybody pass."""

    def pass_(self, session: Any, key: LoadKey, epoch: int) -> None:
        return


class NoRecord(Before):
    """Notes nothing for an undoing, which knows a window twice as well."""

    def record(self, *args: Any, **more: Any) -> None:
        return


class NoLedger(Ledger):
    """Remembers nothing."""

    def read(self, session: Any, key: LoadKey) -> None:
        return None

    def write(self, session: Any, load: Load, target: str, loaded: Any) -> None:
        return


def test_without_the_fence_a_zombie_would_overwrite(tables: PostgresTables, tmp_path: Path) -> None:
    """The dog that must bark: the test above is red when the mechanism is gone."""
    attempts = Attempts(tables, tmp_path, "upsert")
    zombie = attempts.load([(1, "old", 1.0)])
    tables.destination(fence=NoFence()).write(attempts.load([(1, "new", 2.0)]), calm())
    tables.destination(fence=NoFence()).write(zombie, calm())
    assert attempts.rows == Counter([(1, "old", 1.0)])


def test_without_the_ledger_rows_would_be_doubled(tables: PostgresTables, tmp_path: Path) -> None:
    attempts = Attempts(tables, tmp_path, "append")
    load = attempts.load(ROWS)
    forgetful = tables.destination(ledger=NoLedger(), before=NoRecord())
    forgetful.write(load, calm())
    forgetful.write(attempts.again(load), calm())
    assert attempts.rows == Counter(ROWS + ROWS)


def test_a_connection_that_does_not_work_says_why(customer: Customer) -> None:
    with pytest.raises(ConnectorError) as found:
        PostgresDestination(PostgresTables(customer).client(port=1)).check()
    assert found.value.type == ErrorType.UNREACHABLE_REFUSED


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_a_destination_that_works_checks_well_and_shows_what_is_there(name: str, customer: Customer) -> None:
    subject = SUBJECTS[name](customer)
    subject.destination().check()
    assert isinstance(subject.destination().discover().more, bool)


def test_the_suite_has_every_destination_and_mode(servers: State) -> None:
    tried = {(name.partition("-")[0], mode) for name, mode in CASES}
    offered = {
        (kind.name, mode)
        for kind in KINDS.values()
        if kind.capabilities.destination
        for mode in kind.capabilities.write_modes
    }
    assert tried == offered
    assert SCHEMA.names == ("id", "text", "value")
