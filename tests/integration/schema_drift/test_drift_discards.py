"""What the modes discard_row and discard_value let go is counted, listed or named, and nothing else is let go."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.workflow import DriftMode, DriftPolicy
from services.schema_drift.activities import SchemaDriftActivities
from tests.integration.composed import Composed
from tests.integration.schema_drift.drifting import judged, pulled, scope, settled
from tests.unit.schema_drift.changing import Change, text, typed

WORDS = ("late", "lost", "held", "void", "gone")


def spoilt(row: list[Any]) -> list[Any]:
    """One delay in sixteen is a word."""
    return [
        *row[:2],
        WORDS[row[0] // 16 % 5] if row[0] % 16 == 0 and row[2] is not None else text(row[2]) or None,
        *row[3:],
    ]


SPOILT = Change(
    types=("integer", "string", "string", "date", "boolean"),
    write=lambda row: [text(value) for value in spoilt(row)],
    read=spoilt,
)


@pytest.mark.parametrize(
    ("mode", "ruling", "let_go"),
    [("discard_row", "auto", "set_aside"), ("discard_value", "auto", "lost"), ("evolve", "quarantine", "set_aside")],
)
async def test_what_does_not_fit_is_let_go_by_the_workflows_word_alone(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path, mode: DriftMode, ruling: str, let_go: str
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, SPOILT, 2), mode=mode))
    assert answer.proposal is not None
    question = judged(run, answer, tmp_path, SPOILT, policy=DriftPolicy(mode=mode))
    done = await activities.judge(question)
    assert done.ruling == ruling, done.summary
    came, out = question.evidence.incoming, tmp_path / "incoming" / "out" / "after"
    rows = pl.concat([pl.read_parquet(part) for part in sorted(out.glob("0*/*.parquet"))])
    listed = [pl.read_parquet(part) for part in sorted((out / "quarantine").glob("*.parquet"))]
    # Whatever is let go is in the books, and said where it was decided.
    assert (came.unaccounted, came.rows_in, came.rows_out + came.quarantined) == (0, 80, 80)
    proof = (await world.request("GET", f"/api/drift/proofs/{done.proof_id}")).json()
    failed = {check["name"]: check for check in proof["checks"] if not check["passed"]}
    assert let_go in failed
    assert failed[let_go]["detail"] in done.summary
    if mode == "discard_value":
        assert (came.quarantined, listed, came.lost_values) == (0, [], {"dep_delay": 4})
        assert rows["dep_delay"].null_count() == 4 + sum(row[2] is None for row in typed(2))
        assert failed["lost"]["figures"] == {"dep_delay": 4.0}
    else:
        (aside,) = listed
        assert (came.quarantined, aside.height, rows.height) == (4, 4, 76)
        assert set(aside["column"]) == {"dep_delay"}
        assert set(aside["value"]) < set(WORDS)


@pytest.mark.parametrize("mode", ["discard_row", "discard_value"])
async def test_no_key_is_let_go_unasked(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path, mode: DriftMode
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, SPOILT, 2), keys=("dep_delay",), mode=mode))
    asked = await activities.judge(judged(run, answer, tmp_path, SPOILT, policy=DriftPolicy(mode=mode)))
    assert asked.ruling == "ask", asked.summary
