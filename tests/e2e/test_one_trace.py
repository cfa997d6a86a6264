"""What can be seen of one run from outside: its one trace, its lines in the logs, and figures by their right names."""

import re
import secrets
from typing import Any

import pytest

from services.chassis import metrics
from tests.connections import s3_connection, warehouse_connection
from tests.e2e.running import Running
from tests.e2e.seeding import workspace
from tests.waiting import until


@pytest.fixture(scope="module")
def traced(platform: Running) -> Any:
    """A run that was asked for inside a trace, the id of the trace, and its workspace."""
    seeded = workspace(platform.api, "trace")
    api, word, trace = seeded.api, seeded.word, secrets.token_hex(16)
    api.call("POST", "/api/connections", s3_connection(platform.state, "landing"))
    api.call("POST", "/api/connections", warehouse_connection(platform.state, "warehouse"))
    api.call("PUT", f"/api/connections/landing/files/{word}/1.csv", b"number\n1\n2\n")
    api.call(
        "PUT",
        "/api/workflows/traced",
        {
            "name": "traced",
            "source": {"connection": "landing", "selection": {"path": f"{word}/*.csv"}},
            "destination": {"connection": "warehouse", "target": {"schema": "public", "table": word}},
        },
    )
    run = api.run("traced", headers={"traceparent": f"00-{trace}-00000000000000a1-01"})
    assert run["state"] == "succeeded", run
    yield run, trace, seeded
    api.close()


def test_one_trace_from_the_request_to_the_activity(platform: Running, traced: Any) -> None:
    _, trace, _ = traced
    wanted = {
        "the request": r"POST /api/workflows/\{name\}/runs",
        "the consumer": r"process run\.requested\.v1",
        "the start of the workflow": r"StartWorkflow:run-workflow",
        "the workflow": r"RunWorkflow:run-workflow",
        "the pull": r"RunActivity:connector\.pull",
        "the push": r"RunActivity:connector\.push",
        "the end of the run": r"RunActivity:orchestrator\.finish_run",
        "those who hear of the end": r"process .*",
    }

    def missing() -> list[str]:
        names = {span.name for span in platform.spans.of(trace)}
        return [what for what, name in wanted.items() if not any(re.fullmatch(name, other) for other in names)]

    until(f"the whole trace; seen: {sorted({s.name for s in platform.spans.of(trace)})}", lambda: not missing(), 20)
    spans = platform.spans.of(trace)
    assert {"modulardata-all", "modulardata-connector"} <= {span.process for span in spans}

    def orphans() -> list[str]:
        spans = platform.spans.of(trace)
        known = {span.id for span in spans} | {"00000000000000a1"}
        return sorted(span.name for span in spans if span.parent not in known)

    # Each process sends its spans when it sees fit: a child may arrive before its parent.
    until("spans of the trace hang on one another, up to the request", lambda: not orphans(), 20)


def test_lines_of_a_run_name_its_workspace_run_and_trace(platform: Running, traced: Any) -> None:
    run, trace, seeded = traced
    lines = [line for line in platform.log_lines() if line.get("run") == run["id"]]
    assert lines, "nothing was logged of the run"
    for line in lines:
        assert line["tenant"] == seeded.workspace_id, line
        assert re.fullmatch(r"[0-9a-f]{32}", line.get("trace", "")), line
    assert {line["trace"] for line in lines} == {trace}


def test_figures_are_those_of_the_one_list_and_know_no_tenant(platform: Running, traced: Any) -> None:
    text = platform.metrics()
    listed = {
        family.name
        for collector in vars(metrics).values()
        if hasattr(collector, "describe") and not isinstance(collector, type)
        for family in collector.describe()
    }
    shown = set(re.findall(r"^# TYPE (modulardata_\S+?)(?:_total|_created)? ", text, re.MULTILINE))
    assert shown - listed == set(), "a figure that is not in services/chassis/metrics.py"
    assert len(shown) >= 15
    _, _, seeded = traced
    assert seeded.workspace_id not in text
    moved = {
        "modulardata_runs_finished",
        "modulardata_outbox_sent",
        "modulardata_activities",
        "modulardata_events_handled",
    }
    assert moved <= {name for name in shown if re.search(rf"^{name}_total\{{[^}}]*\}} [1-9]", text, re.MULTILINE)}
