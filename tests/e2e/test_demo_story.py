"""The demo's story, told once by the command itself: every claim of it held, and its sums are right."""

from collections.abc import Callable
from typing import Any

import pytest

TERMS = ("loaded", "filtered", "deduplicated", "quarantined")
# What the package's own table holds for these months: all flights; those that left, and flew a hundred miles or more.
FLIGHTS = {"january": 27004, "february": 24951, "march": 28834, "april": 28330}
KEPT = {"january": 26300, "february": 23564, "march": 27840, "april": 27541}


@pytest.fixture(scope="module")
def told(in_new_folder: Callable[[], Any]) -> Any:
    """What the story ended with."""
    done = in_new_folder()("demo", "--once", "--output", "json", seconds=280)
    assert done.code == 0, done.out[-8000:] + done.err[-4000:]
    return done.document


def test_every_claim_held(told: Any) -> None:
    assert [claim for claim in told["claims"] if not claim["held"]] == []
    assert told["ok"] is True
    assert {claim["step"] for claim in told["claims"]} == set(range(1, 9))
    assert len(told["claims"]) >= 40


def test_every_row_that_was_read_is_accounted_for(told: Any) -> None:
    for run in told["runs"]:
        assert run["books"]["read"] == sum(run["books"][term] for term in TERMS), run
    for term in TERMS:
        assert any(run["books"][term] for run in told["runs"]), f"{term} is zero throughout"


def test_the_warehouse_holds_exactly_the_rows_that_belong_there(told: Any) -> None:
    assert {month["month"]: month["in_warehouse"] for month in told["months"]} == KEPT
    assert {month["month"]: month["loaded"] for month in told["months"]} == KEPT


def test_no_row_of_the_source_is_lost_on_the_way(told: Any) -> None:
    read = {month["month"]: month["read"] for month in told["months"]}
    assert read["january"] == FLIGHTS["january"]
    assert read["february"] == FLIGHTS["february"]
    assert read["march"] == 2 * FLIGHTS["march"]  # as it came, and corrected
    assert read["april"] > FLIGHTS["april"]  # with its broken and repeated rows


def test_each_file_had_one_run_started_by_its_own_cause(told: Any) -> None:
    causes = [(run["file"], run["trigger"], run["state"]) for run in told["runs"]]
    assert causes == [
        ("January", "manual", "succeeded"),
        ("February", "s3_event", "succeeded"),
        ("February, late", "watch", "succeeded"),
        ("March, as it came", "watch", "quarantined"),
        ("March, corrected", "quarantine", "succeeded"),
        ("April", "watch", "partial"),
    ]


def test_the_kill_was_survived_by_a_second_attempt(told: Any) -> None:
    assert next(run for run in told["runs"] if run["file"] == "April")["push_attempts"] >= 2


def test_the_module_is_version_1_and_the_drift_is_reported(told: Any) -> None:
    assert told["modules"] == ["clean-flights version 1"]
    assert any("dep_time" in report and "departure_time" in report for report in told["drift_reports"])


def test_the_events_tell_the_same_story(told: Any) -> None:
    events = told["events"]
    assert events["run.requested.v1"] == events["run.finished.v1"] == len(told["runs"])
    assert events["module.version_published.v1"] == 1
    assert events["quarantine.released.v1"] == 1
    assert events["notification.delivered.v1"] >= 1
