"""Reads tables from PostgreSQL: one snapshot for the bounds and the rows, copied out as text without loss."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from contracts.data import Column, LogicalType, Schema
from contracts.runs import ErrorType
from services.chassis.quoting import quoted
from services.connector.clients.postgres import PostgresClient
from services.connector.failures import ConnectorError
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.postgres import POSTGRES, PostgresSelection
from services.connector.progress import Progress
from services.connector.sources.base import (
    Bounds,
    Discovered,
    DiscoveredColumn,
    DiscoveredStream,
    SpooledTable,
    TableSlice,
    TableSource,
)

if TYPE_CHECKING:
    import psycopg

_LOGICAL: dict[str, LogicalType] = {
    "bool": LogicalType.BOOLEAN,
    "int2": LogicalType.INTEGER,
    "int4": LogicalType.INTEGER,
    "int8": LogicalType.INTEGER,
    "oid": LogicalType.INTEGER,
    "float4": LogicalType.FLOAT,
    "float8": LogicalType.FLOAT,
    "date": LogicalType.DATE,
    "time": LogicalType.TIME,
    "timestamp": LogicalType.TIMESTAMP,
    "timestamptz": LogicalType.TIMESTAMP_TZ,
    "bytea": LogicalType.BINARY,
}
# A table of one column would have empty lines for its nulls; this column keeps them from being none.
_KEEPER = "modulardata keeps the line"

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), b.typname,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attnotnull
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
 WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
_TABLES = """
SELECT n.nspname, c.relname, c.oid
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND left(n.nspname || '.' || c.relname, %s) = %s
   AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
 ORDER BY 1, 2 LIMIT %s
"""
_ATTRIBUTES = """
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), b.typname,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END, a.attnotnull
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
 WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum
"""
_KEYS = """
SELECT i.indrelid, array_agg(a.attname ORDER BY k.ord)
  FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(num, ord)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
 WHERE i.indrelid = ANY(%s) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND k.ord <= i.indnkeyatts
 GROUP BY i.indrelid, i.indexrelid, i.indisprimary ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid
"""


@dataclass(frozen=True)
class TableColumn:
    """A column as the catalogue describes it."""

    name: str
    declared: str  # as SQL writes it
    base: str
    modifier: int
    needed: bool

    @property
    def logical(self) -> LogicalType:
        """The logical type that holds every value of the column; text where no other does."""
        if self.base == "numeric" and self.modifier >= 4:
            precision, scale = (self.modifier - 4) >> 16, (self.modifier - 4) & 0x7FF
            if scale <= 9 and precision - scale <= 29:
                return LogicalType.DECIMAL
        return _LOGICAL.get(self.base, LogicalType.STRING)


def columns_of(session: "psycopg.Connection[Any]", schema: str, table: str) -> list[TableColumn]:
    """The columns of a table in their order; empty when there is no such table."""
    rows = session.execute(_COLUMNS, (quoted(schema, table),)).fetchall()
    return [TableColumn(*row) for row in rows]


class PostgresSource(TableSource):
    """A database to read from."""

    spec: ClassVar[Kind] = POSTGRES

    def __init__(self, client: PostgresClient) -> None:
        self._client = client

    def check(self) -> None:
        """Log in and ask something."""
        with self._client.session(read_only=True) as session:
            session.execute("SELECT 1")

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Tables that may be read, with their columns and unique keys; `prefix` begins `schema.table`."""
        with self._client.session(read_only=True) as session:
            tables = session.execute(_TABLES, (len(prefix), prefix, limit + 1)).fetchall()
            more, tables = len(tables) > limit, tables[:limit]
            oids = [row[2] for row in tables]
            columns: dict[int, list[TableColumn]] = {oid: [] for oid in oids}
            for oid, *column in session.execute(_ATTRIBUTES, (oids,)):
                columns[oid].append(TableColumn(*column))
            keys: dict[int, list[tuple[str, ...]]] = {oid: [] for oid in oids}
            for oid, names in session.execute(_KEYS, (oids,)):
                keys[oid].append(tuple(names))
        streams = [
            DiscoveredStream(
                name=f"{schema}.{table}",
                selection={"schema": schema, "table": table},
                columns=tuple(
                    DiscoveredColumn(column.name, column.logical.value, column.declared, not column.needed)
                    for column in columns[oid]
                ),
                keys=tuple(keys[oid]),
            )
            for schema, table, oid in tables
        ]
        return Discovered(tuple(streams), more=more)

    @contextmanager
    def open(self, selection: Document, after: str | None, known: Bounds | None = None) -> Iterator[TableSlice]:
        """A slice in one read-only snapshot: the upper bound and the rows see the same moment."""
        import psycopg

        assert isinstance(selection, PostgresSelection)  # noqa: S101 - for the type checker
        with self._client.session(read_only=True, autocommit=False) as session:
            session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            columns = columns_of(session, selection.schema_name, selection.table)
            if not columns:
                raise ConnectorError(
                    ErrorType.NOT_FOUND,
                    f"{self._client.where}: there is no table {selection.schema_name}.{selection.table}.",
                )
            cursor = self._cursor_column(selection, columns)
            bounds = known
            if bounds is None:
                bounds = Bounds() if cursor is None else Bounds(after, _highest(session, selection, cursor, after))
            yield _Slice(session, selection, columns, cursor, bounds)
            session.rollback()

    def _cursor_column(self, selection: PostgresSelection, columns: list[TableColumn]) -> TableColumn | None:
        if selection.cursor is None:
            return None
        found = next((column for column in columns if column.name == selection.cursor), None)
        if found is None:
            raise ConnectorError(
                ErrorType.NOT_FOUND,
                f"{self._client.where}: {selection.schema_name}.{selection.table} has no column {selection.cursor!r}.",
            )
        return found


