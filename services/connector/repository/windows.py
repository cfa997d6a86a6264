"""Windows, the objects they hold, and leases in PostgreSQL; every function works in a unit of work of one tenant."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.dialects.postgresql import insert

from contracts.data import ObjectVersion
from services.chassis.database import SystemWork, UnitOfWork
from services.connector.tables import leases, window_objects, windows

OPEN = ("claimed", "pushing")

_HOLD = text(
    "INSERT INTO window_objects"
    " (tenant, window_id, workflow_id, stream, bucket, key, etag, version_id, size, held)"
    " SELECT :tenant, :window, :workflow, :stream, o.bucket, o.key, o.etag, o.version_id, o.size, true"
    " FROM jsonb_to_recordset(CAST(:objects AS jsonb))"
    " AS o(bucket text, key text, etag text, version_id text, size bigint)"
    # In the order of the keys, so that two claims of the same objects do not wait for each other.
    " ORDER BY o.bucket, o.key, o.etag"
    " ON CONFLICT (tenant, workflow_id, stream, bucket, key, etag) WHERE held DO NOTHING"
)
_HOLDERS = text(
    "SELECT DISTINCT w.id, w.run_id FROM window_objects o JOIN windows w ON w.id = o.window_id"
    " JOIN jsonb_to_recordset(CAST(:objects AS jsonb)) AS n(bucket text, key text, etag text)"
    "   ON n.bucket = o.bucket AND n.key = o.key AND n.etag = o.etag"
    " WHERE o.tenant = :tenant AND o.workflow_id = :workflow AND o.stream = :stream AND o.held"
    "   AND w.state IN ('claimed', 'pushing') AND w.run_id <> :run"
)
_ACQUIRE = text(
    "INSERT INTO leases AS l (tenant, workflow_id, stream, run_id, attempt, epoch, expires_at)"
    " VALUES (:tenant, :workflow, :stream, :run, :attempt, 1, clock_timestamp() + make_interval(secs => :seconds))"
    " ON CONFLICT (tenant, workflow_id, stream) DO UPDATE"
    " SET run_id = EXCLUDED.run_id, attempt = EXCLUDED.attempt, epoch = l.epoch + 1, expires_at = EXCLUDED.expires_at"
    " WHERE (l.run_id = EXCLUDED.run_id AND l.attempt <= EXCLUDED.attempt) OR l.expires_at < clock_timestamp()"
    " RETURNING epoch"
)
_RENEW = text(
    "UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => :seconds)"
    " WHERE tenant = :tenant AND workflow_id = :workflow AND stream = :stream AND epoch = :epoch RETURNING epoch"
)
# What is kept for ever: windows whose objects are held (their bytes were loaded, and may still lie in the bucket), of
# quarantined files, and of each slice the newest, which says how far it was read.
_FORGET = text(
    "DELETE FROM windows WHERE id IN (SELECT w.id FROM windows w WHERE w.closed_at < :before"
    " AND (w.state = 'released' OR (w.state = 'committed' AND w.quarantine_entry IS NULL"
    "  AND NOT EXISTS (SELECT 1 FROM window_objects o WHERE o.window_id = w.id AND o.held)"
    "  AND (w.upper IS NULL OR EXISTS (SELECT 1 FROM windows n WHERE n.tenant = w.tenant"
    "   AND n.workflow_id = w.workflow_id AND n.stream = w.stream AND n.slice_of = w.slice_of"
    "   AND n.state = 'committed' AND n.upper IS NOT NULL AND n.closed_at > w.closed_at))))"
    " ORDER BY w.closed_at LIMIT :most)"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def lock_stream(work: UnitOfWork, workflow_id: UUID, stream: str) -> None:
    """Nobody else claims from this stream until the transaction ends."""
    await work.connection.execute(_LOCK, {"name": f"claim/{work.tenant}/{workflow_id}/{stream}"})


async def of_run(work: UnitOfWork, run_id: UUID, stream: str | None = None) -> RowMapping | None:
    """The window that a run has claimed."""
    query = select(windows).where(windows.c.tenant == work.tenant, windows.c.run_id == run_id)
    if stream is not None:
        query = query.where(windows.c.stream == stream)
    found = await work.connection.execute(query.order_by(windows.c.claimed_at).limit(1))
    return found.mappings().one_or_none()


async def get(work: UnitOfWork, window_id: UUID, *, lock: bool = False) -> RowMapping | None:
    """A window."""
    query = select(windows).where(windows.c.tenant == work.tenant, windows.c.id == window_id)
    found = await work.connection.execute(query.with_for_update() if lock else query)
    return found.mappings().one_or_none()


async def add(work: UnitOfWork, values: dict[str, Any]) -> UUID | None:
    """Make a window; None when the run has one."""
    found = await work.connection.execute(
        insert(windows)
        .values(tenant=work.tenant, state="claimed", parts=[], claimed_at=work.clock.now(), **values)
        .on_conflict_do_nothing(constraint="windows_run")
        .returning(windows.c.id)
    )
    made: UUID | None = found.scalar_one_or_none()
    return made


async def hold(
    work: UnitOfWork, window_id: UUID, workflow_id: UUID, stream: str, objects: Sequence[ObjectVersion]
) -> None:
    """Let the window hold those of these objects that no other window holds."""
    await work.connection.execute(
        _HOLD,
        {
            "tenant": work.tenant,
            "window": window_id,
            "workflow": workflow_id,
            "stream": stream,
            "objects": _json(objects),
        },
    )


async def objects_of(work: UnitOfWork, window_id: UUID) -> list[ObjectVersion]:
    """The objects a window was given, in the order of their keys."""
    table = window_objects
    found = await work.connection.execute(
        select(table)
        .where(table.c.tenant == work.tenant, table.c.window_id == window_id)
        .order_by(table.c.bucket, table.c.key, table.c.etag)
    )
    return [
        ObjectVersion(
            bucket=row["bucket"], key=row["key"], etag=row["etag"], size=row["size"], version_id=row["version_id"]
        )
        for row in found.mappings()
    ]


async def holders(
    work: UnitOfWork, workflow_id: UUID, stream: str, run_id: UUID, objects: Sequence[ObjectVersion]
) -> list[RowMapping]:
    """Open windows of other runs that hold any of these objects."""
    found = await work.connection.execute(
        _HOLDERS,
        {
            "tenant": work.tenant,
            "workflow": workflow_id,
            "stream": stream,
            "run": run_id,
            "objects": _json(objects),
        },
    )
    return list(found.mappings())


async def others_open(
    work: UnitOfWork, workflow_id: UUID, stream: str, run_id: UUID, *, entry: UUID | None = None
) -> list[RowMapping]:
    """Open windows of other runs: those of a table's slices, or those of one quarantined file."""
    mine = windows.c.quarantine_entry == entry if entry is not None else windows.c.slice_of.is_not(None)
    found = await work.connection.execute(
        select(windows).where(
            windows.c.tenant == work.tenant,
            windows.c.workflow_id == workflow_id,
            windows.c.stream == stream,
            windows.c.state.in_(OPEN),
            windows.c.run_id != run_id,
            mine,
        )
    )
    return list(found.mappings())


