"""The relay: takes events from a service's outbox to Kafka, in order for each key, and skips none.

It claims rows by their status and never by "id greater than the last one": a transaction that took a lower id may
commit later. It is alone by an advisory lock, and the session that holds the lock is the one that marks rows as sent:
a relay that lost its session has lost both. What was sent and not marked is sent again; the inbox drops it.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import structlog

from contracts.envelope import MAX_PAYLOAD_BYTES
from services.chassis import metrics
from services.chassis.database import outbox_channel, service_url, session_settings, system_role
from services.chassis.errors import TransientError
from services.chassis.producer import KafkaUnavailable, MessageRefused, Producer
from services.chassis.quoting import quoted
from services.chassis.sweeping import KEEP_INBOX, LOT

BATCH_ROWS = 500
POLL_SECONDS = 1.0
PING_SECONDS = 5.0
STATUS_SECONDS = 5.0
# A relay that stands still for longer (a stopped process) loses its session, and with it the lock.
SESSION_IDLE_SECONDS = 60.0
SWEEP_SECONDS = 600.0
KEEP_SENT = timedelta(hours=24)
_CLAIM = (
    "SELECT id, topic, key, type, headers::text AS headers,"
    " CASE WHEN octet_length(payload) <= $1 THEN payload END AS payload FROM outbox o"
    " WHERE status = 'unsent' AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.status = 'parked'"
    " AND p.topic = o.topic AND p.key = o.key AND p.id < o.id) ORDER BY id LIMIT $2"
)
_MARK = "UPDATE outbox SET status = 'sent', sent_at = clock_timestamp() WHERE id = ANY($1::bigint[])"
_SWEEP_OUTBOX = (
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE status = 'sent'"
    " AND sent_at < clock_timestamp() - $1::interval LIMIT $2)"
)
_SWEEP_INBOX = (
    "DELETE FROM inbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM inbox"
    " WHERE at < clock_timestamp() - $1::interval LIMIT $2))"
)
_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, OSError)


@dataclass(frozen=True)
class Row:
    """One unsent row."""

    id: int
    topic: str
    key: str
    type: str
    headers: str
    payload: bytes | None  # None: too large to be read

    @property
    def lane(self) -> tuple[str, str]:
        """What keeps its order."""
        return self.topic, self.key


class RowBad(Exception):
    """A row that can never be sent."""


class Relay:
    """The relay of one service; `run` it in any number of processes, one of them works."""

    def __init__(
        self,
        service: str,
        url: str,
        password: str,
        producer: Producer,
        *,
        prefix: str = "",
        poll: float = POLL_SECONDS,
        batch: int = BATCH_ROWS,
        session_idle: float = SESSION_IDLE_SECONDS,
    ) -> None:
        self._service = service
        self._url = service_url(service, url, password)
        self._producer = producer
        self._prefix = prefix
        self._poll = poll
        self._batch = batch
        self._session_idle = f"{int(session_idle * 1000)}ms"
        self._wake = asyncio.Event()
        self._swept = 0.0
        self._reported = 0.0
        self._log = structlog.get_logger().bind(service=service, part="relay")

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until the stop event is set; whatever goes wrong in between is waited out."""
        pause = 0.1
        while not stop.is_set():
            started = asyncio.get_running_loop().time()
            try:
                await self._session(stop)
            except (*_LOST, TransientError) as error:
                self._log.warning("relay_interrupted", error=type(error).__name__)
            except Exception:
                self._log.exception("relay_failed")
            if asyncio.get_running_loop().time() - started > 10:
                pause = 0.1
            await _wait(stop, pause)
            pause = min(pause * 2, 5.0)

    async def _session(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(
            host=self._url.host,
            port=self._url.port,
            user=self._url.username,
            password=str(self._url.password),
            database=self._url.database,
            timeout=5,
            command_timeout=30,
            server_settings=session_settings(self._service) | {"idle_session_timeout": self._session_idle},
        )
        try:
            await connection.execute(f"SET ROLE {quoted(system_role(self._service))}")
            while not await connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", f"outbox {self._service}"
            ):
                if await _wait(stop, self._poll):
                    return
            await connection.add_listener(outbox_channel(self._service), lambda *_: self._wake.set())
            while not stop.is_set():
                self._wake.clear()
                rows = await self._claim(connection)
                if rows:
                    await self._relay(connection, rows, stop)
                await self._report(connection)
                if len(rows) < self._batch:
                    await self._rest(stop)
                    await self._sweep(connection)
        finally:
            connection.terminate()

    async def _claim(self, connection: Any) -> list[Row]:
        found = await connection.fetch(_CLAIM, MAX_PAYLOAD_BYTES, self._batch)
        return [Row(**dict(record)) for record in found]

    async def _relay(self, connection: Any, rows: Sequence[Row], stop: asyncio.Event) -> None:
        """Send all, mark those that arrived; a row that failed holds back the later ones of its key."""
        held: set[tuple[str, str]] = set()
        parked: list[tuple[int, str]] = []
        flying: list[tuple[Row, asyncio.Future[Any]]] = []
        trouble: TransientError | None = None
        for row in rows:
            if row.lane in held:
                continue
            try:
                headers = _headers(row)
                future = await self._producer.send(
                    self._prefix + row.topic, row.payload, row.key.encode("utf-8", "surrogatepass"), headers
                )
            except TransientError as error:
                trouble = error
                break
            except (RowBad, MessageRefused) as error:
                held.add(row.lane)
                parked.append((row.id, str(error)))
                continue
            flying.append((row, future))
        sent: list[Row] = []
        held.clear()
        await self._acknowledged(connection, [future for _, future in flying], stop)
        for row, future in flying:
            try:
                await self._producer.outcome(future)
            except TransientError as error:
                trouble = error
                held.add(row.lane)
            except MessageRefused as error:
                held.add(row.lane)
                parked.append((row.id, str(error)))
            else:
                if row.lane not in held:
                    sent.append(row)
        if sent:
            await connection.execute(_MARK, [row.id for row in sent])
            for row in sent:
                metrics.OUTBOX_SENT.labels(self._service, row.topic).inc()
        for id, reason in parked:
            await self._park(connection, id, reason)
        if trouble is not None:
            raise trouble

    async def _acknowledged(
        self, connection: Any, futures: Sequence["asyncio.Future[Any]"], stop: asyncio.Event
    ) -> None:
        """Wait for the broker, for as long as it takes and as long as the lock's session lives."""
        waiting = set(futures)
        try:
            while waiting:
                last = stop.is_set()
                _, waiting = await asyncio.wait(waiting, timeout=PING_SECONDS)
                if waiting and last:
                    raise KafkaUnavailable("the broker does not answer, and it is time to end")
                if waiting:
                    await connection.execute("SELECT 1")
        except BaseException:
            for future in futures:
                future.add_done_callback(_consumed)
            raise

    async def _park(self, connection: Any, id: int, reason: str) -> None:
        await connection.execute("UPDATE outbox SET status = 'parked', reason = $2 WHERE id = $1", id, reason)
        metrics.OUTBOX_PARKED.labels(self._service).inc()
        self._log.error("outbox_row_parked", row=id, reason=reason, alert=True)

    async def _report(self, connection: Any) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._reported < STATUS_SECONDS:
            return
        self._reported = now
        row = await connection.fetchrow(
            "SELECT count(*) AS unsent, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) AS age"
            " FROM outbox WHERE status = 'unsent'"
        )
        metrics.OUTBOX_UNSENT.labels(self._service).set(row["unsent"])
        metrics.OUTBOX_AGE.labels(self._service).set(float(row["age"]))

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until somebody commits an event, the poll is due, or it is time to end."""
        waits = [asyncio.create_task(self._wake.wait()), asyncio.create_task(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=self._poll, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    async def _sweep(self, connection: Any) -> None:
        """Remove what was sent long ago, and what the inbox no longer needs to know."""
        now = asyncio.get_running_loop().time()
        if self._swept and now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        for statement, age in ((_SWEEP_OUTBOX, KEEP_SENT), (_SWEEP_INBOX, KEEP_INBOX)):
            if await connection.execute(statement, age, LOT) == f"DELETE {LOT}":
                self._swept = 0.0  # there is more: go on at the next pause


def _headers(row: Row) -> list[tuple[str, bytes]]:
    if row.payload is None:
        raise RowBad(f"the payload has more than {MAX_PAYLOAD_BYTES} bytes")
    try:
        return [(str(name), str(value).encode()) for name, value in json.loads(row.headers)]
    except (ValueError, TypeError):
        raise RowBad("the headers cannot be read") from None


def _consumed(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()


async def _wait(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
