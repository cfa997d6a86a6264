"""Undo: what a run put into its destination is out again, once, wherever the attempt dies; or it says why not."""

from collections import Counter

import pytest
from temporalio.exceptions import ApplicationError

from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Died, Runner
from tests.integration.connector.test_push import pulled, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = ["undo.taken_back", "undo.before_commit", "undo.after_commit", "undo.released"]


@pytest.fixture
def runner(connected: Composed, customer: Customer) -> Runner:
    return Runner(connected, customer)


async def loaded(runner: Runner, customer: Customer, text: str) -> object:
    """A run that upserted a file and ended well."""
    scope, result = await pulled(runner, customer, f"id,name\n{text}")
    done = await runner.push(scope, result, mode="upsert", keys=("id",))
    await runner.close(scope, result.window_id, "committed", done.rows)
    return scope.run_id


@pytest.mark.parametrize("point", POINTS)
async def test_an_attempt_that_dies_anywhere_is_repeated_exactly(
    runner: Runner, customer: Customer, point: str
) -> None:
    await loaded(runner, customer, "1,a\n2,b\n")
    before, run = rows(customer), await loaded(runner, customer, "2,new\n3,c\n")
    would = await runner.undo(run, dry_run=True)
    assert (would.removed, would.restored, rows(customer)[(3, "c")]) == (1, 1, 1)
    scope = runner.scope()
    runner.points.armed = point
    with pytest.raises(Died):
        await runner.undo(run, scope=scope)
    done = await runner.undo(run, scope=scope, attempt=2)
    assert (done.removed, done.restored, done.attempt) == (1, 1, 2)
    assert done.already is (point in POINTS[2:])
    assert rows(customer) == before
    with pytest.raises(ApplicationError, match=f"run {scope.run_id} has undone it already") as found:
        await runner.undo(run)
    assert (found.value.type, found.value.non_retryable) == ("undo_refused", True)
    # The files of the run are not handed out again: only a person can know whether they should be.
    assert (await runner.pull(runner.scope())).rows_read == 0


async def test_a_run_that_did_not_say_how_it_ended_is_asked_about_at_its_destination(
    runner: Runner, customer: Customer
) -> None:
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    runner.points.armed = "push.after_commit"
    with pytest.raises(Died):
        await runner.push(scope, result)
    with pytest.raises(ApplicationError, match="still under way"):
        await runner.undo(scope.run_id)
    runner.over.runs.add(scope.run_id)
    assert (await runner.undo(scope.run_id)).removed == 1
    assert rows(customer) == Counter()


async def test_what_cannot_be_undone_says_why(runner: Runner, customer: Customer) -> None:
    nothing = runner.scope()
    with pytest.raises(ApplicationError, match="has loaded nothing, or it is not known any more"):
        await runner.undo(nothing.run_id)
    scope, result = await pulled(runner, customer, "id,name\n1,a\n")
    await runner.close(scope, result.window_id, "released")
    with pytest.raises(ApplicationError, match=r"The run has loaded nothing\. Nothing was changed\."):
        await runner.undo(scope.run_id)
    first = await loaded(runner, customer, "1,a\n")
    second = await loaded(runner, customer, "1,b\n")
    with pytest.raises(ApplicationError, match=f"run {second} has changed or replaced 1 row; undo that one first"):
        await runner.undo(first)
