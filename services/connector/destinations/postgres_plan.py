"""How rows fit a table: which columns in which types, judged before anything is copied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.data import LogicalType
from contracts.runs import ErrorType
from services.chassis.quoting import quoted
from services.connector.destinations.base import Load, LoadTable
from services.connector.failures import ConnectorError
from services.connector.formats.csv_types import wider
from services.connector.identifiers import fitting
from services.connector.kinds.postgres import PostgresTarget

if TYPE_CHECKING:
    import psycopg

MAX_COLUMNS = 1_599  # one less than the server's limit: a staged row also has its number

_TYPES: dict[LogicalType, str] = {
    LogicalType.BOOLEAN: "boolean",
    LogicalType.INTEGER: "bigint",
    LogicalType.FLOAT: "double precision",
    LogicalType.DECIMAL: "numeric(38,9)",
    LogicalType.STRING: "text",
    LogicalType.DATE: "date",
    LogicalType.TIME: "time",
    LogicalType.TIMESTAMP: "timestamp",
    LogicalType.TIMESTAMP_TZ: "timestamptz",
    LogicalType.BINARY: "bytea",
}
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '' OR a.attidentity = 'a'
  FROM pg_attribute a WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_UNIQUE = """
SELECT array_agg(a.attname::text ORDER BY a.attname)
  FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(num, ord)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
 WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   AND k.ord <= i.indnkeyatts
 GROUP BY i.indexrelid
"""


@dataclass(frozen=True)
class PlannedColumn:
    """A column of the load: its name in the data, its name in the table, and its type there."""

    name: str
    identifier: str
    type: str


@dataclass(frozen=True)
class Plan:
    """The table of a load."""

    target: PostgresTarget
    columns: tuple[PlannedColumn, ...]
    keys: tuple[str, ...]  # identifiers
    there: bool

    @property
    def table(self) -> str:
        """The table, quoted."""
        return quoted(fitting(self.target.schema_name), fitting(self.target.table))

    @property
    def spoken(self) -> str:
        """The table, for people."""
        return f"{self.target.schema_name}.{self.target.table}"

    @property
    def ordinal(self) -> str:
        """A name for the column of row numbers that no column of the load has."""
        taken = {column.identifier for column in self.columns}
        name = "modulardata_ordinal"
        while name in taken:
            name += "_"
        return name

    def of(self, table: LoadTable) -> list[PlannedColumn]:
        """The columns that one of the load's tables has, in its order."""
        by_name = {column.name: column for column in self.columns}
        return [by_name[name] for name in table.schema.names]

    def create(self) -> str:
        """The statement that makes the table, without its key."""
        parts = [f"{quoted(column.identifier)} {column.type}" for column in self.columns]
        return f"CREATE TABLE {self.table} ({', '.join(parts)})"


def plan(session: "psycopg.Connection[Any]", load: Load, where: str) -> Plan:
    """Compare the load with the table that is there; raises DESTINATION_REFUSED with the column it is about."""
    target = load.target
    assert isinstance(target, PostgresTarget)  # noqa: S101 - for the type checker
    logical = _columns(load.tables)
    missing = [key for key in load.keys if key not in logical]
    if load.mode == "upsert" and missing:
        raise _refused(where, f"the rows have no column {missing[0]!r}, which is named as a key")
    keys = tuple(fitting(key) for key in load.keys) if load.mode == "upsert" else ()
    table = quoted(fitting(target.schema_name), fitting(target.table))
    there = {row[0]: row[1:] for row in session.execute(_COLUMNS, (table,))}
    spoken = f"table {target.schema_name}.{target.table}"
    if not there:
        return Plan(target, _new_columns(session, target, logical, where), keys, there=False)
    columns = []
    for name in logical:
        identifier = fitting(name)
        if identifier not in there:
            raise _refused(where, f"{spoken} has no column {name!r}; add it, or drop it in a step of the module")
        type, _, made = there[identifier]
        if made:
            raise _refused(where, f"{spoken} makes the values of column {name!r} itself")
        columns.append(PlannedColumn(name, identifier, type))
    given = {column.identifier for column in columns}
    needed = [name for name, (_, needs, _) in there.items() if needs and name not in given]
    if needed:
        raise _refused(where, f"{spoken} needs a value in column {needed[0]!r}, which the rows do not have")
    if keys and sorted(keys) not in [row[0] for row in session.execute(_UNIQUE, (table,))]:
        raise _refused(
            where, f"{spoken} has no unique key of exactly {', '.join(load.keys)}, by which rows could be updated"
        )
    return Plan(target, tuple(columns), keys, there=True)


def _columns(tables: Sequence[LoadTable]) -> dict[str, LogicalType]:
    """All columns of all tables in the order in which they first appear."""
    found: dict[str, LogicalType] = {}
    for table in tables:
        for column in table.schema.columns:
            found[column.name] = wider(found.get(column.name), column.type) or column.type
    return found


def _new_columns(
    session: "psycopg.Connection[Any]", target: PostgresTarget, logical: dict[str, LogicalType], where: str
) -> tuple[PlannedColumn, ...]:
    row = session.execute("SELECT to_regnamespace(%s) IS NOT NULL", (quoted(fitting(target.schema_name)),)).fetchone()
    if not (row and row[0]):
        raise _refused(where, f"there is no schema {target.schema_name!r}")
    if len(logical) > MAX_COLUMNS:
        raise _refused(where, f"the rows have {len(logical)} columns, and at most {MAX_COLUMNS} can be loaded")
    return tuple(PlannedColumn(name, fitting(name), _TYPES[type]) for name, type in logical.items())


def _refused(where: str, sentence: str) -> ConnectorError:
    return ConnectorError(ErrorType.DESTINATION_REFUSED, f"{where}: {sentence}.")
