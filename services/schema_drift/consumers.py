"""What schema_drift does when it hears of modules: versions are known from then on, and what waited for one goes on."""

from contracts.envelope import Envelope
from contracts.events.modules import ModuleDeleted, ModuleRolledBack, ModuleVersionPublished, ModuleVersionRetired
from services.chassis.bus import Handlers
from services.chassis.database import UnitOfWork
from services.schema_drift import knowledge
from services.schema_drift.service import healing


def handlers() -> Handlers:
    """The table of schema_drift's handlers."""

    async def version_published(work: UnitOfWork, event: ModuleVersionPublished, envelope: Envelope) -> None:
        await healing.version_published(work, event)

    async def rolled_back(work: UnitOfWork, event: ModuleRolledBack, envelope: Envelope) -> None:
        await healing.rolled_back(work, event)

    async def version_retired(work: UnitOfWork, event: ModuleVersionRetired, envelope: Envelope) -> None:
        await knowledge.forget_versions(work, event.module_id, event.version)

    async def deleted(work: UnitOfWork, event: ModuleDeleted, envelope: Envelope) -> None:
        await knowledge.forget_versions(work, event.module_id)

    table = Handlers()
    table.on(ModuleVersionPublished, version_published)
    table.on(ModuleRolledBack, rolled_back)
    table.on(ModuleVersionRetired, version_retired)
    table.on(ModuleDeleted, deleted)
    return table
