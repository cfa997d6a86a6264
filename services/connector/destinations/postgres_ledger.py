"""The tables of ours in somebody else's database: what was loaded, who may still load, what it takes to undo it."""

import json
from typing import TYPE_CHECKING, Any

from contracts.runs import ErrorType
from services.chassis.quoting import quoted
from services.connector.destinations.base import Load, Loaded, LoadKey
from services.connector.failures import ConnectorError, Fenced

if TYPE_CHECKING:
    import psycopg

    Session = psycopg.Connection[Any]

SCHEMA = "modulardata"
LEDGER = quoted(SCHEMA, "load_ledger")
FENCE = quoted(SCHEMA, "fence")
UNDO = quoted(SCHEMA, "load_undo")

_MAKE = (
    f"CREATE SCHEMA IF NOT EXISTS {quoted(SCHEMA)}",
    f"CREATE TABLE IF NOT EXISTS {LEDGER} ("
    " workflow_id uuid NOT NULL, stream text NOT NULL, window_id uuid NOT NULL, part text NOT NULL,"
    " run_id uuid NOT NULL, attempt integer NOT NULL, epoch bigint NOT NULL, target text NOT NULL, mode text NOT NULL,"
    " rows bigint NOT NULL, inserted bigint NOT NULL, updated bigint NOT NULL, deduplicated bigint NOT NULL,"
    " bytes bigint NOT NULL, checksum text NOT NULL, cursor jsonb,"
    " committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " PRIMARY KEY (workflow_id, stream, window_id, part))",
    f"CREATE TABLE IF NOT EXISTS {FENCE} ("
    " workflow_id uuid NOT NULL, stream text NOT NULL, epoch bigint NOT NULL,"
    " raised_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (workflow_id, stream))",
    # The rows of a load are known by the ids of the transactions that wrote them last (`xids`); `horizon` is the count
    # of all transactions then. What was overwritten stands in the table `before`; `lost` says why it does not.
    f"CREATE TABLE IF NOT EXISTS {UNDO} ("
    " workflow_id uuid NOT NULL, stream text NOT NULL, window_id uuid NOT NULL, part text NOT NULL,"
    " ordinal bigint GENERATED ALWAYS AS IDENTITY, run_id uuid NOT NULL, relation oid NOT NULL, keys text[] NOT NULL,"
    " rows bigint NOT NULL, xids bigint[] NOT NULL, horizon bigint NOT NULL,"
    " before text, before_rows bigint NOT NULL, lost text, kept_until timestamptz NOT NULL,"
    " committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " undone_by uuid, undone_at timestamptz, removed bigint, restored bigint,"
    " PRIMARY KEY (workflow_id, stream, window_id, part))",
    f"CREATE INDEX IF NOT EXISTS load_undo_relation ON {UNDO} (relation, ordinal)",
    f"CREATE INDEX IF NOT EXISTS load_undo_before ON {UNDO} (ordinal) WHERE before IS NOT NULL",
)


def prepare(session: "Session", where: str) -> None:
    """Make the tables if they are not there; call it outside of a transaction."""
    if _there(session):
        return
    import psycopg.errors

    try:
        with session.transaction():
            # Two first loads at once would make the same schema twice.
            session.execute("SELECT pg_advisory_xact_lock(hashtextextended('modulardata load ledger', 0))")
            if not _there(session):
                for statement in _MAKE:
                    session.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        raise ConnectorError(
            ErrorType.PERMISSION_DENIED,
            f"{where}: the user may not make the schema {SCHEMA!r}, in which loads are recorded; grant CREATE on the "
            "database, or make the schema for the user.",
        ) from None


def _there(session: "Session") -> bool:
    row = session.execute(
        "SELECT to_regclass(%s) IS NOT NULL AND to_regclass(%s) IS NOT NULL AND to_regclass(%s) IS NOT NULL",
        (LEDGER, FENCE, UNDO),
    ).fetchone()
    return bool(row and row[0])


class Ledger:
    """What was loaded: one row for each part of a window, written in the transaction of its rows."""

    def read(self, session: "Session", key: LoadKey) -> Loaded | None:
        """What an earlier attempt loaded."""
        row = session.execute(
            f"SELECT rows, inserted, updated, deduplicated, bytes, attempt FROM {LEDGER}"  # noqa: S608
            " WHERE workflow_id = %s AND stream = %s AND window_id = %s AND part = %s",
            (key.workflow_id, key.stream, key.window_id, key.part),
        ).fetchone()
        if row is None:
            return None
        rows, inserted, updated, deduplicated, size, attempt = row
        return Loaded(rows, inserted, updated, deduplicated, size, attempt, already=True)

    def others(self, session: "Session", key: LoadKey) -> bool:
        """Whether another part of the same window is loaded."""
        row = session.execute(
            f"SELECT 1 FROM {LEDGER} WHERE workflow_id = %s AND stream = %s AND window_id = %s AND part <> %s LIMIT 1",  # noqa: S608
            (key.workflow_id, key.stream, key.window_id, key.part),
        ).fetchone()
        return row is not None

    def write(self, session: "Session", load: Load, target: str, loaded: Loaded) -> None:
        """Record a load; in the transaction of its rows, or it means nothing."""
        session.execute(
            f"INSERT INTO {LEDGER} (workflow_id, stream, window_id, part, run_id, attempt, epoch, target, mode,"  # noqa: S608
            " rows, inserted, updated, deduplicated, bytes, checksum, cursor)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                load.key.workflow_id,
                load.key.stream,
                load.key.window_id,
                load.key.part,
                load.run_id,
                load.attempt,
                load.epoch,
                target,
                load.mode,
                loaded.rows,
                loaded.inserted,
                loaded.updated,
                loaded.deduplicated,
                loaded.bytes,
                load.checksum,
                None if load.cursor is None else json.dumps(load.cursor),
            ),
        )


class Fence:
    """The highest epoch that has written; who comes with a lower one writes no more."""

    def pass_(self, session: "Session", key: LoadKey, epoch: int) -> None:
        """Raise the fence to this epoch, in the transaction of the rows; raises Fenced when it stands higher."""
        row = session.execute(
            f"INSERT INTO {FENCE} AS f (workflow_id, stream, epoch) VALUES (%s, %s, %s)"  # noqa: S608
            " ON CONFLICT (workflow_id, stream) DO UPDATE SET epoch = EXCLUDED.epoch, raised_at = clock_timestamp()"
            " WHERE f.epoch <= EXCLUDED.epoch RETURNING f.epoch",
            (key.workflow_id, key.stream, epoch),
        ).fetchone()
        if row is None:
            found = session.execute(
                f"SELECT epoch FROM {FENCE} WHERE workflow_id = %s AND stream = %s",  # noqa: S608
                (key.workflow_id, key.stream),
            ).fetchone()
            raise Fenced(found[0] if found else None)

    def shut(self, session: "Session", key: LoadKey, epoch: int) -> None:
        """Let nobody below this epoch pass from now on; waits for whoever is passing."""
        session.execute(
            f"INSERT INTO {FENCE} AS f (workflow_id, stream, epoch) VALUES (%s, %s, %s)"  # noqa: S608
            " ON CONFLICT (workflow_id, stream) DO UPDATE SET epoch = GREATEST(f.epoch, EXCLUDED.epoch)",
            (key.workflow_id, key.stream, epoch),
        )
