"""Writes to PostgreSQL: rows go to a staging table of the attempt, then everything happens in one transaction."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from contracts.runs import ErrorType
from services.chassis.quoting import quoted
from services.connector.clients.postgres import PostgresClient
from services.connector.destinations.base import Destination, Load, Loaded, LoadKey, Undo, Undone
from services.connector.destinations.postgres_before import NOTHING, UPSERT, Before, Kept
from services.connector.destinations.postgres_ledger import Fence, Ledger, prepare
from services.connector.destinations.postgres_plan import Plan, plan
from services.connector.destinations.postgres_rows import copy_text
from services.connector.destinations.postgres_undo import take_back
from services.connector.failures import ConnectorError
from services.connector.kinds.base import Document, Kind
from services.connector.kinds.postgres import POSTGRES
from services.connector.progress import Progress
from services.connector.sources.base import Discovered
from services.connector.sources.postgres import PostgresSource

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]


class PostgresDestination(Destination):
    """A database to write to. `ledger` and `fence` make a second write of a window harmless, `before` its undoing."""

    spec: ClassVar[Kind] = POSTGRES

    def __init__(
        self,
        client: PostgresClient,
        ledger: Ledger | None = None,
        fence: Fence | None = None,
        before: Before | None = None,
    ) -> None:
        self._client = client
        self._ledger = ledger or Ledger()
        self._fence = fence or Fence()
        self._before = before or Before()

    def check(self) -> None:
        """Log in and ask something."""
        with self._client.session() as session:
            session.execute("SELECT 1")

    def discover(self, prefix: str = "", limit: int = 1_000) -> Discovered:
        """Tables that are there."""
        return PostgresSource(self._client).discover(prefix, limit)

    def write(self, load: Load, progress: Progress) -> Loaded:
        """Load everything or nothing, once."""
        progress.expect(load.bytes)
        with self._client.session() as session:
            prepare(session, self._client.where)
            done = self._ledger.read(session, load.key)
            if done is not None:
                return done
            planned = plan(session, load, self._client.where)
            staging = self._stage(session, load, planned, progress)
            progress.reached("push.staged")
            loaded = self._load(session, load, planned, staging, progress)
            self._before.prune(session, planned)
            return loaded

    def settle(self, key: LoadKey, epoch: int, target: Document) -> Loaded | None:
        """Shut out every attempt below this epoch, and say whether the window was loaded."""
        with self._client.session() as session:
            prepare(session, self._client.where)
            with session.transaction():
                self._fence.shut(session, key, epoch)
                return self._ledger.read(session, key)

    def undo(self, undo: Undo, progress: Progress) -> Undone:
        """Take a window out again, everything or nothing, once."""
        with self._client.session() as session:
            prepare(session, self._client.where)
            session.execute("BEGIN")
            self._fence.pass_(session, undo.key(""), undo.epoch)
            undone = take_back(session, undo, self._client.where)
            progress.reached("undo.taken_back")
            progress.reached("undo.before_commit")
            session.execute("ROLLBACK" if undo.dry_run or undone.already else "COMMIT")
            progress.reached("undo.after_commit")
            return undone

    def _stage(self, session: "Session", load: Load, planned: Plan, progress: Progress) -> str:
        """Copy the rows into a table that only this session sees and that ends with it."""
        staging = quoted("pg_temp", f"staging_{load.run_id.hex}_{load.attempt}_{load.epoch}")
        parts = [
            f"{quoted(column.identifier)} {column.type}" + (" NOT NULL" if column.identifier in planned.keys else "")
            for column in planned.columns
        ]
        session.execute(f"CREATE TEMPORARY TABLE {staging} ({', '.join(parts)}, {quoted(planned.ordinal)} bigint)")
        copied = 0
        for table in load.tables:
            columns = planned.of(table)
            names = ", ".join(quoted(name) for name in [*(column.identifier for column in columns), planned.ordinal])
            with session.cursor() as cursor:
                with cursor.copy(f"COPY {staging} ({names}) FROM STDIN (FORMAT csv)") as copy:
                    for text in copy_text(table.parts, tuple(column.name for column in columns), copied, progress):
                        copy.write(text)
                copied += cursor.rowcount
        if copied != load.rows:
            raise ConnectorError(
                ErrorType.DATASET_CORRUPT, f"{self._client.where}: {copied} rows were copied, {load.rows} are to load."
            )
        return staging

    def _load(self, session: "Session", load: Load, planned: Plan, staging: str, progress: Progress) -> Loaded:
        import psycopg

        session.execute("BEGIN")
        # Whoever is behind waits here for the one who is loading, and sees its ledger row afterwards.
        self._fence.pass_(session, load.key, load.epoch)
        done = self._ledger.read(session, load.key)
        if done is not None:
            session.execute("ROLLBACK")
            return done
        if not planned.there:
            self._create(session, planned)
        loaded, kept, xid = self._merge(session, load, planned, staging)
        if loaded.inserted + loaded.updated + loaded.deduplicated != load.rows:
            raise ConnectorError(
                ErrorType.DESTINATION_REFUSED,
                f"{self._client.where}: table {planned.spoken} did not take every row: a rule or trigger.",
            )
        self._ledger.write(session, load, planned.spoken, loaded)
        self._before.record(session, load, planned, kept, loaded.inserted + loaded.updated, xid)
        progress.reached("push.ledger_written")
        progress.reached("push.before_commit")
        try:
            session.execute("COMMIT")
        except (psycopg.OperationalError, psycopg.InterfaceError):
            # Nobody can say from here whether it happened. The ledger can.
            found = self._after_lost_commit(load)
            if found is None:
                raise
            loaded = replace(found, already=found.attempt != load.attempt)
        progress.reached("push.after_commit")
        return loaded

    def _create(self, session: "Session", planned: Plan) -> None:
        import psycopg.errors

        try:
            session.execute(planned.create())
        except (psycopg.errors.DuplicateTable, psycopg.errors.UniqueViolation):
            raise ConnectorError(
                ErrorType.LEASE_HELD, f"{self._client.where}: another load has just made table {planned.spoken}."
            ) from None

    def _after_lost_commit(self, load: Load) -> Loaded | None:
        """What the ledger says once the lost session has ended; the fence's row makes us wait for that."""
        with self._client.session() as session, session.transaction():
            self._fence.pass_(session, load.key, load.epoch)
            return self._ledger.read(session, load.key)

    def _merge(self, session: "Session", load: Load, planned: Plan, staging: str) -> tuple[Loaded, Kept, int | None]:
        """Write the rows; what they overwrote; and what they are known by, if it is not this transaction's number."""
        if load.mode == "upsert":
            (rows, inserted, xid), kept = self._upsert(session, planned, staging)
            loaded = _loaded(load, inserted, rows - inserted, load.rows - rows)
            return loaded, kept.compared(loaded.updated), xid
        kept = NOTHING
        if load.mode == "replace" and planned.there and load.rows and not self._ledger.others(session, load.key):
            # An empty load empties nothing.
            kept = self._before.of_replace(session, planned)
        names = ", ".join(quoted(column.identifier) for column in planned.columns)
        cursor = session.execute(f"INSERT INTO {planned.table} ({names}) SELECT {names} FROM {staging}")  # noqa: S608
        return _loaded(load, cursor.rowcount, 0, 0), kept, None

    def _upsert(self, session: "Session", planned: Plan, staging: str) -> tuple[tuple[int, int, int | None], Kept]:
        """Rows that were written, how many of them were not there before, and the number that all of them bear."""
        import psycopg.errors

        names = ", ".join(quoted(column.identifier) for column in planned.columns)
        keys = ", ".join(map(quoted, planned.keys))
        session.execute(f"SAVEPOINT {UPSERT}")
        try:
            return self._take(session, planned, staging, f"SELECT {names} FROM {staging}")  # noqa: S608
        except (psycopg.errors.CardinalityViolation, psycopg.errors.UniqueViolation):
            # A key comes more than once, which few loads have: only now it costs a sort. The last one counts.
            session.execute(f"ROLLBACK TO SAVEPOINT {UPSERT}")
            session.execute("SET LOCAL work_mem = '64MB'")
            return self._take(
                session,
                planned,
                staging,
                f"SELECT DISTINCT ON ({keys}) {names} FROM {staging}"  # noqa: S608
                f" ORDER BY {keys}, {quoted(planned.ordinal)} DESC",
            )

    def _take(
        self, session: "Session", planned: Plan, staging: str, rows: str
    ) -> tuple[tuple[int, int, int | None], Kept]:
        if not planned.there:
            return self._fill_from(session, planned, rows), NOTHING
        kept = self._before.of_upsert(session, planned, staging)
        return self._upsert_from(session, planned, rows), kept

    def _fill_from(self, session: "Session", planned: Plan, rows: str) -> tuple[int, int, int | None]:
        """Fill the table that this transaction has made; its key is built once, after the rows, which is faster."""
        names = ", ".join(quoted(column.identifier) for column in planned.columns)
        keys = ", ".join(map(quoted, planned.keys))
        written = session.execute(f"INSERT INTO {planned.table} ({names}) {rows}").rowcount
        session.execute(f"ALTER TABLE {planned.table} ADD PRIMARY KEY ({keys})")
        known = session.execute(f"SELECT xmin::text::bigint FROM {planned.table} LIMIT 1").fetchone()  # noqa: S608
        return written, written, known[0] if known else None

    def _upsert_from(self, session: "Session", planned: Plan, rows: str) -> tuple[int, int, int | None]:
        names = ", ".join(quoted(column.identifier) for column in planned.columns)
        keys = ", ".join(map(quoted, planned.keys))
        changed = [c.identifier for c in planned.columns if c.identifier not in planned.keys] or [planned.keys[0]]
        updates = ", ".join(f"{quoted(name)} = EXCLUDED.{quoted(name)}" for name in changed)
        # A row that was there carries the lock of its update; one that was not carries none.
        row = session.execute(
            f"WITH taken AS (INSERT INTO {planned.table} AS t ({names}) {rows}"  # noqa: S608
            f" ON CONFLICT ({keys}) DO UPDATE SET {updates} RETURNING t.xmax = 0 AS fresh, t.xmin::text::bigint AS xid)"
            " SELECT count(*), count(*) FILTER (WHERE fresh), max(xid) FROM taken"
        ).fetchone()
        return (row[0], row[1], row[2]) if row else (0, 0, None)


def _loaded(load: Load, inserted: int, updated: int, deduplicated: int) -> Loaded:
    return Loaded(load.rows, inserted, updated, deduplicated, load.bytes, load.attempt)
