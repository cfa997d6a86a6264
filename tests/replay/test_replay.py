"""Workflow code of today meets the histories of every release: a run under way must go on after a deploy.

A failure here means that the code no longer makes the decisions it made before. Put the change behind
`workflow.patched("…")`, or, when no run of an earlier release can be under way, record the history anew:
`python -m tests.replay.record NAME`.
"""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from services.orchestrator.main import WORKFLOWS
from tests.replay.record import SCENARIOS

HISTORIES = Path(__file__).parent / "histories"
WRONG = Path(__file__).parent / "wrong"


async def replay(path: Path) -> Exception | None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)
    result = await replayer.replay_workflow(
        WorkflowHistory.from_json(path.stem, path.read_text()), raise_on_replay_failure=False
    )
    return result.replay_failure


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.json")), ids=lambda path: path.stem)
async def test_history_is_replayed(path: Path) -> None:
    assert await replay(path) is None


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.json")), ids=lambda path: path.stem)
async def test_wrong_history_is_seen_red(path: Path) -> None:
    """The guard itself: a history in which the drift was settled before the pull, and one with another end."""
    failure = await replay(path)
    assert failure is not None
    assert "Nondeterminism" in type(failure).__name__


def test_every_workflow_and_every_end_has_a_history() -> None:
    recorded = {path.stem: json.loads(path.read_text()) for path in HISTORIES.glob("*.json")}
    assert set(SCENARIOS) <= set(recorded)
    types = {
        history["events"][0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
        for history in recorded.values()
    }
    assert types == {workflow.__temporal_workflow_definition.name for workflow in WORKFLOWS}
    ends = {history["events"][-1]["eventType"] for history in recorded.values()}
    assert {f"EVENT_TYPE_WORKFLOW_EXECUTION_{end}" for end in ("COMPLETED", "FAILED", "CANCELED")} <= ends
    assert len(list(WRONG.glob("*.json"))) == 2


def test_histories_name_no_machine() -> None:
    for path in [*HISTORIES.glob("*.json"), *WRONG.glob("*.json")]:
        text = path.read_text()
        assert "@" not in text, path
        assert "/site-packages/" not in text, path
