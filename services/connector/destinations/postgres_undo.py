"""Takes a load out of a table again, within the caller's transaction: exactly, or not at all and with the reason.

Rows are known by the transaction that wrote them last (`xmin`), which the load recorded. Whoever touched one since left
another number on it, so what is found is exactly what nobody has touched. A row that is put back gets the number of the
undoing; the load that had written it is told that number, so that it can be undone in its turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.chassis.quoting import quoted
from services.connector.destinations.base import Undo, Undone
from services.connector.destinations.postgres_before import origin_of
from services.connector.destinations.postgres_ledger import LEDGER, SCHEMA, UNDO
from services.connector.failures import UndoRefused
from services.connector.identifiers import fitting
from services.connector.kinds.postgres import PostgresTarget

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]

_WINDOW = "workflow_id = %s AND stream = %s AND window_id = %s"
# A row's number has 32 bits: after so many transactions another one may have the same.
_HORIZON = 1 << 31
_LOST = {
    "off": "this platform is set to keep nothing of what loads overwrite",
    "no_table": "it is a view or a table of another server, whose rows cannot be told apart",
    "too_large": "what it replaced was larger than what may be kept",
    "pruned": "what it overwrote is not kept any more",
    "not_permitted": "the database user could not keep what it overwrote",
    "raced": "somebody else wrote the same rows while it loaded",
}
# Columns that can be written, and those that can be set but not changed.
_COLUMNS = """
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', a.attidentity = 'a'
  FROM pg_attribute a WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CASCADES = """
SELECT conrelid::regclass::text FROM pg_constraint
 WHERE contype = 'f' AND confrelid = %s AND confdeltype NOT IN ('a', 'r') LIMIT 1
"""


@dataclass(frozen=True)
class _Record:
    """What a load noted for this day."""

    part: str
    ordinal: int
    run_id: UUID
    relation: int
    keys: list[str]
    rows: int
    xids: list[int]
    horizon: int
    before: str | None
    before_rows: int
    lost: str | None
    undone_by: UUID | None
    removed: int | None
    restored: int | None


def take_back(session: "Session", undo: Undo, where: str) -> Undone:
    """Undo all loads of a window, the last one first; raises UndoRefused."""
    import psycopg.errors

    records = _records(session, undo)
    if not records:
        raise UndoRefused(f"{where}: {_unknown(session, undo)}")
    earlier = records[0].undone_by
    if earlier is not None:
        if earlier != undo.run_id:
            raise UndoRefused(f"{where}: run {earlier} has undone it already")
        return Undone(
            sum(record.removed or 0 for record in records),
            sum(record.restored or 0 for record in records),
            already=True,
        )
    assert isinstance(undo.target, PostgresTarget)  # noqa: S101 - for the type checker
    table = _Table(session, where, undo.target)
    done = []
    while records:
        # Each is read when it is its turn: the undoing of a later part says where rows of an earlier one are now.
        record = records[0]
        try:
            one = _Taking(table, record).run()
        except psycopg.errors.IntegrityError as error:
            name = error.diag.constraint_name
            named = f" (constraint {name!r})" if name else ""
            raise UndoRefused(
                f"{where}: {table.spoken} has rows by now that need what the run wrote, or stand where rows would be "
                f"put back{named}"
            ) from None
        session.execute(
            f"UPDATE {UNDO} SET undone_by = %s, undone_at = clock_timestamp(), removed = %s, restored = %s,"  # noqa: S608
            f" before = NULL WHERE {_WINDOW} AND part = %s",
            (undo.run_id, one.removed, one.restored, undo.workflow_id, undo.stream, undo.window_id, record.part),
        )
        done.append(one)
        records = [other for other in _records(session, undo) if other.undone_by is None]
    return Undone(sum(one.removed for one in done), sum(one.restored for one in done))


def _records(session: "Session", undo: Undo) -> list[_Record]:
    found = session.execute(
        "SELECT part, ordinal, run_id, relation::bigint, keys, rows, xids, horizon, before, before_rows, lost,"  # noqa: S608
        f" undone_by, removed, restored FROM {UNDO} WHERE {_WINDOW} ORDER BY ordinal DESC FOR UPDATE",
        (undo.workflow_id, undo.stream, undo.window_id),
    ).fetchall()
    return [_Record(*row) for row in found]


def _unknown(session: "Session", undo: Undo) -> str:
    there = session.execute(
        f"SELECT 1 FROM {LEDGER} WHERE {_WINDOW}",  # noqa: S608
        (undo.workflow_id, undo.stream, undo.window_id),
    ).fetchone()
    return "it was loaded before loads could be undone" if there else "nothing of this run was ever loaded"


