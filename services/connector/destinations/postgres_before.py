"""What a load overwrites in a table, kept in the transaction that overwrites it, for as long as the settings say."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from services.chassis.quoting import quoted
from services.connector.destinations.base import Load
from services.connector.destinations.postgres_ledger import SCHEMA, UNDO
from services.connector.destinations.postgres_plan import Plan

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]

UPSERT = "upsert"  # the savepoint in which rows are changed
_COLUMNS_AT_MOST = 1_600
_FACTS = """
SELECT c.relkind IN ('r', 'p'), pg_table_size(c.oid),
       ARRAY(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c WHERE c.oid = to_regclass(%s)
"""
# What is past its day goes, of any table; and of this one the oldest, until the rest is small enough.
_PRUNED = f"""
SELECT before FROM (
  SELECT before, kept_until, relation,
         sum(pg_total_relation_size(to_regclass(quote_ident('{SCHEMA}') || '.' || quote_ident(before))))
           OVER (PARTITION BY relation ORDER BY ordinal DESC) AS size
    FROM {UNDO} WHERE before IS NOT NULL) k
 WHERE kept_until < clock_timestamp() OR (size > %s AND relation = to_regclass(%s)::oid)
"""  # noqa: S608


@dataclass(frozen=True)
class Keeping:
    """For how long, and up to how many bytes for each table, what loads overwrite is kept. No days: not at all."""

    days: int = 7
    bytes: int = 4 << 30


@dataclass(frozen=True)
class Kept:
    """The table that holds what a load overwrote; `lost` says in a word why there is none though there should be."""

    table: str | None = None
    rows: int = 0
    lost: str | None = None

    def compared(self, changed: int) -> "Kept":
        """The same, if it is as many rows as were changed in the end."""
        if not changed and not self.rows:
            return NOTHING
        # Otherwise somebody wrote a row between the look and the change.
        return replace(self, lost="raced") if self.lost is None and self.rows != changed else self


NOTHING = Kept()


def origin_of(names: list[str]) -> str:
    """A name for the column that says which transaction had written a kept row: one that the table has not."""
    name = "modulardata_origin"
    while name in names:
        name += "_"
    return name


class Before:
    """Keeps what a load overwrites, and records by what its own rows are known."""

    def __init__(self, keeping: Keeping | None = None) -> None:
        self._keeping = keeping or Keeping()

    def of_upsert(self, session: "Session", planned: Plan, staging: str) -> Kept:
        """Keep the rows that the staged ones are going to change, and lock them until it is done.

        Within the savepoint that they are changed in: a lock of another one would cost each row a second number.
        """
        facts = session.execute(_FACTS, (planned.table,)).fetchone()
        refused = self._refused(facts, estimate=0)
        if refused is not None:
            return refused
        keys = " AND ".join(f"s.{quoted(key)} = t.{quoted(key)}" for key in planned.keys)
        return self._kept(
            session,
            UPSERT,
            lambda table: [
                f"CREATE TABLE {table} AS {self._rows(planned, facts)}"  # noqa: S608
                f" WHERE EXISTS (SELECT 1 FROM {staging} s WHERE {keys}) FOR UPDATE OF t"
            ],
        )

    def of_replace(self, session: "Session", planned: Plan) -> Kept:
        """Remove all rows of the table, and keep them."""
        facts = session.execute(_FACTS, (planned.table,)).fetchone()
        kept = self._refused(facts, estimate=facts[1] if facts else 0)
        if kept is None:
            origin = quoted(origin_of(facts[2])) if facts else ""
            session.execute("SAVEPOINT replace")
            kept = self._kept(
                session,
                "replace",
                lambda table: [
                    f"CREATE TABLE {table} AS {self._rows(planned, facts)} LIMIT 0",
                    # Not TRUNCATE: readers with an older snapshot would find nothing.
                    f"WITH gone AS (DELETE FROM {planned.table} t RETURNING t.*, t.xmin::text::bigint AS {origin})"  # noqa: S608
                    f" INSERT INTO {table} SELECT * FROM gone",
                ],
            )
            # Released, because rows that are written within a savepoint bear its number and not the transaction's.
            session.execute("RELEASE SAVEPOINT replace")
        if kept.lost is None:
            return kept
        return kept if session.execute(f"DELETE FROM {planned.table}").rowcount else NOTHING  # noqa: S608

    def record(self, session: "Session", load: Load, planned: Plan, kept: Kept, written: int, xid: int | None) -> None:
        """Note by what the load's rows are known, in their transaction; `xid` None: it is this transaction itself."""
        session.execute(
            f"INSERT INTO {UNDO} (workflow_id, stream, window_id, part, run_id, relation, keys,"  # noqa: S608
            " rows, xids, horizon, before, before_rows, lost, kept_until)"
            " SELECT %s, %s, %s, %s, %s, c.oid, %s, %s, ARRAY[coalesce(%s::bigint, txid_current() & 4294967295)],"
            " txid_current(), %s, %s, CASE WHEN c.relkind IN ('r', 'p') THEN %s::text ELSE 'no_table' END,"
            " clock_timestamp() + make_interval(days => %s)"
            " FROM pg_class c WHERE c.oid = to_regclass(%s)",
            (
                load.key.workflow_id,
                load.key.stream,
                load.key.window_id,
                load.key.part,
                load.run_id,
                list(planned.keys),
                written,
                xid,
                kept.table,
                kept.rows,
                kept.lost,
                self._keeping.days,
                planned.table,
            ),
        )

    def prune(self, session: "Session", planned: Plan) -> None:
        """Give up what is too old or too large; call it outside of a transaction. It is no part of any load."""
        import psycopg

        try:
            found = session.execute(_PRUNED, (self._keeping.bytes, planned.table)).fetchall()
            for (table,) in found:
                with session.transaction():
                    session.execute(
                        f"UPDATE {UNDO} SET before = NULL, lost = 'pruned' WHERE before = %s",  # noqa: S608
                        (table,),
                    )
                    session.execute(f"DROP TABLE IF EXISTS {quoted(SCHEMA, table)}")
        except psycopg.Error as error:
            # The load is done, and the next one tries this again.
            structlog.get_logger().warning("undo_not_pruned", cause=type(error).__name__)

    def _refused(self, facts: tuple[Any, ...] | None, estimate: int) -> Kept | None:
        """Why nothing is kept, if so."""
        if not self._keeping.days:
            return Kept(lost="off")
        if facts is None or not facts[0] or len(facts[2]) >= _COLUMNS_AT_MOST:
            return Kept(lost="no_table")
        return Kept(lost="too_large") if estimate > self._keeping.bytes else None

    def _rows(self, planned: Plan, facts: Any) -> str:
        return f"SELECT t.*, t.xmin::text::bigint AS {quoted(origin_of(facts[2]))} FROM {planned.table} t"  # noqa: S608

    def _kept(self, session: "Session", savepoint: str, statements: Callable[[str], list[str]]) -> Kept:
        import psycopg.errors

        name = f"before_{secrets.token_hex(12)}"
        try:
            rows = 0
            for statement in statements(quoted(SCHEMA, name)):
                rows = session.execute(statement).rowcount
        except (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.ProgramLimitExceeded,
            psycopg.errors.FeatureNotSupported,
        ):
            # A load that could do without this before does so now, and says so when it is to be undone.
            session.execute(f"ROLLBACK TO SAVEPOINT {savepoint}")
            return Kept(lost="not_permitted")
        if not rows:
            session.execute(f"DROP TABLE {quoted(SCHEMA, name)}")
            return NOTHING
        return Kept(name, rows)
