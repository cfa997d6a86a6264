"""Publishing, finding and comparing module versions."""

from dataclasses import dataclass
from difflib import get_close_matches
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from contracts.commands.module_registry import ResolveModuleResult
from contracts.data import Schema
from contracts.events.modules import ModuleVersionPublished
from contracts.recipe import Recipe
from contracts.workflow import ModuleDraft, ModuleUse, ModuleVersionRef, ResolvedModule
from services.chassis.database import UnitOfWork
from services.chassis.problems import ProblemError, invalid, not_found
from services.module_registry import repository
from services.module_registry.compare import ContractDifference, StepRow, compare_contracts, compare_steps
from services.module_registry.content import canonical, content_hash, content_of
from services.module_registry.static_check import check


class VersionTampered(Exception):
    """A stored version is not what was published; nothing may run it."""


@dataclass(frozen=True)
class Published:
    """What came of publishing: the version, and whether it is a new one."""

    ref: ModuleVersionRef
    created: bool


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side."""

    steps: list[StepRow]
    input_contract: ContractDifference
    output_contract: ContractDifference


async def publish(
    work: UnitOfWork, draft: ModuleDraft, by: UUID, *, make_current: bool = True, reason: str = ""
) -> Published:
    """Freeze a draft as the module's next version. The same content is the same version, however often it comes.

    The first version becomes the current one. A later one does when it is asked for; both are recorded decisions.
    """
    content = content_of(draft.recipe, draft.input_contract, draft.output_contract)
    digest = content_hash(content)
    module = await repository.lock_module(work, draft.name)
    known = await repository.find_content(work, module["id"], digest)
    if known is not None:
        return Published(_ref(module, known, digest), created=False)
    problems = check(draft.recipe, draft.input_contract)
    if problems:
        raise invalid(problems, "The recipe names columns that are not there.")
    number, now = module["latest_version"] + 1, work.clock.now()
    await repository.add_version(
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
            **content,
        },
    )
    changes: dict[str, object] = {"latest_version": number}
    if draft.description:
        changes["description"] = draft.description
    current = make_current or number == 1
    if current:
        changes["current_version"] = number
        await repository.add_decision(
            work,
            {
                "module_id": module["id"],
                "before": module["current_version"],
                "after": number,
                "reason": reason or ("the first version" if number == 1 else "published as the current version"),
                "decided_by": by,
                "decided_at": now,
            },
        )
    await repository.change_module(work, module["id"], **changes)
    await work.publish(
        ModuleVersionPublished(
            module_id=module["id"],
            name=draft.name,
            version=number,
            content_hash=digest,
            input_fingerprint=draft.input_contract.fingerprint,
            output_fingerprint=draft.output_contract.fingerprint,
            current=current,
        ),
        key=module["id"],
    )
    return Published(_ref(module, number, digest), created=True)


async def set_current(work: UnitOfWork, name: str, number: int, by: UUID, reason: str) -> RowMapping:
    """Decide that another version is current from now on."""
    module = await repository.get_module(work, name, lock=True)
    if module is None or await repository.get_version(work, module["id"], number) is None:
        raise not_found()
    if module["current_version"] != number:
        await repository.add_decision(
            work,
            {
                "module_id": module["id"],
                "before": module["current_version"],
                "after": number,
                "reason": reason,
                "decided_by": by,
                "decided_at": work.clock.now(),
            },
        )
        await repository.change_module(work, module["id"], current_version=number)
    return await module_named(work, name)


async def resolve(work: UnitOfWork, use: ModuleUse) -> ResolveModuleResult:
    """A module version with all that is needed to run it, or a sentence about what is wrong with the name or number."""
    module = await repository.get_module(work, use.name)
    if module is None:
        near = get_close_matches(use.name, await repository.names(work), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return ResolveModuleResult(problem=f"there is no module {use.name!r}{hint}")
    number = module["current_version"] if use.version == "current" else use.version
    if number is None:
        return ResolveModuleResult(problem=f"module {use.name!r} has no current version")
    row = await repository.get_version(work, module["id"], number)
    if row is None:
        there = f"its versions are 1 to {module['latest_version']}"
        return ResolveModuleResult(problem=f"module {use.name!r} has no version {number}; {there}")
    try:
        return ResolveModuleResult(module=resolved(module, row))
    except VersionTampered as error:
        return ResolveModuleResult(problem=str(error))


async def module_named(work: UnitOfWork, name: str) -> RowMapping:
    """A module, or the problem that there is none."""
    module = await repository.get_module(work, name)
    if module is None:
        raise not_found()
    return module


async def version_of(work: UnitOfWork, module: RowMapping, number: int) -> RowMapping:
    """A version, checked against its hash, or the problem that there is none."""
    row = await repository.get_version(work, module["id"], number)
    if row is None:
        raise not_found()
    try:
        verify(module["name"], row)
    except VersionTampered as error:
        raise ProblemError(500, "module_tampered", f"{str(error).capitalize()}.") from None
    return row


async def compare(work: UnitOfWork, name: str, left: int, right: int) -> Comparison:
    """Two versions of a module side by side."""
    module = await module_named(work, name)
    old, new = await version_of(work, module, left), await version_of(work, module, right)
    return Comparison(
        steps=compare_steps(old["recipe"]["steps"], new["recipe"]["steps"]),
        input_contract=_contracts(old, new, "input_contract"),
        output_contract=_contracts(old, new, "output_contract"),
    )


def resolved(module: RowMapping, row: RowMapping) -> ResolvedModule:
    """The version as runs take it; raises VersionTampered."""
    verify(module["name"], row)
    return ResolvedModule(
        ref=_ref(module, row["number"], row["content_hash"]),
        recipe=Recipe.model_validate_json(canonical(row["recipe"])),
        input_contract=Schema.model_validate_json(canonical(row["input_contract"])),
        output_contract=Schema.model_validate_json(canonical(row["output_contract"])),
    )


def verify(name: str, row: RowMapping) -> None:
    """Compare what is stored with the hash it was published under.

    The stored documents are hashed, not the models: a model that grows a field must not disown old versions.
    """
    stored = {part: row[part] for part in ("recipe", "input_contract", "output_contract")}
    if content_hash(stored) != row["content_hash"]:
        structlog.get_logger().error("module_version_tampered", module=name, version=row["number"])
        raise VersionTampered(f"version {row['number']} of module {name!r} is not what was published")


def _contracts(old: RowMapping, new: RowMapping, part: str) -> ContractDifference:
    return compare_contracts(
        Schema.model_validate_json(canonical(old[part])), Schema.model_validate_json(canonical(new[part]))
    )


def _ref(module: RowMapping, number: int, digest: str) -> ModuleVersionRef:
    return ModuleVersionRef(module_id=str(module["id"]), name=module["name"], version=number, content_hash=digest)
