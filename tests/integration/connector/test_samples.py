"""With what it read, a pull gives the first rows as texts: those of the first file of each group that has any."""

import io
from datetime import date

import polars as pl
import pytest

from contracts.commands.connector import PulledGroup
from contracts.data import LogicalType
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_samples_are_texts_as_they_were_written(connected: Composed, customer: Customer) -> None:
    runner = Runner(connected, customer)
    customer.put("in/a.csv", "id;amount\n")
    customer.put("in/b.csv", "id;amount\n0001;1,50\n0002;NA\n")
    customer.put("in/c.csv", "id;amount\n0003;2,50\n")
    parquet = io.BytesIO()
    pl.DataFrame({"day": [date(2024, 2, 29), None], "share": [1.0, 0.5], "ok": [True, False]}).write_parquet(parquet)
    customer.put("in/d.parquet", parquet.getvalue())
    customer.put("in/e.jsonl", '{"n": 1, "s": ""}\n{"n": 2.5, "s": "x"}\n')
    pulled = await runner.pull(runner.scope(), "in/*")
    found = {group.objects[-1].key.rpartition("/")[2]: rows_of(runner, group) for group in pulled.groups}
    assert found == {
        "a.csv": [],
        "c.csv": [{"id": "0001", "amount": "1,50"}, {"id": "0002", "amount": "NA"}],
        "d.parquet": [
            {"day": "2024-02-29", "share": "1.0", "ok": "true"},
            {"day": None, "share": "0.5", "ok": "false"},
        ],
        "e.jsonl": [{"n": "1.0", "s": None}, {"n": "2.5", "s": "x"}],
    }
    with customer.warehouse() as session:
        session.execute("CREATE TABLE source (id int, at timestamptz, ok boolean, note text)")
        session.execute("INSERT INTO source VALUES (1, '2024-02-29 01:02:03Z', true, ''), (2, null, false, 'x')")
    table = (await runner.pull_table(runner.scope(), "source")).groups[0]
    assert rows_of(runner, table) == [
        {"id": "1", "at": "2024-02-29 01:02:03Z", "ok": "true", "note": None},
        {"id": "2", "at": None, "ok": "false", "note": "x"},
    ]


def rows_of(runner: Runner, group: PulledGroup) -> list[dict[str, str | None]]:
    assert group.sample is not None
    assert {column.type for column in group.sample.table_schema.columns} == {LogicalType.STRING}
    assert group.sample.table_schema.names == group.dataset.table_schema.names
    return runner.dataset(group.sample)
