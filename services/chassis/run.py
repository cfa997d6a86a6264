"""Runs the parts of services in one process: waits for the world, drains when told, and tells by its exit code."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter

from services.chassis import metrics
from services.chassis.application import internal_app, public_app
from services.chassis.broadcast import Broadcast
from services.chassis.consumer import Consumer
from services.chassis.database import RoleUnsafe
from services.chassis.dead_letters import dead_letter_routes
from services.chassis.dependencies import DatabaseCheck, FeedCheck, KafkaCheck, TemporalCheck
from services.chassis.errors import TransientError
from services.chassis.garbage import settle
from services.chassis.idempotency import Janitor
from services.chassis.outbox import Relay
from services.chassis.parked import parked_routes
from services.chassis.parts import PARTS, Loop, Service
from services.chassis.platform import Foundation, Platform
from services.chassis.producer import Producer
from services.chassis.readiness import Check, Readiness
from services.chassis.revocations import TOPIC
from services.chassis.servers import HttpServer
from services.chassis.temporal import build_worker, connect

DRAIN_SECONDS = 15.0  # whoever told this process to end gives it twenty
_LAST_SECONDS = 2.0
_THREADS = 16
_PATIENT_SECONDS = 5.0

Run = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Member:
    """One service of this process, and which of its parts run here."""

    service: Service
    platform: Platform
    parts: frozenset[str] = frozenset(PARTS)


class _PartEnded(Exception):
    """A part ended by itself, which none should."""


@dataclass
class _Group:
    """Parts that are told to end together."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def start(self, name: str, run: Run) -> None:
        """Run a part."""
        self.tasks.add(asyncio.create_task(self._part(name, run), name=name))

    async def end(self, seconds: float) -> bool:
        """Tell all to end, and wait; False when some had to be cut off."""
        self.stop.set()
        if not self.tasks:
            return True
        _, late = await asyncio.wait(self.tasks, timeout=seconds)
        for task in late:
            structlog.get_logger().warning("part_cut_off", part=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_SECONDS)
        return not late

    async def _part(self, name: str, run: Run) -> None:
        await run(self.stop)
        if not self.stop.is_set():
            raise _PartEnded(name)


