"""Publishing: a draft becomes a version, `current` moves by decision, and old versions make room for new ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.module_registry import AdaptationOrigin
from contracts.data import Schema
from contracts.events.modules import ModuleRolledBack, ModuleVersionPublished, ModuleVersionRetired
from contracts.workflow import ModuleDraft, ModuleVersionRef
from services.chassis.database import UnitOfWork
from services.chassis.problems import conflict, invalid, not_found
from services.module_registry.content import content_hash, content_of
from services.module_registry.levels import Change, Contracts, changes, level, next_version
from services.module_registry.plans import Plans
from services.module_registry.repository import modules, uses, versions
from services.module_registry.service.reading import contracts_of, module_named, ref, semantic_version
from services.module_registry.static_check import check, check_checks

MOST_IN_A_MESSAGE = 100_000  # characters of a contract; both together are far from what the bus takes


@dataclass(frozen=True)
class Published:
    """What came of publishing: the version, and whether it is a new one."""

    ref: ModuleVersionRef
    created: bool
    semantic_version: str
    level: str | None


async def publish(
    work: UnitOfWork,
    draft: ModuleDraft,
    by: UUID,
    plans: Plans,
    *,
    make_current: bool = True,
    reason: str = "",
    source: str | None = None,
    adapts: AdaptationOrigin | None = None,
) -> Published:
    """Freeze a draft as the module's next version. The same content is the same version, however often it comes.

    The first version becomes the current one. A later one does when it is asked for; both are recorded decisions. One
    that adapts another version takes its place only: where another one is current by now, that stays.
    """
    content = content_of(draft)
    digest = content_hash(content)
    module = await modules.lock_module(work, draft.name)
    if module["archived_at"] is not None:
        raise conflict("The module is archived; restore it before you publish to it.", "archived")
    known = await versions.find_content(work, module["id"], digest)
    if known is not None:
        return await _again(work, module, known, draft, source)
    if problems := check(draft.recipe, draft.input_contract) + check_checks(draft):
        raise invalid(problems, "The recipe names columns that are not there.")
    number, now = module["latest_version"] + 1, work.clock.now()
    reach, found = await _reach(work, module, draft)
    await versions.add_version(
        work,
        {
            "module_id": module["id"],
            "number": number,
            "content_hash": digest,
            "description": draft.description,
            "session_id": draft.session_id,
            "node_id": draft.node_id,
            "published_by": by,
            "published_at": now,
            "level": level(found) if number > 1 else "major",
            "semantic_version": reach,
            "changes": [{"level": one.level, "side": one.side, "sentence": one.sentence} for one in found],
            "input_fingerprint": draft.input_contract.fingerprint,
            "output_fingerprint": draft.output_contract.fingerprint,
            "adapts": None if adapts is None else adapts.model_dump(mode="json"),
            **content,
        },
    )
    if adapts is not None:
        make_current = module["current_version"] == adapts.base.version
        reason = reason or f"adapted from version {adapts.base.version} to what run {adapts.run_id} read"
    current = make_current or number == 1
    values: dict[str, Any] = {"latest_version": number, **_details(draft)}
    if current:
        values["current_version"] = number
        why = reason or ("the first version" if number == 1 else "published as the current version")
        await _decide(work, module, number, by, why)
    await modules.change_module(work, module["id"], **values)
    if source is not None:
        await versions.set_state(work, module["id"], number, source=source)
    await _rotate(work, module, number, number if current else module["current_version"], plans)
    event = ModuleVersionPublished(
        module_id=module["id"],
        name=draft.name,
        version=number,
        content_hash=digest,
        input_fingerprint=draft.input_contract.fingerprint,
        output_fingerprint=draft.output_contract.fingerprint,
        current=current,
        input_contract=sendable(draft.input_contract),
        output_contract=sendable(draft.output_contract),
        semantic_version=reach,
        level=level(found) if number > 1 else "major",
    )
    await work.publish(event, key=module["id"])
    return Published(ref(module, number, digest), True, reach, event.level)


def sendable(contract: Schema) -> Schema | None:
    """The contract where a message can hold it."""
    return contract if len(contract.model_dump_json()) <= MOST_IN_A_MESSAGE else None


async def set_current(work: UnitOfWork, name: str, number: int, by: UUID, reason: str) -> RowMapping:
    """Decide that another version is current from now on."""
    module = await modules.get_module(work, name, lock=True)
    row = None if module is None else await versions.get_version(work, module["id"], number)
    if module is None or row is None:
        raise not_found()
    if row["retired_at"] is not None:
        raise conflict(f"Version {number} is retired; nobody may use it.", "retired")
    if module["current_version"] != number:
        await _decide(work, module, number, by, reason)
        await modules.change_module(work, module["id"], current_version=number)
    return await module_named(work, name)


@dataclass(frozen=True)
class RolledBack:
    """What a module went back from, and to."""

    module: RowMapping
    withdrawn: int


async def roll_back(work: UnitOfWork, name: str, number: int | None, by: UUID, reason: str) -> RolledBack:
    """Make an earlier version current again: the one that was named, or the last one before that was it once."""
    module = await module_named(work, name, lock=True)
    now = module["current_version"]
    live = {row["number"] for row in await versions.list_versions(work, module["id"], retired=False)}
    if number is None:
        once = await modules.once_current(work, module["id"])
        number = max((one for one in once & live if now is not None and one < now), default=None)
        if number is None:
            raise conflict("No earlier version was ever current that could be used again.", "nothing_earlier")
    elif now is None or number >= now:
        raise conflict(f"Version {number} is not an earlier one; set it as the current one instead.", "not_earlier")
    await set_current(work, name, number, by, reason)
    event = ModuleRolledBack(
        module_id=module["id"], name=name, withdrawn=now, current=number, reason=reason, decided_by=by
    )
    await work.publish(event, key=module["id"])
    return RolledBack(await module_named(work, name), now)


async def set_pinned(work: UnitOfWork, name: str, number: int, *, pinned: bool) -> RowMapping:
    """Keep a version for ever, whatever the plan's limit; or no longer."""
    module = await module_named(work, name, lock=True)
    row = await versions.get_version(work, module["id"], number) if number < 2**31 else None
    if row is None:
        raise not_found()
    if row["retired_at"] is not None:
        raise conflict(f"Version {number} is retired; it cannot be kept any more.", "retired")
    await versions.set_state(work, module["id"], number, pinned=pinned)
    return module


