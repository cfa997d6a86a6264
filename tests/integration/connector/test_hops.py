"""A circle of workflows that nobody could see when they were saved ends by itself, in a real bucket."""

from typing import Any

import pytest

from contracts.commands.connector import PullResult, PushInput
from contracts.workflow import DestinationDefinition
from services.connector import hops as counted
from services.connector.hops import MAX_HOPS
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def carried(runner: Runner, reads: str, writes: str, *, counts: bool = True) -> PullResult:
    """One run: from one prefix of the bucket to another; what it pulled. It counts, or it forgets."""
    scope = runner.scope()
    pulled = await runner.pull(scope, reads)
    if pulled.groups:
        assert pulled.window_id is not None
        await runner.activity(
            "connector.push",
            PushInput(
                scope=scope,
                destination=DestinationDefinition(
                    connection="landing", target={"prefix": f"{runner.customer.prefix}/{writes}"}
                ),
                stream="main",
                window_id=pulled.window_id,
                datasets=tuple(group.dataset for group in pulled.groups),
                hops=pulled.hops if counts else 0,
            ),
        )
    await runner.close(scope, pulled.window_id)
    return pulled


def metadata(customer: Customer, prefix: str) -> list[dict[str, Any]]:
    found = customer.s3.list_objects_v2(Bucket=customer.bucket, Prefix=f"{customer.prefix}/{prefix}/parts/")
    return [customer.s3.head_object(Bucket=customer.bucket, Key=item["Key"])["Metadata"] for item in found["Contents"]]


async def test_rows_that_go_round_are_set_aside_and_say_so(connected: Composed, customer: Customer) -> None:
    customer.put("in/a.csv", b"n\n1\n2\n")
    reads = "in/*.csv"
    for number in range(MAX_HOPS + 1):
        # Each stands for a workflow of the circle; a prefix of its own, for equal content is not written twice.
        pulled = await carried(Runner(connected, customer), reads, f"round-{number}")
        assert (pulled.rows_read, pulled.hops, pulled.unreadable) == (2, number, ())
        assert metadata(customer, f"round-{number}") == [{counted.METADATA: str(number + 1)}]
        reads = f"round-{number}/parts/*.parquet"
    last = await carried(Runner(connected, customer), reads, "never")
    assert (last.groups, last.rows_read) == ((), 0)
    (refused,) = last.unreadable
    assert refused.code == "trigger_loop"
    assert "workflows feed one another in a circle" in refused.message


async def test_the_longest_way_counts_and_others_files_are_read(connected: Composed, customer: Customer) -> None:
    for name, hops in (("a", "2"), ("b", "5"), ("c", "9"), ("d", "no number")):
        customer.s3.put_object(
            Bucket=customer.bucket,
            Key=f"{customer.prefix}/in/{name}.csv",
            Body=b"n\n1\n",
            Metadata={counted.METADATA: hops},
        )
    pulled = await carried(Runner(connected, customer), "in/*.csv", "out")
    assert (pulled.hops, pulled.rows_read) == (5, 3)
    assert [item.object.key.rpartition("/")[2] for item in pulled.unreadable] == ["c.csv"]
    assert metadata(customer, "out") == [{counted.METADATA: "6"}]


async def test_without_the_count_rows_go_round_for_ever(connected: Composed, customer: Customer) -> None:
    """The guard, seen red: runs that do not hand on what they read."""
    customer.put("in/a.csv", b"n\n1\n2\n")
    reads = "in/*.csv"
    for number in range(MAX_HOPS + 4):
        pulled = await carried(Runner(connected, customer), reads, f"round-{number}", counts=False)
        assert (pulled.rows_read, pulled.unreadable) == (2, ())
        reads = f"round-{number}/parts/*.parquet"
