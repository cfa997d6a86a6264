"""A workflow's triggers follow its definition: made with a secret, changed in place, removed with their watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.events.workflows import WatchConfigured
from contracts.objects import literal_prefix
from contracts.workflow import S3EventTrigger, WebhookTrigger, WorkflowDefinition
from services.chassis.database import UnitOfWork
from services.chassis.sealing import Sealer
from services.orchestrator.checks import pattern_of
from services.orchestrator.repository import definitions
from services.orchestrator.signing import new_secret


@dataclass(frozen=True)
class TriggerSecret:
    """A secret that was made just now: the only time it can be shown."""

    trigger_id: UUID
    secret: str


def sealed_place(tenant: UUID, trigger_id: UUID) -> tuple[str, ...]:
    """Where a trigger's secrets belong."""
    return ("trigger", str(tenant), str(trigger_id), "secret")


async def sync(
    work: UnitOfWork, sealer: Sealer, workflow_id: UUID, definition: WorkflowDefinition, bucket: str | None
) -> list[TriggerSecret]:
    """Make the triggers what the definition says; the secrets of those that are new."""
    there = {row["name"]: row for row in await definitions.triggers_of(work, workflow_id)}
    secrets: list[TriggerSecret] = []
    for trigger in definition.triggers:
        settings = _settings(trigger, definition, bucket)
        row = there.pop(trigger.name, None)
        if row is not None and row["kind"] != trigger.kind:
            await _remove(work, row)
            row = None
        if row is None:
            secrets.append(await _add(work, sealer, workflow_id, trigger, settings))
        elif (row["settings"], row["enabled"]) != (settings, trigger.enabled):
            await definitions.change_trigger(work, row["id"], {"settings": settings, "enabled": trigger.enabled})
            await _watch(work, row["id"], workflow_id, trigger.kind, settings, enabled=trigger.enabled)
    for row in there.values():
        await _remove(work, row)
    return secrets


async def remove_all(work: UnitOfWork, workflow_id: UUID) -> None:
    """The triggers of a workflow that goes away."""
    for row in await definitions.triggers_of(work, workflow_id):
        await _remove(work, row)


def _settings(
    trigger: S3EventTrigger | WebhookTrigger, definition: WorkflowDefinition, bucket: str | None
) -> dict[str, Any]:
    if isinstance(trigger, WebhookTrigger):
        return {}
    pattern = pattern_of(definition) or ""
    named = definition.source.selection.get("bucket")
    return {
        "connection": definition.source.connection,
        # Not known: the connector takes its connection's own.
        "bucket": bucket or (named if isinstance(named, str) else ""),
        "prefix": literal_prefix(pattern),
        "pattern": pattern,
        "watch": trigger.watch,
        "interval_seconds": trigger.interval_seconds,
    }


async def _add(
    work: UnitOfWork,
    sealer: Sealer,
    workflow_id: UUID,
    trigger: S3EventTrigger | WebhookTrigger,
    settings: dict[str, Any],
) -> TriggerSecret:
    trigger_id, secret = work.ids.new(), new_secret()
    await definitions.add_trigger(
        work,
        {
            "id": trigger_id,
            "workflow_id": workflow_id,
            "kind": trigger.kind,
            "name": trigger.name,
            "settings": settings,
            "enabled": trigger.enabled,
            "secret": sealer.seal(secret.encode(), sealed_place(work.tenant, trigger_id)),
        },
    )
    await _watch(work, trigger_id, workflow_id, trigger.kind, settings, enabled=trigger.enabled)
    return TriggerSecret(trigger_id, secret)


async def _remove(work: UnitOfWork, row: RowMapping) -> None:
    await definitions.remove_trigger(work, row["id"])
    await _watch(work, row["id"], row["workflow_id"], row["kind"], row["settings"], enabled=False, removed=True)


async def _watch(
    work: UnitOfWork,
    trigger_id: UUID,
    workflow_id: UUID,
    kind: str,
    settings: Mapping[str, Any],
    *,
    enabled: bool,
    removed: bool = False,
) -> None:
    """Tell the connector, which lists buckets."""
    if kind != "s3_event":
        return
    await work.publish(
        WatchConfigured(
            trigger_id=trigger_id,
            workflow_id=workflow_id,
            connection=settings["connection"],
            bucket=settings["bucket"],
            prefix=settings["prefix"],
            pattern=settings["pattern"],
            interval_seconds=settings["interval_seconds"],
            enabled=enabled and settings["watch"],
            state="removed" if removed else "active",
        ),
        key=workflow_id,
    )