async def _again(
    work: UnitOfWork, module: RowMapping, known: RowMapping, draft: ModuleDraft, source: str | None
) -> Published:
    """This content is a version already; what it looks like as text may be new, and it may be wanted back."""
    number = known["number"]
    if known["retired_at"] is not None:
        await versions.set_state(work, module["id"], number, retired_at=None, retired_reason=None)
    if source is not None:
        await versions.set_state(work, module["id"], number, source=source)
    if details := _details(draft, description=False):
        await modules.change_module(work, module["id"], **details)
    return Published(ref(module, number, known["content_hash"]), False, semantic_version(known), known["level"])


async def _reach(work: UnitOfWork, module: RowMapping, draft: ModuleDraft) -> tuple[str, list[Change]]:
    """The next semantic version, and why: compared with the version published last."""
    if module["latest_version"] == 0:
        return "1.0.0", []
    last = await versions.get_version(work, module["id"], module["latest_version"])
    if last is None:
        raise not_found()
    now = Contracts(draft.input_contract, draft.output_contract, draft.input_checks, draft.output_checks)
    found = changes(contracts_of(last), now)
    return next_version(semantic_version(last), level(found)), found


async def _rotate(work: UnitOfWork, module: RowMapping, newest: int, current: int | None, plans: Plans) -> None:
    """Let the oldest versions go that nobody uses, until the plan's limit holds; refuse when too few can."""
    plan = await uses.plan_of(work)
    limit = plans.versions(plan)
    if limit is None:
        return
    live = await versions.list_versions(work, module["id"], retired=False)
    surplus = len(live) - limit
    if surplus <= 0:
        return
    kept = await uses.versions_in_use(work, module["name"]) | {newest, current}
    going = [row for row in reversed(live) if not row["pinned"] and row["number"] not in kept][:surplus]
    name = plans.name(plan)
    if len(going) < surplus:
        raise conflict(
            f"The plan {name!r} keeps {limit} versions of a module, and all there are of this one are in use, pinned or"
            " current. Unpin one, or have a workflow use another.",
            "version_limit",
        )
    for row in going:
        reason = f"the plan {name!r} keeps {limit} versions"
        await versions.set_state(work, module["id"], row["number"], retired_at=work.clock.now(), retired_reason=reason)
        event = ModuleVersionRetired(
            module_id=module["id"],
            name=module["name"],
            version=row["number"],
            content_hash=row["content_hash"],
            reason=reason,
        )
        await work.publish(event, key=module["id"])


async def _decide(work: UnitOfWork, module: Mapping[Any, Any], number: int, by: UUID, reason: str) -> None:
    values = {
        "module_id": module["id"],
        "before": module["current_version"],
        "after": number,
        "reason": reason,
        "decided_by": by,
        "decided_at": work.clock.now(),
    }
    await modules.add_decision(work, values)


def _details(draft: ModuleDraft, *, description: bool = True) -> dict[str, Any]:
    said = {} if draft.details is None else draft.details.model_dump(exclude_none=True)
    if "tags" in said:
        said["tags"] = sorted(set(said["tags"]))
    if description and draft.description:
        said["description"] = draft.description
    return said
