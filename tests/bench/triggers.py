"""From an accepted webhook to the first activity of its run, against an empty Temporal workflow started directly."""

import asyncio
import base64
import hashlib
import hmac
import time
import uuid
from datetime import datetime, timedelta

from temporalio import activity, workflow
from temporalio.client import Client as TemporalClient
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from deploy.local.launcher import Stack
from tests.bench import platform
from tests.bench.figures import Figure, compared, percentile

CALLS = 40


@activity.defn(name="bench.first")
async def first() -> float:
    """The wall clock at the first activity."""
    return time.time()


@workflow.defn(name="bench-empty", sandboxed=False)
class Empty:
    """Nothing but one activity."""

    @workflow.run
    async def run(self) -> float:
        """Say when the activity ran."""
        return await workflow.execute_activity(first, start_to_close_timeout=timedelta(seconds=10))


async def _direct(stack: Stack, calls: int) -> list[float]:
    client = await TemporalClient.connect(stack.state.temporal, namespace=stack.state.temporal_namespace)
    waits = []
    async with Worker(
        client, task_queue="bench", workflows=[Empty], activities=[first], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        for _ in range(calls):
            began = time.time()
            at = await client.execute_workflow(
                "bench-empty", id=str(uuid.uuid4()), task_queue="bench", result_type=float
            )
            waits.append(at - began)
    return waits


def _signed(secret: str, body: bytes) -> dict[str, str]:
    """Standard Webhooks headers for a body."""
    identity, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }


def _webhooks(client: platform.Client, calls: int) -> list[float]:
    applied = client.apply(
        "hooked", path="nothing-here/*.csv", table="hooked", triggers=[{"kind": "webhook", "name": "call"}]
    )
    trigger = applied["triggers"][0]
    waits = []
    for _ in range(calls):
        body = b"{}"
        answer = client.http.post(trigger["url"], content=body, headers=_signed(trigger["secret"], body))
        accepted = time.time()
        if answer.status_code != 202:
            raise RuntimeError(f"webhook: {answer.status_code} {answer.text}")
        run = answer.json()["runs"][0]
        ended = client.wait(f"/api/runs/{run}", "state", platform.ENDED)
        waits.append(datetime.fromisoformat(ended["started_at"]).timestamp() - accepted)
    return waits


def measure(client: platform.Client, stack: Stack) -> list[Figure]:
    """p50 and p95 of both, half of the direct starts before and half after ours."""
    direct = asyncio.run(_direct(stack, CALLS // 2))
    ours = _webhooks(client, CALLS)
    direct += asyncio.run(_direct(stack, CALLS // 2))
    name = "webhook accepted → first activity"
    return [
        compared(f"{name}, p50", [percentile(ours, 0.5)], [percentile(direct, 0.5)], "empty workflow", limit=3),
        compared(f"{name}, p95", [percentile(ours, 0.95)], [percentile(direct, 0.95)], "empty workflow", limit=3),
    ]
