"""Two versions side by side: their steps and contracts at once, what they make of the same rows when asked for."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.commands.connector import Problem
from contracts.commands.module_registry import RecordComparisonInput, RecordTrialInput
from contracts.differences import DataInput, Table
from contracts.events.modules import ComparisonFinished, ComparisonRequested, TrialFinished, TrialRequested
from services.chassis.database import UnitOfWork
from services.chassis.problems import ProblemError, conflict, invalid, not_found
from services.module_registry.compare import (
    ContractDifference,
    InputRow,
    StepRow,
    compare_contracts,
    compare_inputs,
    compare_steps,
)
from services.module_registry.levels import Change, Level, changes, level
from services.module_registry.repository import modules, questions, versions
from services.module_registry.repository.questions import Kind
from services.module_registry.service.reading import contracts_of, module_named, version_of

MAX_INPUT_BYTES = 16_000
MAX_MESSAGE = 2_000


@dataclass(frozen=True)
class Comparison:
    """Two versions side by side."""

    steps: list[StepRow]
    inputs: list[InputRow]
    input_contract: ContractDifference
    output_contract: ContractDifference
    level: Level
    changes: list[Change]


async def compare(work: UnitOfWork, left: Table, right: Table) -> Comparison:
    """Two versions side by side, of one module or of two."""
    old, new = await _version(work, left), await _version(work, right)
    before, after = contracts_of(old), contracts_of(new)
    found = changes(before, after)
    return Comparison(
        steps=compare_steps(old["recipe"]["steps"], new["recipe"]["steps"]),
        inputs=compare_inputs(old["recipe"].get("inputs", {}), new["recipe"].get("inputs", {})),
        input_contract=compare_contracts(before.input, after.input),
        output_contract=compare_contracts(before.output, after.output),
        level=level(found),
        changes=found,
    )


async def ask_difference(
    work: UnitOfWork, left: Table, right: Table, input: DataInput, keys: tuple[str, ...] | None, by: UUID
) -> RowMapping:
    """Ask what two versions make of the same rows; the answer comes later."""
    _refuse_large(input)
    for side, table in (("left", left), ("right", right)):
        await _usable(work, table, f"/{side}")
    asked = {
        "left": left.model_dump(mode="json"),
        "right": right.model_dump(mode="json"),
        "input": input.model_dump(mode="json"),
        "keys": None if keys is None else list(keys),
    }
    row = await questions.add_question(work, "comparison", asked, by)
    event = ComparisonRequested(
        comparison_id=row["id"], left=left, right=right, input=input, keys=keys, requested_by=by
    )
    await work.publish(event, key=row["id"])
    return row


async def ask_trial(work: UnitOfWork, name: str, number: int | None, input: DataInput, by: UUID) -> RowMapping:
    """Ask what a version makes of some rows; the answer comes later."""
    _refuse_large(input)
    if number is None:
        found = await modules.get_module(work, name)
        if found is None:
            raise _unknown("/module")
        number = found["current_version"]
    module = Table(name=name, version=number)
    await _usable(work, module, "/module")
    asked = {"module": module.model_dump(mode="json"), "input": input.model_dump(mode="json")}
    row = await questions.add_question(work, "trial", asked, by)
    await work.publish(TrialRequested(trial_id=row["id"], module=module, input=input, requested_by=by), key=row["id"])
    return row


async def record_comparison(work: UnitOfWork, said: RecordComparisonInput) -> None:
    """What came of a comparison; once, however often it is said."""
    if said.result is None:
        done = await _failed(work, "comparison", said.comparison_id, said.code, said.message)
    else:
        result = said.result.model_dump(mode="json")
        done = await questions.answer(work, "comparison", said.comparison_id, state="done", result=result)
    if done:
        event = ComparisonFinished(
            comparison_id=said.comparison_id,
            outcome="failed" if said.result is None else "done",
            same=None if said.result is None else said.result.difference.same,
            code=said.code,
        )
        await work.publish(event, key=said.comparison_id)


async def record_trial(work: UnitOfWork, said: RecordTrialInput) -> None:
    """What came of a trial; once, however often it is said."""
    if said.result is None:
        done = await _failed(work, "trial", said.trial_id, said.code, said.message)
    else:
        result = said.result.model_dump(mode="json") | {
            "rows_read": said.rows_read,
            "set_aside_before": said.set_aside_before,
        }
        done = await questions.answer(work, "trial", said.trial_id, state="done", result=result)
    if done:
        event = TrialFinished(
            trial_id=said.trial_id,
            outcome="failed" if said.result is None else "done",
            rows=None if said.result is None else said.result.dataset.rows,
            code=said.code,
        )
        await work.publish(event, key=said.trial_id)


async def question(work: UnitOfWork, kind: Kind, question_id: UUID, *, answered: bool = False) -> RowMapping:
    """What was asked, with its answer; `answered` refuses those that have none."""
    row = await questions.get_question(work, kind, question_id)
    if row is None:
        raise not_found()
    if answered and row["state"] == "running":
        raise conflict("It is not finished yet.", "running")
    if answered and row["state"] == "failed":
        raise conflict(f"It has no rows: {row['message']}", "failed")
    return row


async def _failed(work: UnitOfWork, kind: Kind, question_id: UUID, code: str | None, message: str | None) -> bool:
    said: dict[str, Any] = {"code": (code or "failed")[:100], "message": (message or "It failed.")[:MAX_MESSAGE]}
    return await questions.answer(work, kind, question_id, state="failed", **said)


async def _version(work: UnitOfWork, table: Table) -> RowMapping:
    return await version_of(work, await module_named(work, table.name), table.version)


async def _usable(work: UnitOfWork, table: Table, pointer: str) -> None:
    """Refuse a version that is not there, as a mistake in the request."""
    module = await modules.get_module(work, table.name)
    row = None if module is None else await versions.get_version(work, module["id"], table.version)
    if row is None or row["retired_at"] is not None:
        raise _unknown(pointer)


def _unknown(pointer: str) -> ProblemError:
    message = "there is no such module, or no such version of it"
    return invalid([Problem(pointer=pointer, code="version_unknown", message=message)])


def _refuse_large(input: DataInput) -> None:
    if len(json.dumps(input.model_dump(mode="json"))) > MAX_INPUT_BYTES:
        raise invalid([Problem(pointer="/input", code="too_large", message="the input's description is too large")])
