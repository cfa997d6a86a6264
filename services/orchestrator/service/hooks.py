"""Webhooks that start runs: nothing is believed before its signature, and nothing is answered before it is kept."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from services.chassis import strict_json
from services.chassis.database import Database, UnitOfWork
from services.chassis.metrics import TRIGGERS
from services.chassis.problems import ProblemError, conflict, invalid, not_found
from services.chassis.sealing import Sealer
from services.orchestrator.repository import definitions, receipts
from services.orchestrator.s3_events import Ignored, NotAnEvent, Place, read
from services.orchestrator.service.acceptance import Accepted, Asked, accept, accept_object, object_window
from services.orchestrator.service.trigger_sync import sealed_place
from services.orchestrator.signing import SignatureInvalid, verify


@dataclass
class Delivered:
    """What a delivery led to."""

    accepted: list[Accepted] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    test: bool = False


class Hooks:
    """The receiving end of triggers with an address."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def deliver(self, trigger_id: UUID, headers: Iterable[tuple[str, str]], body: bytes) -> Delivered:
        """Take a delivery: 404 for no such trigger, 401 for a wrong signature, 409 for a reused id."""
        async with self._database.system() as system:
            tenant = await definitions.tenant_of_trigger(system, trigger_id)
            if tenant is None:
                raise not_found()
            work = await system.as_tenant(tenant)
            trigger = await definitions.get_trigger(work, trigger_id)
            if trigger is None:
                raise not_found()
            delivery = self._verified(work, trigger, headers, body)
            workflow = await definitions.get_workflow(work, trigger["workflow_id"])
            if workflow is None:
                raise not_found()
            digest = hashlib.sha256(body).digest()
            if trigger["kind"] == "webhook":
                delivered = await _webhook(work, trigger, workflow, delivery, digest)
            else:
                delivered = await _objects(work, trigger, workflow, delivery, body, digest)
        # Counted when it is kept.
        for accepted in delivered.accepted:
            TRIGGERS.labels(trigger["kind"], "accepted" if accepted.new else "repeated").inc()
        for item in delivered.ignored:
            TRIGGERS.labels(trigger["kind"], "ignored").inc()
            structlog.get_logger().info(
                "trigger_ignored", trigger=str(trigger_id), tenant=str(tenant), key=item.key, reason=item.reason
            )
        return delivered

    def _verified(self, work: UnitOfWork, trigger: RowMapping, headers: Iterable[tuple[str, str]], body: bytes) -> str:
        now, place = work.clock.now(), sealed_place(work.tenant, trigger["id"])
        sealed = [trigger["secret"]]
        if trigger["previous_secret"] is not None and now < trigger["previous_until"]:
            sealed.append(trigger["previous_secret"])
        keys = [self._sealer.open(item, place).decode() for item in sealed]
        try:
            return verify(headers, body, keys, now)
        except SignatureInvalid as error:
            TRIGGERS.labels(trigger["kind"], "refused").inc()
            structlog.get_logger().warning(
                "webhook_refused", trigger=str(trigger["id"]), tenant=str(work.tenant), reason=str(error)
            )
            raise ProblemError(401, "signature_invalid", "The signature is missing, wrong, or too old.") from None


async def _webhook(
    work: UnitOfWork, trigger: RowMapping, workflow: RowMapping, delivery: str, digest: bytes
) -> Delivered:
    """One delivery, one run on everything new."""
    asked = Asked(workflow["id"], workflow["name"], workflow["current_version"], "webhook", trigger["id"])
    return Delivered([await accept(work, asked, f"webhook/{trigger['id']}", delivery, body_hash=digest)])


async def _objects(
    work: UnitOfWork, trigger: RowMapping, workflow: RowMapping, delivery: str, body: bytes, digest: bytes
) -> Delivered:
    """One run for each object version that the delivery names and the trigger is for."""
    source = f"delivery/{trigger['id']}"
    fresh = await receipts.add_receipt(work, source, delivery, run_id=None, body_hash=digest, now=work.clock.now())
    if not fresh and (await receipts.get_receipt(work, source, delivery))["body_hash"] != digest:
        raise conflict("This id was used for another message.", "id_reused")
    try:
        said = read(strict_json.parse(body))
    except NotAnEvent as error:
        raise invalid([Problem(pointer="", code="not_an_event", message=str(error))]) from None
    place = Place(trigger["settings"]["bucket"], trigger["settings"]["pattern"])
    delivered = Delivered(ignored=said.ignored, test=said.test)
    wanted = []
    for version in said.objects:
        if (reason := place.why_not(version)) is None:
            wanted.append(version)
        else:
            delivered.ignored.append(Ignored(version.key, reason))
    # In one order for all, so that two deliveries of the same objects never wait for each other in a circle.
    for version in sorted(wanted, key=lambda item: item.identity):
        asked = Asked(
            workflow["id"],
            workflow["name"],
            workflow["current_version"],
            "s3_event",
            trigger["id"],
            object_window(version),
        )
        delivered.accepted.append(await accept_object(work, asked, version))
    return delivered
