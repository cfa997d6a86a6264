"""The demo's story, told once by the command itself: every claim of it held, and its sums are right."""

from collections.abc import Callable
from typing import Any

import pytest

TERMS = ("loaded", "filtered", "deduplicated", "quarantined")
# What the package's own table holds for these months: all flights; those that left, and flew a hundred miles or more.
FLIGHTS = {"january": 27004, "february": 24951, "march": 28834, "april": 28330, "may": 28796, "june": 28243}
KEPT = {"january": 26300, "february": 23564, "march": 27840, "april": 27541, "may": 28114, "june": 0}


@pytest.fixture(scope="module")
def told(in_new_folder: Callable[[], Any]) -> Any:
    """What the story ended with."""
    done = in_new_folder()("demo", "--once", "--output", "json", seconds=280)
    assert done.code == 0, done.out[-8000:] + done.err[-4000:]
    return done.document


def test_every_claim_held(told: Any) -> None:
    assert [claim for claim in told["claims"] if not claim["held"]] == []
    assert told["ok"] is True
    assert {claim["step"] for claim in told["claims"]} == set(range(1, 11))
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
    assert read.pop("april") > FLIGHTS["april"]  # with its broken and repeated rows
    assert read == {month: count for month, count in FLIGHTS.items() if month != "april"}


def test_each_file_had_one_run_started_by_its_own_cause(told: Any) -> None:
    causes = [(run["file"], run["trigger"], run["state"]) for run in told["runs"]]
    assert causes == [
        ("January", "manual", "succeeded"),
        ("February", "s3_event", "succeeded"),
        ("February, late", "watch", "succeeded"),
        ("March", "watch", "succeeded"),
        ("April", "watch", "partial"),
        ("May", "watch", "succeeded"),
        ("June", "watch", "quarantined"),
    ]


def test_the_kill_was_survived_by_a_second_attempt(told: Any) -> None:
    assert next(run for run in told["runs"] if run["file"] == "April")["push_attempts"] >= 2


def test_what_changed_is_reported_and_two_versions_came_of_it(told: Any) -> None:
    assert told["modules"] == [f"clean-flights version {number}" for number in (1, 2, 3)]
    for gone, came in (("dep_time", "departure_time"), ("departure_time", "gate_departure_time"), ("distance", "")):
        assert any(gone in report and came in report for report in told["drift_reports"]), gone


def test_the_events_tell_the_same_story(told: Any) -> None:
    events = told["events"]
    assert events["run.requested.v1"] == events["run.finished.v1"] == len(told["runs"])
    assert events["module.version_published.v1"] == 3
    assert events["drift.adapted.v1"] == 2
    assert events["drift.review_opened.v1"] == events["drift.review_decided.v1"] == 1
    assert events["quarantine.opened.v1"] == 2  # June, and the broken rows of April
    assert events["notification.delivered.v1"] >= 4