class _Table:
    """The table as it stands, which nobody else changes until the transaction ends."""

    def __init__(self, session: "Session", where: str, target: PostgresTarget) -> None:
        self.session = session
        self.where = where
        self.spoken = f"table {target.schema_name}.{target.table}"
        self.name = quoted(fitting(target.schema_name), fitting(target.table))
        row = session.execute("SELECT to_regclass(%s)::oid::bigint", (self.name,)).fetchone()
        self.oid: int | None = row[0] if row else None

    def lock(self) -> None:
        """Let others read and nobody write."""
        self.session.execute(f"LOCK TABLE {self.name} IN SHARE ROW EXCLUSIVE MODE")

    def refused(self, reason: str) -> UndoRefused:
        """A refusal that says where."""
        return UndoRefused(f"{self.where}: {reason}")

    def value(self, query: str, *values: Any) -> Any:
        """The first field of the first row."""
        # Without values nothing is looked for in the text, in which names may hold a percent sign.
        row = self.session.execute(query, values or None).fetchone()
        return row[0] if row else None


class _Taking:
    """One load that is taken back."""

    def __init__(self, table: _Table, record: _Record) -> None:
        self._table = table
        self._session = table.session
        self._record = record
        self._before = quoted(SCHEMA, record.before) if record.before else None

    def run(self) -> Undone:
        """Look whether it can be done, and do it."""
        record, table = self._record, self._table
        gone = self._before is not None and table.value("SELECT to_regclass(%s) IS NULL", self._before)
        lost = record.lost or ("pruned" if gone else None)
        if lost is not None:
            raise table.refused(f"the load cannot be undone: {_LOST.get(lost, lost)}")
        if table.oid != record.relation:
            raise table.refused(f"{table.spoken} is not the one that was loaded: it was removed or made anew")
        table.lock()
        self._check_untouched()
        if not record.rows and not record.before_rows:
            return Undone(0, 0)
        cascading = table.value(_CASCADES, record.relation)
        if cascading is not None:
            raise table.refused(f"rows of {cascading} would go or change along with those of {table.spoken}")
        names, changeable = self._columns()
        removed = self._remove()
        return Undone(removed, self._restore(names, changeable) if self._before else 0)

    def _check_untouched(self) -> None:
        """Raise UndoRefused when not every row is there as the load wrote it, saying who it was."""
        record, table = self._record, self._table
        if table.value("SELECT txid_current()") - record.horizon >= _HORIZON:
            raise table.refused("so much was done in the database since that the load's rows cannot be told apart")
        there = table.value(f"SELECT count(*) FROM {table.name} WHERE xmin = {_any(record.xids, 'xid')}")  # noqa: S608
        if there == record.rows:
            return
        reasons, missing = [], record.rows - there
        for run, before, names in self._later():
            among = f"{quoted(origin_of(names))} = {_any(record.xids, 'bigint')}"
            touched = table.value(f"SELECT count(*) FROM {before} WHERE {among}")  # noqa: S608
            if touched:
                reasons.append(f"run {run} has changed or replaced {_rows(touched)}; undo that one first")
                missing -= touched
        if missing > 0:
            was = "was" if missing == 1 else "were"
            reasons.append(f"{_rows(missing)} {was} changed or removed since by somebody else, or by a run that is not")
            reasons[-1] += " remembered any more"
        raise table.refused(f"of the {_rows(record.rows)} of the load in {table.spoken}, " + " and ".join(reasons))

    def _later(self) -> list[tuple[UUID, str, list[str]]]:
        """Later loads of this table with what they overwrote."""
        found = self._session.execute(
            f"SELECT run_id, before FROM {UNDO} WHERE relation = %s AND ordinal > %s AND before IS NOT NULL"  # noqa: S608
            " ORDER BY ordinal DESC",
            (self._record.relation, self._record.ordinal),
        ).fetchall()
        tables = [(run, quoted(SCHEMA, name)) for run, name in found]
        later = [(run, before, self._names_of(before)) for run, before in tables]
        return [one for one in later if one[2]]

    def _names_of(self, before: str) -> list[str]:
        """The names of a kept table's columns without the last one, which says where a row came from."""
        oid = self._table.value("SELECT to_regclass(%s)::oid::bigint", before)
        return [row[0] for row in self._session.execute(_COLUMNS, (oid,))][:-1]

    def _columns(self) -> tuple[list[str], list[str]]:
        """The columns to put back, and those of them that a change can set; raises UndoRefused if they changed."""
        record, table = self._record, self._table
        if self._before is None:
            return [], []
        now = self._session.execute(_COLUMNS, (record.relation,)).fetchall()
        oid = table.value("SELECT to_regclass(%s)::oid::bigint", self._before)
        then = self._session.execute(_COLUMNS, (oid,)).fetchall()[:-1]
        if sorted(column[:2] for column in now) != sorted(column[:2] for column in then):
            raise table.refused(f"the columns of {table.spoken} are others than at the time of the load")
        names = [name for name, _, made, _ in now if not made]
        return names, [name for name, _, made, fixed in now if not (made or fixed or name in record.keys)]

    def _remove(self) -> int:
        """Remove the rows that were not there before."""
        record = self._record
        # After an upsert, those whose key was there before stay where they are: others may refer to them.
        stays = ""
        if self._before and record.keys:
            stays = f" AND NOT EXISTS (SELECT 1 FROM {self._before} b WHERE {_same(record.keys)})"  # noqa: S608
        return self._session.execute(
            f"DELETE FROM {self._table.name} t WHERE t.xmin = {_any(record.xids, 'xid')}{stays}"  # noqa: S608
        ).rowcount

    def _restore(self, names: list[str], changeable: list[str]) -> int:
        """Put back what was there, load by load, so that each of them finds its rows again."""
        record, table = self._record, self._table
        origin = quoted(origin_of(self._names_of(self._before or "")))
        origins = [row[0] for row in self._session.execute(f"SELECT DISTINCT {origin} FROM {self._before}")]  # noqa: S608
        earlier = self._session.execute(
            f"SELECT ordinal, xids FROM {UNDO} WHERE relation = %s AND undone_by IS NULL AND xids && %s::bigint[]"  # noqa: S608
            " ORDER BY ordinal",
            (record.relation, origins),
        ).fetchall()
        known = {xid for _, xids in earlier for xid in xids}
        restored, written = self._put(names, changeable, origin, [xid for xid in origins if xid not in known])
        for ordinal, xids in earlier:
            # A savepoint has a number of its own, and so have the rows that are written in it.
            self._session.execute("SAVEPOINT restored")
            rows, by = self._put(names, changeable, origin, xids)
            self._session.execute("RELEASE SAVEPOINT restored")
            self._session.execute(
                f"UPDATE {UNDO} SET xids = xids || %s::bigint[] WHERE relation = %s AND ordinal = %s",  # noqa: S608
                (by, record.relation, ordinal),
            )
            restored, written = restored + rows, written + by
        columns = ", ".join(map(quoted, names))
        differing = table.value(
            f"SELECT count(*) FROM (SELECT b::text FROM (SELECT {columns} FROM {self._before}) b EXCEPT ALL"  # noqa: S608
            f" SELECT t::text FROM (SELECT {columns} FROM {table.name} WHERE xmin = {_any(written, 'xid')}) t) d"
        )
        if restored != record.before_rows or differing:
            raise table.refused(f"{table.spoken} does not take back every row as it was: a rule or trigger")
        self._session.execute(f"DROP TABLE {self._before}")
        return restored

    def _put(self, names: list[str], changeable: list[str], origin: str, xids: Sequence[int]) -> tuple[int, list[int]]:
        """Put back the rows that these transactions had written; how many, and the number they bear now."""
        table, before = self._table.name, self._before
        if not xids:
            return 0, []
        if self._record.keys:
            sets = ", ".join(f"{quoted(name)} = b.{quoted(name)}" for name in changeable or self._record.keys[:1])
            change = f"UPDATE {table} t SET {sets} FROM {before} b WHERE {_same(self._record.keys)} AND"  # noqa: S608
        else:
            columns = ", ".join(map(quoted, names))
            values = ", ".join(f"b.{quoted(name)}" for name in names)
            change = (
                f"INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {before} b WHERE"  # noqa: S608
            )
        row = self._session.execute(
            f"WITH put AS ({change} b.{origin} = {_any(xids, 'bigint')} RETURNING t.xmin::text::bigint AS xid)"  # noqa: S608
            " SELECT count(*), array_agg(DISTINCT xid) FROM put"
        ).fetchone()
        return (row[0], row[1] or []) if row else (0, [])


def _same(keys: Sequence[str]) -> str:
    return " AND ".join(f"t.{quoted(key)} = b.{quoted(key)}" for key in keys)


def _any(xids: Sequence[int], type: str) -> str:
    return f"ANY('{{{','.join(str(int(xid)) for xid in xids)}}}'::{type}[])"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
