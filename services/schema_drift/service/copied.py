"""Inputs of workflows without modules: they are loaded as they come, unless a column is missing that came before.

No module says which columns are needed. A destination takes what is missing as null, so a column that was renamed or
left out would be lost while every run reports success: whoever knows that it is gone for good lets the file go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from contracts.commands.schema_drift import SettleInput
from contracts.data import Column, Schema
from services.chassis.database import UnitOfWork
from services.schema_drift.deciding.modes import Decision
from services.schema_drift.detecting.schemas import Difference, detect
from services.schema_drift.tables import copied_columns


@dataclass(frozen=True)
class Copied:
    """The columns that came from a source until now, and those of them that need not come."""

    columns: Schema
    optional: frozenset[str] = frozenset()

    def after(self, incoming: Schema) -> "Copied":
        """What is expected once an input with these columns was loaded: it may bring new ones, and lack old ones."""
        gone = {name for name in self.columns.names if incoming.column(name) is None}
        optional = self.optional | gone
        kept = [column for column in self.columns.columns if column.name not in gone]
        known = {column.name for column in kept} | optional
        new = [Column(name=one.name, type=one.type) for one in incoming.columns if one.name not in known]
        return Copied(Schema(columns=(*kept, *new)), optional)


def differences(input: SettleInput, copied: Copied) -> tuple[Difference, ...]:
    """How an input differs from those before it; whether a type still fits is for the destination to say."""
    group = input.group
    found = detect(group.dataset.table_schema, copied.columns)
    new = {one.column for one in found if one.kind == "added"} - copied.optional
    return tuple(
        replace(one, absorbable=True) if one.kind == "type_changed" else one
        for one in found
        if one.kind != "added" or one.column in new
    )


def decide(input: SettleInput, found: Sequence[Difference]) -> Decision:
    """Whether an input may be loaded; a person who let it go on has said so."""
    strict = input.policy.mode == "strict"
    if input.released or not any(strict or not one.absorbable for one in found):
        return "proceed"
    return "fail" if input.policy.mode == "freeze" else "quarantine"


async def known(work: UnitOfWork, input: SettleInput) -> Copied | None:
    """What came until now; None where nothing did, or the workflow reads from elsewhere now."""
    table = copied_columns
    row = (
        await work.connection.execute(
            select(table.c.columns, table.c.optional).where(
                table.c.tenant == work.tenant,
                table.c.workflow_id == input.scope.workflow_id,
                table.c.stream == input.stream,
                table.c.source == _source(input),
            )
        )
    ).one_or_none()
    return None if row is None else Copied(Schema.model_validate(row.columns), frozenset(row.optional))


async def remember(work: UnitOfWork, input: SettleInput, copied: Copied) -> None:
    """Expect these columns of the next input."""
    values = {
        "source": _source(input),
        "columns": copied.columns.model_dump(mode="json"),
        "optional": sorted(copied.optional),
        "run_id": input.scope.run_id,
        "accepted_at": work.clock.now(),
    }
    await work.connection.execute(
        insert(copied_columns)
        .values(tenant=work.tenant, workflow_id=input.scope.workflow_id, stream=input.stream, **values)
        .on_conflict_do_update(index_elements=["tenant", "workflow_id", "stream"], set_=values)
    )


def _source(input: SettleInput) -> str:
    return "" if input.source is None else input.source.model_dump_json()
