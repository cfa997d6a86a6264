"""The whole way of a trigger in one process: HTTP, outbox, Kafka, Temporal, and back into the record."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.local.state import State
from services.chassis.platform import Foundation
from services.chassis.run import Member, Process
from services.chassis.topics import ensure_topics
from services.orchestrator.main import build
from tests.integration.composed import AnybodysWord, composed
from tests.integration.orchestrator.stub_services import StubServices
from tests.integration.orchestrator.world import NAME, until


@asynccontextmanager
async def running(foundation: Foundation) -> AsyncIterator[str]:
    """The service as it runs in production, on ports of its own; its address."""
    platform = foundation.platform(NAME)
    process = Process(foundation, [Member(build(platform), platform)])
    task = asyncio.create_task(process.run())

    async def started() -> bool:
        assert not task.done()
        return process.readiness.started

    try:
        await until(started)
        yield f"http://127.0.0.1:{process.public_port}"
    finally:
        process.tell()
        assert await asyncio.wait_for(task, 30) == 0


@pytest.mark.timeout(120)
async def test_fifty_equal_triggers_are_one_run_all_the_way_through(
    namespace: State, admin_url: str, tmp_path: Path
) -> None:
    prefix, stubs = f"test-{secrets.token_hex(4)}-", StubServices(elsewhere=(NAME,))
    await ensure_topics(namespace.kafka, prefix=prefix)
    async with composed(
        [NAME],
        tmp_path,
        namespace,
        admin_url,
        temporal_namespace=namespace.temporal_namespace,
        kafka_prefix=prefix,
        http_port=0,
        internal_port=0,
    ) as made:
        foundation = replace(made.foundation, authenticator=AnybodysWord())
        async with (
            running(foundation) as address,
            stubs.working(foundation.temporal.client),
            httpx.AsyncClient(base_url=address, headers=made.headers(), timeout=30) as http,
        ):
            applied = await http.put(
                "/api/workflows/flights", json=stubs.definition.model_dump(mode="json", exclude_defaults=True)
            )
            assert applied.status_code == 201, applied.text

            async def ask(key: str) -> str:
                """Insist, as a client does who hears that the same request is under way, or that it is too much now."""
                while True:
                    answer = await http.post("/api/workflows/flights/runs", headers={"Idempotency-Key": key})
                    if answer.status_code not in (409, 503):
                        assert answer.status_code == 202, answer.text
                        return str(answer.json()["id"])
                    await asyncio.sleep(0.05)

            asked = await asyncio.gather(*(ask(f"key-{number % 2}") for number in range(50)))
            assert len(set(asked)) == 2

            async def ended() -> list[str]:
                items = (await http.get("/api/runs")).json()["items"]
                states = [item["state"] for item in items]
                return states if all(item["finished_at"] for item in items) else []

            assert await until(ended) == ["succeeded", "succeeded"]
            assert len(stubs.named("connector.push")) == 2
            (head,) = {item.scope.tenant for item in stubs.named("connector.push")}
            assert head == made.tenant
