"""The registry composed for its tests, with transform beside it to judge drafts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deploy.local.state import State
from services.chassis.temporal import build_worker, connect
from services.orchestrator.workflows.check_module import CheckModuleWorkflow
from tests.integration.composed import Composed, composed


@asynccontextmanager
async def registry(namespace: State, admin_url: str, folder: Path, *beside: str) -> AsyncIterator[Composed]:
    """The registry, connected to Temporal; transform is composed and works for nobody yet."""
    names, name = ["module_registry", "transform", *beside], namespace.temporal_namespace
    async with composed(names, folder, namespace, admin_url, temporal_namespace=name) as made:
        made.foundation.temporal.attach(await connect(made.foundation.settings))
        yield made


@asynccontextmanager
async def checking(made: Composed) -> AsyncIterator[None]:
    """The workers of transform and of the workflow that asks it."""
    client = made.foundation.temporal.client
    activities = made.services["transform"].activities
    async with (
        build_worker(client, "transform", activities=activities),
        build_worker(client, "orchestrator", workflows=[CheckModuleWorkflow]),
    ):
        yield


def columns(**kinds: str) -> dict[str, Any]:
    """A schema as a document."""
    return {"columns": [{"name": name, "type": kind} for name, kind in kinds.items()]}


def draft(name: str = "clean-flights", where: str = "a > 1", **changes: Any) -> dict[str, Any]:
    """A draft as a document."""
    return {
        "name": name,
        "recipe": {"steps": [{"kind": "filter", "where": where}]},
        "input_contract": columns(a="integer"),
        "output_contract": columns(a="integer"),
    } | changes
