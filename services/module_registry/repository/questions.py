"""What was asked of modules on data, comparisons and trials, in PostgreSQL."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update

from services.chassis.database import UnitOfWork
from services.module_registry.tables import questions

Kind = Literal["comparison", "trial"]
_BRIEF = tuple(column for column in questions.c if column.name != "result")


async def add_question(work: UnitOfWork, kind: Kind, asked: dict[str, Any], by: UUID) -> RowMapping:
    """Something is asked."""
    added = await work.connection.execute(
        insert(questions)
        .values(
            id=work.ids.new(),
            tenant=work.tenant,
            kind=kind,
            asked=asked,
            state="running",
            requested_by=by,
            requested_at=work.clock.now(),
        )
        .returning(questions)
    )
    row: RowMapping = added.mappings().one()
    return row


async def get_question(work: UnitOfWork, kind: Kind, question_id: UUID) -> RowMapping | None:
    """One question, with its answer."""
    found = await work.connection.execute(
        select(questions).where(
            questions.c.tenant == work.tenant, questions.c.kind == kind, questions.c.id == question_id
        )
    )
    return found.mappings().one_or_none()


async def list_questions(work: UnitOfWork, kind: Kind, *, after: UUID | None, limit: int) -> list[RowMapping]:
    """Questions without their answers, newest first."""
    query = select(*_BRIEF).where(questions.c.tenant == work.tenant, questions.c.kind == kind)
    if after is not None:
        query = query.where(questions.c.id < after)
    found = await work.connection.execute(query.order_by(questions.c.id.desc()).limit(limit))
    return list(found.mappings())


async def answer(work: UnitOfWork, kind: Kind, question_id: UUID, **values: Any) -> bool:
    """Note what came of a question; False when that was noted before."""
    changed = await work.connection.execute(
        update(questions)
        .where(
            questions.c.tenant == work.tenant,
            questions.c.kind == kind,
            questions.c.id == question_id,
            questions.c.state == "running",
        )
        .values(finished_at=work.clock.now(), **values)
        .returning(questions.c.id)
    )
    return changed.one_or_none() is not None
