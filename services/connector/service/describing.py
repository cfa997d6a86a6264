"""Says for others whether a connection exists and can play a role with a selection or a target."""

from typing import Any
from uuid import UUID

from contracts.commands.connector import DescribeConnectionInput, DescribeConnectionResult, Problem
from services.chassis.database import Database
from services.connector.kinds.base import Kind, problems_with
from services.connector.kinds.registry import BUILT_IN, KINDS
from services.connector.repository import connections as repository


class Describing:
    """Answers without reaching for the system behind the connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def describe(self, input: DescribeConnectionInput) -> DescribeConnectionResult:
        """What there is, and what is wrong; pointers are those of a workflow definition."""
        role = input.role
        if input.name in BUILT_IN:
            row: dict[str, Any] | None = {"id": UUID(int=0), "kind": BUILT_IN[input.name], "settings": {}}
        else:
            async with self._database.work(input.tenant) as work:
                found = await repository.get(work, input.name)
            row = None if found is None else {**found, "kind": KINDS[found["kind"]]}
        if row is None:
            missing = Problem(
                pointer=f"/{role}/connection", code="not_found", message=f"there is no connection {input.name!r}"
            )
            return DescribeConnectionResult(problems=(missing,))
        kind: Kind = row["kind"]
        able = kind.capabilities.source if role == "source" else kind.capabilities.destination
        problems: list[Problem] = []
        if not able:
            message = f"a connection of kind {kind.name} cannot be a {role}"
            problems.append(Problem(pointer=f"/{role}/connection", code="role_unsupported", message=message))
        elif role == "source" and input.selection is not None:
            problems += self._document(kind, row["settings"], input.selection, "/source/selection", source=True)
        elif role == "destination" and input.target is not None:
            problems += self._document(kind, row["settings"], input.target, "/destination/target", source=False)
        if (
            able
            and role == "destination"
            and input.mode is not None
            and input.mode not in kind.capabilities.write_modes
        ):
            problems.append(_mode_unsupported(kind, input.mode))
        return DescribeConnectionResult(
            connection_id=row["id"],
            kind=kind.name,
            bucket=row["settings"].get("bucket"),
            problems=tuple(problems),
        )

    def _document(
        self, kind: Kind, settings: dict[str, Any], given: dict[str, Any], pointer: str, *, source: bool
    ) -> list[Problem]:
        model = kind.selection if source else kind.target
        problems = problems_with(model, given, pointer)
        if problems:
            return problems
        agreed = kind.agree(kind.settings.model_validate(settings), model.model_validate(given))
        return [problem.model_copy(update={"pointer": f"{pointer}{problem.pointer}"}) for problem in agreed]


def _mode_unsupported(kind: Kind, mode: str) -> Problem:
    able = [f"{name!r}" for name in kind.capabilities.write_modes]
    others = [other.name for other in KINDS.values() if mode in other.capabilities.write_modes]
    elsewhere = f", or a connection of kind {' or '.join(others)}" if others else ""
    message = f"a connection of kind {kind.name} cannot be written in mode {mode!r}; use {' or '.join(able)}{elsewhere}"
    return Problem(pointer="/destination/mode", code="mode_unsupported", message=message)
