"""DuckDB as a second opinion: it shares no code with the runner. Rows go in and out through Arrow."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import duckdb

from contracts.data import LogicalType, Schema
from tests.unit.transform.evaluating import frame

_TYPES = {
    LogicalType.INTEGER: "BIGINT",
    LogicalType.FLOAT: "DOUBLE",
    LogicalType.DECIMAL: "DECIMAL(38,9)",
    LogicalType.STRING: "VARCHAR",
    LogicalType.BOOLEAN: "BOOLEAN",
    LogicalType.DATE: "DATE",
    LogicalType.TIMESTAMP: "TIMESTAMP",
}


def ask(table: Schema, rows: Sequence[Sequence[Any]], query: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers; the table is `t`, and `n` is the number of a row."""
    with _database().cursor() as connection:
        names = ", ".join(f"{quoted(column.name)} {_TYPES[column.type]}" for column in table.columns)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE t (n BIGINT, {names})")
        numbered = frame(table, rows).with_row_index("the number of a row")
        connection.register("given", numbered.to_arrow())
        connection.execute("INSERT INTO t SELECT * FROM given")
        return connection.execute(query).fetchall()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 1")
    return connection


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