async def entry_loaded(work: UnitOfWork, entry: UUID) -> bool:
    """Whether a quarantined file was pushed by a window that is closed for good."""
    found = await work.connection.execute(
        select(windows.c.id)
        .where(
            windows.c.tenant == work.tenant,
            windows.c.quarantine_entry == entry,
            windows.c.state == "committed",
            windows.c.destination.is_not(None),
        )
        .limit(1)
    )
    return found.first() is not None


async def last_upper(work: UnitOfWork, workflow_id: UUID, stream: str, slice_of: str) -> str | None:
    """How far this slice of the source was read for good."""
    found = await work.connection.execute(
        select(windows.c.upper)
        .where(
            windows.c.tenant == work.tenant,
            windows.c.workflow_id == workflow_id,
            windows.c.stream == stream,
            windows.c.slice_of == slice_of,
            windows.c.state == "committed",
            windows.c.upper.is_not(None),
        )
        .order_by(windows.c.closed_at.desc())
        .limit(1)
    )
    upper: str | None = found.scalar_one_or_none()
    return upper


async def begin_push(
    work: UnitOfWork, window_id: UUID, run_id: UUID, epoch: int, part: str, destination: dict[str, Any]
) -> RowMapping | None:
    """Note where a push goes, before it goes; None when the window is no longer this run's to load."""
    window = await get(work, window_id, lock=True)
    if window is None or window["run_id"] != run_id or window["state"] == "released":
        return None
    if window["state"] == "committed":
        return window
    parts = window["parts"] if part in window["parts"] else [*window["parts"], part]
    found = await work.connection.execute(
        update(windows)
        .where(windows.c.tenant == work.tenant, windows.c.id == window_id)
        .values(state="pushing", epoch=epoch, parts=parts, destination=destination)
        .returning(windows)
    )
    changed: RowMapping = found.mappings().one()
    return changed


