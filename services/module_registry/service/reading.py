"""Modules and versions as they were published: found by name and number, compared with their hash."""

from difflib import get_close_matches
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from contracts.checks import Check, Checks
from contracts.commands.module_registry import ResolveModuleResult
from contracts.data import Schema
from contracts.recipe import Recipe
from contracts.workflow import ModuleUse, ModuleVersionRef, ResolvedModule
from services.chassis.database import UnitOfWork
from services.chassis.problems import ProblemError, not_found
from services.module_registry.content import canonical, content_hash
from services.module_registry.levels import Contracts
from services.module_registry.repository import modules, versions

_CHECKS: TypeAdapter[tuple[Check, ...]] = TypeAdapter(Checks)
MAX_NUMBER = 2**31


class VersionTampered(Exception):
    """A stored version is not what was published; nothing may run it."""


async def module_named(work: UnitOfWork, name: str, *, lock: bool = False) -> RowMapping:
    """A module, or the problem that there is none."""
    module = await modules.get_module(work, name, lock=lock)
    if module is None:
        raise not_found()
    return module


async def version_of(work: UnitOfWork, module: RowMapping, number: int) -> RowMapping:
    """A version, checked against its hash, or the problem that there is none."""
    row = await versions.get_version(work, module["id"], number) if 1 <= number < MAX_NUMBER else None
    if row is None:
        raise not_found()
    try:
        verify(module["name"], row)
    except VersionTampered as error:
        raise ProblemError(500, "module_tampered", f"{str(error).capitalize()}.") from None
    return row


async def resolve(work: UnitOfWork, use: ModuleUse) -> ResolveModuleResult:
    """A module version with all that is needed to run it, or a sentence about what is wrong with the name or number."""
    module = await modules.get_module(work, use.name)
    if module is None:
        near = get_close_matches(use.name, await modules.names(work), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return ResolveModuleResult(problem=f"there is no module {use.name!r}{hint}")
    number = module["current_version"] if use.version == "current" else use.version
    if number is None:
        return ResolveModuleResult(problem=f"module {use.name!r} has no current version")
    row = await versions.get_version(work, module["id"], number)
    if row is None:
        there = f"its versions are 1 to {module['latest_version']}"
        return ResolveModuleResult(problem=f"module {use.name!r} has no version {number}; {there}")
    if row["retired_at"] is not None:
        return ResolveModuleResult(
            problem=f"version {number} of module {use.name!r} is retired ({row['retired_reason']})"
        )
    try:
        return ResolveModuleResult(module=resolved(module, row))
    except VersionTampered as error:
        return ResolveModuleResult(problem=str(error))


def resolved(module: RowMapping, row: RowMapping) -> ResolvedModule:
    """The version as runs take it; raises VersionTampered."""
    verify(module["name"], row)
    contracts = contracts_of(row)
    return ResolvedModule(
        ref=ref(module, row["number"], row["content_hash"]),
        recipe=recipe_of(row),
        input_contract=contracts.input,
        output_contract=contracts.output,
        input_checks=contracts.input_checks,
        output_checks=contracts.output_checks,
    )


def verify(name: str, row: RowMapping) -> None:
    """Compare what is stored with the hash it was published under.

    The stored documents are hashed, not the models: a model that grows a field must not disown old versions.
    """
    if content_hash(dict(row)) != row["content_hash"]:
        structlog.get_logger().error("module_version_tampered", module=name, version=row["number"])
        raise VersionTampered(f"version {row['number']} of module {name!r} is not what was published")


def recipe_of(row: RowMapping) -> Recipe:
    """A stored version's recipe."""
    return Recipe.model_validate_json(canonical(row["recipe"]))


def contracts_of(row: RowMapping) -> Contracts:
    """What a stored version takes and gives."""
    return Contracts(
        Schema.model_validate_json(canonical(row["input_contract"])),
        Schema.model_validate_json(canonical(row["output_contract"])),
        _checks(row["input_checks"]),
        _checks(row["output_checks"]),
    )


def semantic_version(row: RowMapping) -> str:
    """The semantic version; those published before there were any count as major ones."""
    return row["semantic_version"] or f"{row['number']}.0.0"


def ref(module: RowMapping, number: int, digest: str) -> ModuleVersionRef:
    """How a version is named elsewhere."""
    return ModuleVersionRef(module_id=str(module["id"]), name=module["name"], version=number, content_hash=digest)


def _checks(stored: Any) -> tuple[Check, ...]:
    return _CHECKS.validate_json(canonical(stored or []))
