"""Modules as text: the view, the check of a text, and saving it as the next version."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.data import Schema
from contracts.module_code import Side
from contracts.workflow import ModuleDraft
from services.chassis.database import UnitOfWork
from services.chassis.problems import ProblemError, invalid
from services.module_registry.checking import Drafts
from services.module_registry.code.document import code_of, draft_of, located
from services.module_registry.code.reading import CodeRefused
from services.module_registry.levels import Contracts
from services.module_registry.odcs.reading import contracts_in
from services.module_registry.plans import Plans
from services.module_registry.service.publishing import Published, publish
from services.module_registry.service.reading import contracts_of, recipe_of


def code(module: RowMapping, row: RowMapping) -> str:
    """A version as text: as it was saved, to the byte; else as we write it."""
    if row["source"] is not None:
        return str(row["source"])
    return code_of(module["name"], row["description"], recipe_of(row), contracts_of(row))


def with_contract(
    module: RowMapping, row: RowMapping, source: str, alone: Literal["input", "output"]
) -> tuple[str, list[str]]:
    """A version as text with the columns and checks of a data contract, and what of it was not taken over."""
    try:
        found = contracts_in(source, alone)
    except CodeRefused as error:
        raise invalid(error.problems, "The data contract cannot be used.") from None
    before = contracts_of(row)
    taken = found.input or Side(columns=before.input.columns, checks=before.input_checks)
    given = found.output or Side(columns=before.output.columns, checks=before.output_checks)
    contracts = Contracts(Schema(columns=taken.columns), Schema(columns=given.columns), taken.checks, given.checks)
    return code_of(module["name"], row["description"], recipe_of(row), contracts), found.notes


async def judge(drafts: Drafts, tenant: UUID, name: str, source: str) -> ModuleDraft:
    """The draft in a text; raises 422 with line and column, 503 when nobody can say now."""
    try:
        draft, text, derive = await asyncio.to_thread(draft_of, source, name)
    except CodeRefused as error:
        raise invalid(error.problems, "The code cannot be used.") from None
    try:
        return await drafts.judge(tenant, draft, derive_output=derive)
    except ProblemError as error:
        if error.status != 422:
            raise
        raise invalid([located(text, problem) for problem in error.errors], error.detail) from None


async def save(
    work: Callable[[], Awaitable[UnitOfWork]],
    draft: ModuleDraft,
    source: str,
    by: UUID,
    plans: Plans,
    *,
    make_current: bool,
    reason: str,
) -> Published:
    """Publish a text that was judged; it is kept as it was written."""
    return await publish(await work(), draft, by, plans, make_current=make_current, reason=reason, source=source)