async def close(work: UnitOfWork, window_id: UUID, state: str, rows: int | None) -> None:
    """Close a window that was locked before; a released one gives its objects back."""
    await work.connection.execute(
        update(windows)
        .where(windows.c.tenant == work.tenant, windows.c.id == window_id)
        .values(state=state, rows=rows, closed_at=work.clock.now())
    )
    if state == "released":
        await work.connection.execute(
            update(window_objects)
            .where(window_objects.c.tenant == work.tenant, window_objects.c.window_id == window_id)
            .values(held=False)
        )


async def acquire(
    work: UnitOfWork, workflow_id: UUID, stream: str, run_id: UUID, attempt: int, seconds: float
) -> int | None:
    """Take the lease of a stream; the new epoch, or None while somebody else's lives. The database's clock counts."""
    found = await work.connection.execute(
        _ACQUIRE,
        {
            "tenant": work.tenant,
            "workflow": workflow_id,
            "stream": stream,
            "run": run_id,
            "attempt": attempt,
            "seconds": seconds,
        },
    )
    epoch: int | None = found.scalar_one_or_none()
    return epoch


async def renew(work: UnitOfWork, workflow_id: UUID, stream: str, epoch: int, seconds: float) -> bool:
    """Keep the lease, or with 0 seconds give it back; False when somebody took it."""
    found = await work.connection.execute(
        _RENEW,
        {"tenant": work.tenant, "workflow": workflow_id, "stream": stream, "epoch": epoch, "seconds": seconds},
    )
    return found.scalar_one_or_none() is not None


async def lift(work: UnitOfWork, workflow_id: UUID, stream: str, epoch: int, stands: int) -> bool:
    """Count on from where a destination's fence stands, when this epoch still has the lease.

    A fence can only be ahead of the lease that is held when this database was put back to an earlier day.
    """
    found = await work.connection.execute(
        update(leases)
        .where(
            leases.c.tenant == work.tenant,
            leases.c.workflow_id == workflow_id,
            leases.c.stream == stream,
            leases.c.epoch == epoch,
        )
        .values(epoch=max(epoch, stands))
        .returning(leases.c.epoch)
    )
    return found.scalar_one_or_none() is not None


async def forget(system: SystemWork, before: datetime, most: int) -> int:
    """Remove old closed windows of all tenants that guard nothing any more; how many."""
    return (await system.connection.execute(_FORGET, {"before": before, "most": most})).rowcount


def _json(objects: Sequence[ObjectVersion]) -> str:
    return json.dumps([item.model_dump(mode="json") for item in objects])
