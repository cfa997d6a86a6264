"""Push: whatever dies, each window is in the destination once; windows of dead runs are settled by what is there."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError

from contracts.commands.command import RunScope
from contracts.commands.connector import PullResult
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Died, Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = ["push.begun", "push.staged", "push.ledger_written", "push.before_commit", "push.after_commit"]
PULL_POINTS = ["pull.claimed", "pull.spooled", "pull.read", "pull.stored"]


@pytest.fixture
def runner(connected: Composed, customer: Customer) -> Runner:
    return Runner(connected, customer)


def rows(customer: Customer, table: str = "target") -> Counter[tuple[Any, ...]]:
    there = customer.rows("SELECT to_regclass(%s) IS NOT NULL", f'"{customer.schema}"."{table}"') == [(True,)]
    return Counter(customer.rows(f'SELECT id, name FROM "{table}"')) if there else Counter()


async def pulled(runner: Runner, customer: Customer, *files: str) -> tuple[RunScope, PullResult]:
    """A run that has read files with these contents."""
    for number, text in enumerate(files):
        customer.put(f"in/{number}-{uuid4().hex}.csv", text)
    scope = runner.scope()
    return scope, await runner.pull(scope)


async def dies(runner: Runner, scope: RunScope, result: PullResult, point: str, **options: Any) -> None:
    runner.points.armed = point
    with pytest.raises(Died):
        await runner.push(scope, result, **options)


async def test_a_run_loads_its_window_and_says_what_the_destination_took(runner: Runner, customer: Customer) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n2,b\n", "id,name\n2,c\n3,\n")
    done = await runner.push(scope, result, mode="upsert", keys=("id",))
    assert (done.rows, done.inserted, done.updated, done.deduplicated) == (4, 3, 0, 1)
    assert (done.attempt, done.already) == (1, False)
    assert rows(customer) == Counter([(1, "a"), (2, "c"), (3, None)])
    await runner.close(scope, result.window_id, "committed", 3)
    windows = await runner.world.sql("SELECT state, rows FROM connector.windows WHERE id = $1", result.window_id)
    assert [dict(window) for window in windows] == [{"state": "committed", "rows": 3}]


@pytest.mark.parametrize("point", POINTS)
async def test_an_attempt_that_dies_anywhere_is_repeated_exactly(
    runner: Runner, customer: Customer, point: str
) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n2,b\n")
    await dies(runner, scope, result, point)
    done = await runner.push(scope, result, attempt=2)
    assert (done.rows, done.inserted, done.attempt) == (2, 2, 2)
    assert done.already is (point == "push.after_commit")
    assert rows(customer) == Counter([(1, "a"), (2, "b")])


@pytest.mark.parametrize("point", PULL_POINTS)
async def test_a_pull_that_dies_anywhere_reads_the_same_again(runner: Runner, customer: Customer, point: str) -> None:
    customer.put("in/a.csv", "id,name\n1,a\n")
    scope = runner.scope()
    runner.points.armed = point
    with pytest.raises(Died):
        await runner.pull(scope)
    customer.put("in/b.csv", "id,name\n2,b\n")
    result = await runner.pull(scope)
    assert runner.dataset(result.groups[0].dataset) == [{"id": 1, "name": "a"}]
    await runner.push(scope, result)
    assert rows(customer) == Counter([(1, "a")])


async def test_one_load_of_a_stream_at_a_time(runner: Runner, customer: Customer) -> None:
    first, one = await pulled(runner, customer, "id,name\n1,a\n")
    second, two = await pulled(runner, customer, "id,name\n2,b\n")
    # The first died and its lease lives on.
    await runner.world.sql(
        "INSERT INTO connector.leases VALUES ($1, $2, 'main', $3, 1, 7, now() + interval '1 hour')",
        runner.world.tenant,
        runner.workflow_id,
        first.run_id,
    )
    with pytest.raises(ApplicationError) as found:
        await runner.push(second, two)
    assert (found.value.type, found.value.non_retryable) == ("lease_held", False)
    assert found.value.next_retry_delay is not None
    # Another attempt of the same run takes over at once.
    done = await runner.push(first, one, attempt=2)
    assert done.inserted == 1
    await runner.push(second, two)
    assert rows(customer) == Counter([(1, "a"), (2, "b")])


async def test_a_lease_that_is_not_renewed_is_free(runner: Runner, customer: Customer) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    await runner.world.sql(
        "INSERT INTO connector.leases VALUES ($1, $2, 'main', $3, 1, 7, now() - interval '1 second')",
        runner.world.tenant,
        runner.workflow_id,
        uuid4(),
    )
    assert (await runner.push(scope, result)).inserted == 1


async def test_runs_at_once_wait_for_each_other(connected: Composed, customer: Customer) -> None:
    runner = Runner(connected, customer, lease_wait_seconds=30)
    ready = [await pulled(runner, customer, f"id,name\n{number},x\n") for number in range(4)]
    done = await asyncio.gather(*(runner.push(scope, result) for scope, result in ready))
    assert [one.inserted for one in done] == [1, 1, 1, 1]
    assert rows(customer) == Counter((number, "x") for number in range(4))


async def test_an_older_attempt_that_wakes_up_is_fenced(runner: Runner, customer: Customer) -> None:
    """Attempt 1 stood still after staging; attempt 2 came and went; attempt 1 goes on where it stood."""
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    held, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    passed = runner.points.reached

    def stand_still(name: str) -> None:
        passed(name)
        if name == "push.staged" and not held.is_set():
            loop.call_soon_threadsafe(held.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()

    runner.points.reached = stand_still  # type: ignore[method-assign]
    zombie = asyncio.create_task(runner.push(scope, result))
    await held.wait()
    done = await runner.push(scope, result, attempt=2)
    assert (done.inserted, done.already) == (1, False)
    go_on.set()
    with pytest.raises(ApplicationError) as found:
        await zombie
    assert found.value.type == "fenced"
    assert rows(customer) == Counter([(1, "a")])


async def test_the_window_of_a_dead_run_is_free_again_when_nothing_was_loaded(
    runner: Runner, customer: Customer
) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    await dies(runner, scope, result, "push.before_commit")
    assert (await runner.pull(runner.scope())).groups == ()
    runner.over.runs.add(scope.run_id)
    heir = runner.scope()
    inherited = await runner.pull(heir)
    assert inherited.rows_read == 1
    assert inherited.window_id != result.window_id
    with pytest.raises(ApplicationError) as found:
        await runner.push(scope, result, attempt=2)
    assert found.value.type == "fenced"
    assert (await runner.push(heir, inherited)).inserted == 1
    assert rows(customer) == Counter([(1, "a")])


async def test_the_window_of_a_dead_run_is_closed_when_it_was_loaded(runner: Runner, customer: Customer) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    await dies(runner, scope, result, "push.after_commit")
    runner.over.runs.add(scope.run_id)
    assert (await runner.pull(runner.scope())).groups == ()
    events = [body for name, body in await runner.world.published("connector") if name == "window.committed.v1"]
    assert [(body["window_id"], body["rows"]) for body in events] == [(str(result.window_id), 1)]
    assert rows(customer) == Counter([(1, "a")])


async def test_the_window_of_a_run_that_died_while_it_read_is_free_again(runner: Runner, customer: Customer) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    runner.over.runs.add(scope.run_id)
    assert (await runner.pull(runner.scope())).rows_read == 1
    with pytest.raises(ApplicationError) as found:
        await runner.push(scope, result)
    assert found.value.type == "fenced"


async def test_epochs_count_on_from_a_fence_that_is_ahead(runner: Runner, customer: Customer) -> None:
    """Our database was put back to an earlier day; the destination was not."""
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    await runner.push(scope, result)
    with customer.warehouse() as session:
        session.execute("UPDATE modulardata.fence SET epoch = 1000 WHERE workflow_id = %s", [runner.workflow_id])
    later, more = await pulled(runner, customer, "id,name\n2,b\n")
    with pytest.raises(ApplicationError) as found:
        await runner.push(later, more)
    assert (found.value.type, found.value.non_retryable) == ("fenced", False)
    assert (await runner.push(later, more, attempt=2)).inserted == 1


async def test_a_lost_dataset_is_said_and_not_loaded(runner: Runner, customer: Customer) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    dataset = result.groups[0].dataset
    broken = dataset.model_copy(update={"uri": dataset.uri[:-4] + "beef"})
    with pytest.raises(ApplicationError) as found:
        await runner.push(scope, result, datasets=[broken])
    assert found.value.type == "dataset_corrupt"


async def test_a_table_is_read_whole_or_beyond_the_last_value(runner: Runner, customer: Customer) -> None:
    with customer.warehouse() as session:
        session.execute("CREATE TABLE source (id int, name text, at timestamptz)")
        session.execute("INSERT INTO source VALUES (1, 'a', '2024-01-01'), (2, 'b', '2024-01-02')")
    whole = await runner.pull_table(runner.scope(), "source")
    assert whole.rows_read == whole.groups[0].dataset.rows == 2
    first = runner.scope()
    one = await runner.pull_table(first, "source", "at")
    assert one.rows_read == 2
    with customer.warehouse() as session:
        session.execute("INSERT INTO source VALUES (3, 'c', '2024-01-03')")
    # A second attempt of the same run gets the same slice, and another run waits for the first to end.
    assert (await runner.pull_table(first, "source", "at")).rows_read == 2
    with pytest.raises(ApplicationError) as found:
        await runner.pull_table(runner.scope(), "source", "at")
    assert found.value.type == "lease_held"
    done = await runner.push(first, one)
    assert done.inserted == 2
    cursors = customer.rows("SELECT cursor FROM modulardata.load_ledger WHERE workflow_id = %s", runner.workflow_id)
    assert cursors[0][0]["upper"] == "2024-01-02 00:00:00+00"
    await runner.close(first, one.window_id, "committed", 2)
    second = runner.scope()
    two = await runner.pull_table(second, "source", "at")
    assert [row["id"] for row in runner.dataset(two.groups[0].dataset)] == [3]
    await runner.push(second, two)
    await runner.close(second, two.window_id, "committed", 1)
    nothing = await runner.pull_table(runner.scope(), "source", "at")
    assert nothing.rows_read == 0
    assert rows(customer) == Counter([(1, "a"), (2, "b"), (3, "c")])


async def test_the_slice_of_a_dead_run_is_read_by_the_next(runner: Runner, customer: Customer) -> None:
    with customer.warehouse() as session:
        session.execute("CREATE TABLE source (id int, name text)")
        session.execute("INSERT INTO source VALUES (1, 'a'), (2, 'b')")
    lost = runner.scope()
    one = await runner.pull_table(lost, "source", "id")
    await dies(runner, lost, one, "push.before_commit")
    runner.over.runs.add(lost.run_id)
    heir = runner.scope()
    two = await runner.pull_table(heir, "source", "id")
    assert two.rows_read == 2
    await dies(runner, heir, two, "push.after_commit")
    runner.over.runs.add(heir.run_id)
    last = await runner.pull_table(runner.scope(), "source", "id")
    assert last.rows_read == 0
    assert rows(customer) == Counter([(1, "a"), (2, "b")])


async def test_a_description_points_at_what_is_wrong(runner: Runner, customer: Customer) -> None:
    good = await runner.describe(name="landing", role="source", selection={"path": "a/*.csv"})
    assert (good.kind, good.bucket, good.problems) == ("s3", customer.bucket, ())
    assert good.connection_id is not None
    wrong = await runner.describe(name="landing", role="source", selection={"path": "/a", "formt": {}})
    assert {problem.pointer for problem in wrong.problems} == {"/source/selection/path", "/source/selection/formt"}
    other = await runner.describe(name="landing", role="source", selection={"path": "a", "bucket": "other-bucket"})
    assert [problem.pointer for problem in other.problems] == ["/source/selection/bucket"]
    for name, mode, able in (("landing", "replace", True), ("landing", "upsert", False), ("warehouse", "upsert", True)):
        target = {"prefix": "out"} if name == "landing" else {"schema": "public", "table": "t"}
        asked = await runner.describe(name=name, role="destination", target=target, mode=mode)
        assert [problem.pointer for problem in asked.problems] == ([] if able else ["/destination/mode"])
    missing = await runner.describe(name="nowhere", role="destination", target={})
    assert [(p.pointer, p.code) for p in missing.problems] == [("/destination/connection", "not_found")]
    target = await runner.describe(name="warehouse", role="destination", target={"schema": "public"})
    assert [problem.pointer for problem in target.problems] == ["/destination/target/table"]


async def test_no_failure_repeats_a_secret_or_a_value(runner: Runner, customer: Customer) -> None:
    secret = customer.postgres_secrets()["password"]
    scope, result = await pulled(runner, customer, "id,name\n1,canary-value\n")
    with customer.warehouse() as session:
        session.execute("CREATE TABLE target (id int, name int)")
    with pytest.raises(ApplicationError) as found:
        await runner.push(scope, result)
    text = f"{found.value!r} {found.value.details} {found.value.__cause__}"
    assert found.value.type == "destination_refused"
    assert "'name'" in text
    assert secret not in text
    assert "canary-value" not in text
