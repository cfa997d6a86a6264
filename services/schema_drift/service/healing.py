"""Quarantine that heals: files that a new version takes are released by themselves, once, in their order."""

from typing import Any
from uuid import UUID

from contracts.adaptation import THE_PLATFORM
from contracts.data import Schema
from contracts.events.modules import ModuleRolledBack, ModuleVersionPublished
from contracts.workflow import ModuleVersionRef
from services.chassis.database import UnitOfWork
from services.schema_drift import knowledge, repository
from services.schema_drift.service import quarantine
from services.schema_drift.service.looking import accepts, takeable


async def version_published(work: UnitOfWork, event: ModuleVersionPublished) -> int:
    """Know a version, and release what waits for one like it; how many were released."""
    ref = ModuleVersionRef(
        module_id=str(event.module_id), name=event.name, version=event.version, content_hash=event.content_hash
    )
    contract = None if event.input_contract is None else event.input_contract.model_dump(mode="json")
    await knowledge.know_version(work, ref, event.output_fingerprint, input_contract=contract)
    return await heal(work, event.module_id, event.name)


async def rolled_back(work: UnitOfWork, event: ModuleRolledBack) -> int:
    """Take withdrawn versions no more; what the one that is current again takes is released."""
    await knowledge.withdraw_versions(work, event.module_id, event.current, event.withdrawn)
    return await heal(work, event.module_id, event.name)


async def heal(work: UnitOfWork, module_id: UUID, name: str) -> int:
    """Release the open files of a module's workflows that a version takes now, in the order in which they came."""
    released = 0
    versions = await knowledge.versions_of(work, module_id)
    for row in await repository.waiting_for(work, name):
        if _taken(row, versions):
            await quarantine.release(work, row["id"], THE_PLATFORM)
            released += 1
    return released


def _taken(row: Any, versions: list[knowledge.Version]) -> bool:
    """Whether a run with the version that the workflow used would go on now, with that one or another."""
    base = next((one for one in versions if one.ref.version == row["module_version"]), None)
    incoming = Schema.model_validate(row["incoming"])
    meant = any(one["kind"] == "meaning_changed" for one in row["changes"])
    if meant or accepts(Schema.model_validate(row["contract"]), incoming):
        return False  # not only names and types kept it out: what its values mean, a person has to look at
    if base is None:
        # The version was published before versions were known here: any that came since may take its place.
        later = [one for one in versions if one.ref.version > (row["module_version"] or 0) and not one.withdrawn]
    else:
        later = takeable(versions, base.ref, base.output_fingerprint)
    return any(one.input_contract is not None and accepts(one.input_contract, incoming) for one in later)