class Process:
    """One process: `run` returns its exit code."""

    def __init__(self, foundation: Foundation, members: Sequence[Member]) -> None:
        self._foundation = foundation
        self._members = tuple(members)
        self._settings = foundation.settings
        self._producer = Producer(self._settings.kafka)
        self._kafka = KafkaCheck(self._settings.kafka, self._settings.kafka_prefix)
        self._needs_temporal = any(m.service.activities or m.service.workflows for m in members)
        self.readiness = Readiness(self._checks())
        self._told = asyncio.Event()
        self._work, self._base = _Group(), _Group()
        self._connected = asyncio.Event()
        self.public_port = self.internal_port = 0

    def tell(self) -> None:
        """Ask the process to end, as SIGTERM does."""
        self._told.set()

    async def run(self) -> int:
        """Run until told to end (0), or until a part fails (1)."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.tell)
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="work"))
        log = structlog.get_logger()
        try:
            self._start_base()
            await self._until(self._wait_for_databases())
            if not self._told.is_set():
                self._start_work()
                settle()
                self.readiness.started = True
                log.info("started", services=[m.service.name for m in self._members], port=self.public_port)
            failed = await self._watch()
        except RoleUnsafe as error:
            log.error("start_refused", reason=str(error))
            failed = True
        self.readiness.draining = True
        log.info("draining")
        await self._work.end(DRAIN_SECONDS)
        await self._base.end(_LAST_SECONDS)
        await self._close()
        log.info("ended", code=int(failed))
        return int(failed)

    def _checks(self) -> dict[str, Check]:
        checks: dict[str, Check] = {
            "postgres": DatabaseCheck(self._members[0].platform.database),
            "kafka": self._kafka,
        }
        if self._needs_temporal:
            checks["temporal"] = TemporalCheck(self._foundation.temporal)
        if self._runs("api"):
            checks["revocations"] = FeedCheck(self._foundation.revocations)
        return checks

    def _runs(self, part: str) -> bool:
        return any(part in member.parts for member in self._members)

    def _start_base(self) -> None:
        """What lives longest: probes, figures, and what all services lean on."""
        settings, base = self._settings, self._base
        app = None
        if self._runs("api"):
            app = public_app(self._routers(), self.readiness, self._foundation.ids, https=settings.https)
            public = HttpServer("public", app, settings.http_host, settings.http_port)
            self.public_port = public.port
            self._work.start("public", public.run)
        internal = HttpServer("internal", internal_app(app, self.readiness), settings.http_host, settings.internal_port)
        self.internal_port = internal.port
        base.start("internal", internal.run)
        base.start("readiness", self.readiness.run)
        base.start("producer", self._produce)
        if self._needs_temporal:
            base.start("temporal", self._connect)
        if self._runs("api"):
            revocations = self._foundation.revocations
            topic = settings.kafka_prefix + TOPIC
            feed = Broadcast(settings.kafka, topic, revocations.hear, revocations.end_reached)
            base.start("revocations", feed.run)

    def _routers(self) -> list[APIRouter]:
        settings = self._settings
        routers: list[APIRouter] = []
        for member in self._members:
            if "api" in member.parts:
                http, name = member.platform.http, member.service.name
                routers += member.service.routers
                routers.append(dead_letter_routes(http, name, settings.kafka, self._producer, settings.kafka_prefix))
                routers.append(parked_routes(http, name, member.platform.database))
        return routers

    def _start_work(self) -> None:
        """What the services do."""
        settings, work = self._settings, self._work
        for member in self._members:
            service, platform, parts = member.service, member.platform, member.parts
            name = service.name
            if "consumer" in parts and service.handlers is not None and service.handlers.types:
                consumer = Consumer(
                    platform.database, settings.kafka, service.handlers, self._producer, prefix=settings.kafka_prefix
                )
                work.start(f"{name}.consumer", consumer.run)
                if not self._runs("api"):
                    # Whoever serves requests, too, goes on serving them while its consumer stands still.
                    self.readiness.add(f"{name}.consumer", consumer.check)
            if "worker" in parts and (service.activities or service.workflows):
                work.start(f"{name}.worker", self._worker(service))
            if "relay" in parts:
                relay = Relay(
                    name,
                    settings.database_url,
                    settings.database_passwords[name],
                    self._producer,
                    prefix=settings.kafka_prefix,
                )
                # With the base: what the last requests published shall leave, too.
                self._base.start(f"{name}.relay", relay.run)
            if "loops" in parts:
                for loop in (*service.loops, Loop("idempotency", Janitor(platform.database).run)):
                    work.start(f"{name}.{loop.name}", _again(name, loop))

    async def _wait_for_databases(self) -> None:
        """Wait until every service's schema is there and its role is a safe one; raises RoleUnsafe."""
        for member in self._members:
            pause = 0.2
            while True:
                try:
                    await member.platform.database.check()
                    break
                except TransientError as error:
                    structlog.get_logger().warning("waiting_for_postgres", service=member.service.name, why=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _PATIENT_SECONDS)

    async def _produce(self, stop: asyncio.Event) -> None:
        await _patiently("waiting_for_kafka", self._producer.start, stop)
        await stop.wait()

    async def _connect(self, stop: asyncio.Event) -> None:
        async def attempt() -> None:
            self._foundation.temporal.attach(await connect(self._settings, patience=_PATIENT_SECONDS))
            self._connected.set()

        await _patiently("waiting_for_temporal", attempt, stop)
        await stop.wait()

    def _worker(self, service: Service) -> Run:
        async def run(stop: asyncio.Event) -> None:
            if not await _either(self._connected, stop):
                return
            worker = build_worker(
                self._foundation.temporal.client,
                service.name,
                activities=service.activities,
                workflows=service.workflows,
                scrubber=self._foundation.scrubber,
            )
            working = asyncio.create_task(worker.run())
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    await worker.shutdown()
                await working
            finally:
                stopping.cancel()

        return run

    async def _until(self, awaitable: Awaitable[None]) -> None:
        """Wait for something, or for the word to end."""
        task = asyncio.ensure_future(awaitable)
        told = asyncio.create_task(self._told.wait())
        await asyncio.wait({task, told, *self._base.tasks, *self._work.tasks}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if task.done():
            await task
        else:
            task.cancel()

    async def _watch(self) -> bool:
        """Until told to end, or until a part fails: then True."""
        told = asyncio.create_task(self._told.wait())
        tasks = self._work.tasks | self._base.tasks
        done, _ = await asyncio.wait({told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        failed = [task for task in done if task is not told]
        for task in failed:
            structlog.get_logger().error("part_failed", part=task.get_name(), exc_info=task.exception())
        return bool(failed)

    async def _close(self) -> None:
        await self._producer.stop()
        await self._kafka.close()
        await self._foundation.identity.close()
        for member in self._members:
            await member.platform.database.close()


def _again(service: str, loop: Loop) -> Run:
    """A loop that fails is begun again after a pause: one bad round takes nobody else down."""

    async def run(stop: asyncio.Event) -> None:
        pause = 0.5
        while not stop.is_set():
            try:
                await loop.run(stop)
                return
            except TransientError as error:
                structlog.get_logger().warning("loop_waits", service=service, loop=loop.name, why=str(error))
            except Exception:
                structlog.get_logger().exception("loop_failed", service=service, loop=loop.name)
            metrics.LOOP_FAILURES.labels(service, loop.name).inc()
            await _rest(stop, pause)
            pause = min(pause * 2, _PATIENT_SECONDS)

    return run


async def _patiently(event: str, attempt: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Try until it works or the stop event is set."""
    pause = 0.2
    while not stop.is_set():
        try:
            await attempt()
            return
        except TransientError as error:
            structlog.get_logger().warning(event, why=str(error))
        await _rest(stop, pause)
        pause = min(pause * 2, _PATIENT_SECONDS)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _either(wanted: asyncio.Event, stop: asyncio.Event) -> bool:
    """Wait for one of two events; True when it was the wanted one."""
    waits = [asyncio.create_task(wanted.wait()), asyncio.create_task(stop.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return wanted.is_set() and not stop.is_set()