class _Slice(TableSlice):
    def __init__(
        self,
        session: "psycopg.Connection[Any]",
        selection: PostgresSelection,
        columns: list[TableColumn],
        cursor: TableColumn | None,
        bounds: Bounds,
    ) -> None:
        self._session = session
        self._selection = selection
        self._columns = columns
        self._cursor = cursor
        self.bounds = bounds

    def spool(self, path: Path, progress: Progress, limit: int | None = None) -> SpooledTable:
        """Copy the rows out as text."""
        names = [quoted(column.name) for column in self._columns]
        if len(names) == 1:
            names.append(f"true AS {quoted(_KEEPER)}")
        table = quoted(self._selection.schema_name, self._selection.table)
        query = f"SELECT {', '.join(names)} FROM {table}{self._where()}"  # noqa: S608
        if limit is not None:
            query += f" LIMIT {limit:d}"
        done = 0
        with path.open("wb", buffering=1 << 20) as file:
            cursor = self._session.cursor()
            with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER true)") as copy:
                for data in copy:
                    file.write(data)
                    done += len(data)
                    if done >= 1 << 20:
                        progress.add(bytes=done)
                        done = 0
            progress.add(bytes=done)
            rows = cursor.rowcount
        columns = [Column(name=column.name, type=column.logical) for column in self._columns]
        return SpooledTable(path=path, schema=Schema(columns=tuple(columns)), rows=rows, bytes=path.stat().st_size)

    def _where(self) -> str:
        if self._cursor is None:
            return ""
        if self.bounds.upper is None:
            return " WHERE false"
        name, type = quoted(self._cursor.name), self._cursor.declared
        parts = [f"{name} <= {_literal(self._session, self.bounds.upper)}::{type}"]
        if self.bounds.lower is not None:
            parts.append(f"{name} > {_literal(self._session, self.bounds.lower)}::{type}")
        return f" WHERE {' AND '.join(parts)} ORDER BY {name}"


def _highest(
    session: "psycopg.Connection[Any]", selection: PostgresSelection, cursor: TableColumn, after: str | None
) -> str | None:
    """The highest value of the cursor column in this snapshot, above what was read before; None: nothing is."""
    name, table = quoted(cursor.name), quoted(selection.schema_name, selection.table)
    where = "" if after is None else f" WHERE {name} > {_literal(session, after)}::{cursor.declared}"
    row = session.execute(f"SELECT max({name})::text FROM {table}{where}").fetchone()  # noqa: S608
    found: str | None = row[0] if row else None
    return found


def _literal(session: "psycopg.Connection[Any]", value: str) -> str:
    """A value in the text of a statement, escaped by the driver: COPY takes no parameters, and names may hold `%`."""
    import psycopg.sql

    return psycopg.sql.quote(value, session)
