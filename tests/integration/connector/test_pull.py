"""Pull: a slice is handed out once, recorded first, read whole; what is unreadable is named, the count is honest."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError

from contracts.commands.command import WindowRequest
from contracts.commands.connector import PullResult
from contracts.data import Column, LogicalType, ObjectVersion, Schema
from services.connector.formats.csv import CsvFormat
from services.connector.formats.registry import Formats
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def runner(connected: Composed, customer: Customer) -> Runner:
    return Runner(connected, customer)


def schema(**types: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(type)) for name, type in types.items()))


def keys(result: PullResult) -> list[str]:
    return [item.key.rpartition("/")[2] for group in result.groups for item in group.objects]


async def test_objects_of_one_kind_become_one_dataset_in_the_order_of_their_keys(
    runner: Runner, customer: Customer
) -> None:
    customer.put("in/b.csv", "id,name\n3,c\n4,d\n")
    customer.put("in/a.csv", "id,name\n1,a\n2,b\n")
    customer.put("in/other.csv", "id,name,more\n9,z,1\n")
    customer.put("in/semicolon.csv", "id;name\n7;x\n")
    customer.put("in/deeper/not.csv", "id,name\n5,e\n")
    customer.put("in/half.csv.filepart", "id,name\n")
    customer.put("in/_SUCCESS", "x")
    customer.put("in/nothing.csv", "")
    result = await runner.pull(runner.scope())
    assert [[item.key.rpartition("/")[2] for item in group.objects] for group in result.groups] == [
        ["a.csv", "b.csv"],
        ["other.csv"],
        ["semicolon.csv"],
    ]
    assert [row["id"] for row in runner.dataset(result.groups[0].dataset)] == [1, 2, 3, 4]
    assert result.groups[0].object_rows == (2, 2)
    assert result.rows_read == 6
    assert result.bytes_read == sum(item.size for group in result.groups for item in group.objects)
    assert runner.points.passed[0] == "pull.claimed"
    assert runner.points.passed[-1] == "pull.stored"
    deep = await runner.pull(runner.scope(), "in/**/*.csv")
    assert keys(deep) == ["not.csv"]


async def test_a_slice_is_handed_out_once_and_the_same_run_gets_it_again(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    first = runner.scope()
    one = await runner.pull(first)
    customer.put("in/b.csv", "id\n2\n")
    again = await runner.pull(first)
    assert (again.window_id, keys(again)) == (one.window_id, ["a.csv"])
    assert again.groups[0].dataset == one.groups[0].dataset
    second = await runner.pull(runner.scope())
    assert keys(second) == ["b.csv"]
    nothing = await runner.pull(runner.scope())
    assert nothing.window_id is not None
    assert (nothing.groups, nothing.rows_read) == ((), 0)


async def test_a_new_version_of_an_object_is_a_new_object(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    await runner.pull(runner.scope())
    customer.put("in/a.csv", "id\n2\n")
    assert runner.dataset((await runner.pull(runner.scope())).groups[0].dataset) == [{"id": 2}]


async def test_named_objects_are_claimed_and_no_others(runner: Runner, customer: Customer) -> None:
    etag = customer.put("in/a.csv", "id\n1\n")
    customer.put("in/b.csv", "id\n2\n")
    # The size in an event is whatever somebody wrote there.
    named = ObjectVersion(bucket=customer.bucket, key=f"{customer.prefix}/in/a.csv", etag=etag, size=1)
    result = await runner.pull(runner.scope(), objects=[named])
    assert keys(result) == ["a.csv"]
    repeated = await runner.pull(runner.scope(), objects=[named])
    assert repeated.groups == ()


async def test_released_objects_may_be_claimed_again_and_committed_ones_may_not(
    runner: Runner, customer: Customer
) -> None:
    customer.put("in/a.csv", "id\n1\n")
    first = runner.scope()
    await runner.pull(first)
    await runner.close(first, None, "released")
    second = runner.scope()
    taken = await runner.pull(second)
    assert keys(taken) == ["a.csv"]
    await runner.close(second, taken.window_id, "committed", 1)
    await runner.close(second, taken.window_id, "committed", 1)
    await runner.close(second, taken.window_id, "released")
    assert (await runner.pull(runner.scope())).groups == ()
    events = await runner.world.published("connector")
    committed = [body for name, body in events if name == "window.committed.v1"]
    assert [(body["run_id"], body["rows"]) for body in committed] == [(str(second.run_id), 1)]
    await runner.close(runner.scope(), None, "released")


async def test_two_runs_at_once_share_nothing(runner: Runner, customer: Customer) -> None:
    for number in range(8):
        customer.put(f"in/{number}.csv", f"id\n{number}\n")
    results = await asyncio.gather(*(runner.pull(runner.scope()) for _ in range(4)))
    claimed = [key for result in results for key in keys(result)]
    assert sorted(claimed) == [f"{number}.csv" for number in range(8)]


async def test_a_look_leaves_no_window_behind(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    looked = await runner.pull(runner.scope(), claim=False)
    assert looked.window_id is None
    assert keys(looked) == ["a.csv"]
    assert await runner.world.sql("SELECT 1 FROM connector.windows WHERE tenant = $1", runner.world.tenant) == []
    assert keys(await runner.pull(runner.scope())) == ["a.csv"]


async def test_the_claim_is_recorded_before_a_byte_is_read(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    runner.points.armed = "pull.claimed"
    first = runner.scope()
    with pytest.raises(Exception, match=r"pull\.claimed"):
        await runner.pull(first)
    held = await runner.world.sql(
        "SELECT key FROM connector.window_objects WHERE held AND tenant = $1", runner.world.tenant
    )
    assert [row["key"] for row in held] == [f"{customer.prefix}/in/a.csv"]
    assert "pull.spooled" not in runner.points.passed
    assert keys(await runner.pull(first)) == ["a.csv"]


async def test_an_object_that_changed_since_is_not_read_in_its_place(runner: Runner, customer: Customer) -> None:
    etag = customer.put("in/a.csv", "id\n1\n")
    customer.put("in/a.csv", "id\n2\n")
    named = ObjectVersion(bucket=customer.bucket, key=f"{customer.prefix}/in/a.csv", etag=etag, size=5)
    with pytest.raises(ApplicationError) as found:
        await runner.pull(runner.scope(), objects=[named])
    assert (found.value.type, found.value.non_retryable) == ("object_changed", True)


async def test_a_file_dropped_into_the_folder_of_the_bucket_is_read(runner: Runner, customer: Customer) -> None:
    customer.put("in/first.csv", "id\n1\n")
    (customer.state.landing / customer.prefix / "in" / "dropped.csv").write_text("id\n2\n")
    result = await runner.pull(runner.scope())
    assert keys(result) == ["dropped.csv", "first.csv"]
    assert (await runner.pull(runner.scope())).groups == ()


async def test_files_that_are_no_tables_are_named_and_the_others_go_on(runner: Runner, customer: Customer) -> None:
    customer.put("in/blank.csv", "\n\n")
    customer.put("in/cut.csv", "id,name\n1,a\n2")
    customer.put("in/good.csv", "id,name\n1,a\n2,b\n3,c,x\n4,d\n")
    customer.put("in/quote.csv", 'id,name\n1,"a\n')
    customer.put("in/broken.parquet", b"PAR1 nothing of the kind")
    customer.put("in/what.xyz", b"\x7fELF\x02\x01\x01" + bytes(64))
    result = await runner.pull(runner.scope(), "in/*")
    assert {item.object.key.rpartition("/")[2]: item.code for item in result.unreadable} == {
        "blank.csv": "empty",
        "cut.csv": "truncated",
        "quote.csv": "unterminated_quote",
        "broken.parquet": "truncated",
        "what.xyz": "binary",
    }
    assert keys(result) == ["good.csv"]
    assert [(rows.reason, rows.dataset.rows, rows.object) for rows in result.quarantined] == [
        ("too_many_fields", 1, f"{customer.prefix}/in/good.csv")
    ]
    assert runner.dataset(result.quarantined[0].dataset)[0]["raw"] == "3,c,x"
    assert result.rows_read == 4 == result.groups[0].dataset.rows + 1


async def test_expected_types_are_read_with(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id,amount\n" + "".join(f"{n},{n}\n" for n in range(50)) + "x,1\n")
    result = await runner.pull(runner.scope(), expected=schema(id="integer", amount="float"))
    assert [column.type.value for column in result.groups[0].dataset.table_schema.columns] == ["integer", "float"]
    assert [(rows.reason, rows.dataset.rows) for rows in result.quarantined] == [("bad_value", 1)]
    assert result.rows_read == 51


async def test_a_told_format_is_used(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.dat", "1|x\n2|y\n".encode("utf-16"))
    told = {"kind": "csv", "delimiter": "|", "encoding": "utf-16", "header": False}
    result = await runner.pull(runner.scope(), "in/*.dat", format=told)
    assert result.rows_read == 2
    assert result.groups[0].facts.encoding == "utf-16"


class Lying(CsvFormat):
    """Loses the last row of every batch."""

    def parse(self, *arguments: Any) -> Iterator[Any]:
        for batch in super().parse(*arguments):
            yield batch.slice(0, batch.num_rows - 1)


async def test_the_count_does_not_come_from_the_parser(connected: Composed, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n2\n3\n")
    honest = await Runner(connected, customer).pull(Runner(connected, customer).scope())
    assert honest.rows_read == honest.groups[0].dataset.rows == 3
    liar = Runner(connected, customer, formats=Formats((Lying(),)))
    lied = await liar.pull(liar.scope())
    assert lied.rows_read == 3
    assert lied.groups[0].dataset.rows == 2


async def test_a_connection_is_known_to_its_own_workspace_only(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    foreign = runner.scope().model_copy(update={"tenant": uuid4()})
    with pytest.raises(ApplicationError) as found:
        await runner.pull(foreign)
    assert found.value.type == "not_found"


async def test_a_selection_that_makes_no_sense_is_refused(runner: Runner) -> None:
    with pytest.raises(ApplicationError, match="/selection/path") as found:
        await runner.pull(runner.scope(), "../x")
    assert found.value.type == "configuration_invalid"


async def test_heartbeats_tell_how_far_it_is(runner: Runner, customer: Customer) -> None:
    customer.put("in/a.csv", "id\n1\n")
    await runner.pull(runner.scope())
    assert runner.heartbeats
    assert set(runner.heartbeats[0]) == {"rows", "bytes", "total_bytes", "point"}


async def test_files_set_aside_are_kept_and_a_released_one_is_read_from_there(
    runner: Runner, customer: Customer
) -> None:
    customer.put("in/a.csv", "id,name\n1,a\n")
    pulled = await runner.pull(runner.scope())
    kept = await runner.preserve(runner.scope(), pulled.groups[0].objects)
    customer.s3.delete_object(Bucket=customer.bucket, Key=f"{customer.prefix}/in/a.csv")
    entry = uuid4()
    window = WindowRequest(
        quarantine_entry=entry,
        preserved_uri=kept.uris[0],
        preserved_object=f"{customer.bucket}/{customer.prefix}/in/a.csv",
    )
    run = runner.scope()
    released = await runner.pull(run, window=window)
    assert released.groups[0].objects[0].key == f"{customer.prefix}/in/a.csv"
    assert released.groups[0].objects[0].bucket == customer.bucket
    assert runner.dataset(released.groups[0].dataset) == [{"id": 1, "name": "a"}]
    again = await runner.pull(run, window=window)
    assert again == released
    with pytest.raises(ApplicationError) as found:
        await runner.pull(runner.scope(), window=window)
    assert found.value.type == "lease_held"
    await runner.push(run, released)
    await runner.close(run, released.window_id, "committed", 1)
    late = await runner.pull(runner.scope(), window=window)
    assert late.groups == ()
