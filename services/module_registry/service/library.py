"""The library: what modules are found by, clones, what is archived and deleted, and who uses what."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.events.modules import ModuleArchived, ModuleDeleted, ModuleRestored
from contracts.workflow import ModuleDetails, ModuleDraft
from services.chassis.database import UnitOfWork
from services.chassis.problems import ProblemError, conflict
from services.module_registry.code.document import renamed
from services.module_registry.plans import Plans
from services.module_registry.repository import modules, uses, versions
from services.module_registry.service.publishing import Published, publish
from services.module_registry.service.reading import contracts_of, module_named, recipe_of, version_of

SHOWN_USES = 5


@dataclass(frozen=True)
class Usage:
    """Who uses a module, and how often its versions ran."""

    module: RowMapping
    workflows: list[RowMapping]
    versions: list[RowMapping]


async def change(work: UnitOfWork, module: RowMapping, details: ModuleDetails, description: str | None) -> RowMapping:
    """Change what a module is found by; its versions stay as they are."""
    values: dict[str, Any] = details.model_dump(exclude_none=True)
    if "tags" in values:
        values["tags"] = sorted(set(values["tags"]))
    if description is not None:
        values["description"] = description
    if values:
        await modules.change_module(work, module["id"], **values)
    return await module_named(work, module["name"])


async def archive(work: UnitOfWork, name: str) -> RowMapping:
    """Take a module out of the library's view; what uses it goes on."""
    module = await module_named(work, name, lock=True)
    if module["archived_at"] is None:
        await modules.change_module(work, module["id"], archived_at=work.clock.now())
        await work.publish(ModuleArchived(module_id=module["id"], name=name), key=module["id"])
    return await module_named(work, name)


async def restore(work: UnitOfWork, name: str) -> RowMapping:
    """Put a module back into the library."""
    module = await module_named(work, name, lock=True)
    if module["archived_at"] is not None:
        await modules.change_module(work, module["id"], archived_at=None)
        await work.publish(ModuleRestored(module_id=module["id"], name=name), key=module["id"])
    return await module_named(work, name)


async def delete(work: UnitOfWork, name: str) -> None:
    """Remove a module that no workflow uses; its versions stay as a record of what ran, its name is free."""
    module = await module_named(work, name, lock=True)
    using = sorted({row["workflow"] for row in await uses.uses_of(work, name)})
    if using:
        more = f" and {len(using) - SHOWN_USES} more" if len(using) > SHOWN_USES else ""
        named = ", ".join(using[:SHOWN_USES]) + more
        raise ProblemError(409, "in_use", f"The module is in use by: {named}. Archive it, or change them first.")
    await modules.change_module(work, module["id"], deleted_at=work.clock.now())
    await work.publish(ModuleDeleted(module_id=module["id"], name=name), key=module["id"])


async def clone(
    work: UnitOfWork, name: str, target: str, number: int | None, description: str | None, by: UUID, plans: Plans
) -> Published:
    """A module of its own with the content of a version of this one; where it came from stays on record."""
    source = await module_named(work, name)
    number = number or source["current_version"]
    row = await version_of(work, source, number)
    if await modules.get_module(work, target) is not None:
        raise conflict(f"There is a module {target!r} already.", "name_taken")
    contracts = contracts_of(row)
    draft = ModuleDraft(
        name=target,
        description=source["description"] if description is None else description,
        recipe=recipe_of(row),
        input_contract=contracts.input,
        output_contract=contracts.output,
        input_checks=contracts.input_checks,
        output_checks=contracts.output_checks,
        details=ModuleDetails(
            tags=tuple(source["tags"]), category=source["category"], owner=source["owner"], readme=source["readme"]
        ),
        session_id=row["session_id"],
        node_id=row["node_id"],
    )
    reason = f"cloned from {name} version {number}"
    text = None if row["source"] is None else renamed(row["source"], target)
    published = await publish(work, draft, by, plans, reason=reason, source=text)
    if not published.created:
        # Somebody else made a module of that name, with this very content, since we looked.
        raise conflict(f"There is a module {target!r} already.", "name_taken")
    made = await module_named(work, target)
    origin = {
        "module_id": str(source["id"]),
        "name": name,
        "version": number,
        "content_hash": row["content_hash"],
        "cloned_at": work.clock.now().isoformat(),
    }
    await modules.change_module(work, made["id"], cloned_from=origin)
    return published


async def users_of(work: UnitOfWork, name: str, number: int) -> list[str]:
    """The workflows that name this very version."""
    return sorted({row["workflow"] for row in await uses.uses_of(work, name) if row["version"] == number})


async def usage(work: UnitOfWork, name: str) -> Usage:
    """Who uses a module, and how often its versions ran: told by the events of workflows and runs."""
    module = await module_named(work, name)
    ran = {row["number"]: dict(row) for row in await uses.usage_of(work, module["id"])}
    users = await uses.uses_of(work, name)
    shown: list[Any] = []
    for row in await versions.list_versions(work, module["id"]):
        number = row["number"]
        using = {
            user["workflow"]
            for user in users
            if user["version"] == number or (user["version"] is None and number == module["current_version"])
        }
        shown.append(dict(row) | ran.get(number, {}) | {"number": number, "workflows": sorted(using)})
    return Usage(module, users, shown)
