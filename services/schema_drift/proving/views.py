"""Proofs as the API shows them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping

from contracts.adaptation import Evidence, Origin, OutputFigures, ProofCheck
from contracts.data import DatasetRef
from services.chassis.storage import DatasetCorrupt, Storage
from services.schema_drift.proving.store import Terms, is_intact

SHOWN_ROWS = 5
_LONGEST = 200
_MASK = "•••"


class _View(BaseModel):
    model_config = ConfigDict(extra="ignore")


class InputView(_View):
    """An input of the proof, by its hash."""

    role: Literal["past", "incoming"]
    at: str
    rows: int
    sha256: str
    share: float
    rows_out: int
    set_aside: int


class DifferenceView(_View):
    """What of a past input comes out otherwise, and some of the rows."""

    at: str
    changed: int
    only_before: int
    only_after: int
    samples: dict[str, list[dict[str, str | None]]]


class ReplayView(_View):
    """The proof made again."""

    id: UUID
    state: Literal["running", "done", "failed"]
    verdict: Literal["proven", "unproven", "refuted"] | None = None
    same: bool | None = None
    checks: list[ProofCheck] | None = None
    code: str | None = None
    message: str | None = None
    asked_by: UUID
    asked_at: datetime
    answered_at: datetime | None = None


class ProofView(_View):
    """A proof, whole. `digest` is over all that it was made of and says; `intact` tells whether it still fits."""

    id: UUID
    report_id: UUID
    proposal_id: UUID
    run_id: UUID
    workflow: str
    module: str
    base_version: int
    verdict: Literal["proven", "unproven", "refuted"]
    history: int
    checks: list[ProofCheck]
    digest: str
    intact: bool = True
    made_at: datetime
    steps: list[str]
    origin: Origin | None = Field(default=None, description="Whose proposal it was; older proofs do not say.")
    inputs: list[InputView]
    differences: list[DifferenceView]
    replays: list[ReplayView]


class Samples:
    """Reads rows that a proof kept."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def rows(self, tenant: UUID, ref: DatasetRef, masked: Sequence[str]) -> list[dict[str, str | None]]:
        """The first rows as texts; nothing where they are no longer there."""
        try:
            table = await asyncio.to_thread(self._storage.page, ref, 0, SHOWN_ROWS, tenant=tenant)
        except DatasetCorrupt:
            return []
        return [{name: _text(name, value, masked) for name, value in row.items()} for row in table.to_pylist()]


async def proof_view(row: RowMapping, replays: Sequence[RowMapping], samples: Samples) -> ProofView:
    """A proof with its replays."""
    evidence, terms = Evidence.model_validate(row["evidence"]), Terms.model_validate(row["terms"])
    inputs = [*(_input("past", one.after) for one in evidence.replays), _input("incoming", evidence.incoming)]
    differences = []
    for one in evidence.replays:
        if one.difference.same:
            continue
        kept = {"changed": one.rows.changed, "only_before": one.rows.only_left, "only_after": one.rows.only_right}
        differences.append(
            DifferenceView(
                at=one.at,
                changed=one.difference.changed,
                only_before=one.difference.only_left,
                only_after=one.difference.only_right,
                samples={
                    name: await samples.rows(row["tenant"], ref, terms.masked)
                    for name, ref in kept.items()
                    if ref is not None
                },
            )
        )
    shown = {
        "intact": is_intact(row),
        "steps": list(terms.steps),
        "origin": terms.origin,
        "inputs": inputs,
        "differences": differences,
        "replays": [ReplayView.model_validate(replay) for replay in replays],
    }
    return ProofView.model_validate({**row, **shown})


def _input(role: Literal["past", "incoming"], one: OutputFigures) -> InputView:
    return InputView(
        role=role,
        at=one.at,
        rows=one.input.rows,
        sha256=one.input.content_hash,
        share=one.share,
        rows_out=one.rows_out,
        set_aside=one.quarantined,
    )


def _text(name: str, value: Any, masked: Sequence[str]) -> str | None:
    if value is None:
        return None
    if name.partition(":")[2] in masked or name in masked:
        return _MASK
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
