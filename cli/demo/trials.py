"""The story's trials: events that come twice, broken rows, and a process that is killed."""

import os
import signal
import time
from typing import Any

import psycopg

from cli.demo import data
from cli.demo.stage import FOLDER, Stage
from cli.errors import CliError

FEBRUARY = f"{FOLDER}2013-02.csv"
LATE = f"{FOLDER}2013-02-late.csv"
APRIL = f"{FOLDER}2013-04.csv"
LAST_DAY = "28"
SECONDS = 60.0


def february(stage: Stage) -> None:
    """5. February lands and is announced twice; the listing sees it as well."""
    story, month = stage.story, data.month(2)
    late = data.csv(month.filter(month["day"] == LAST_DAY))
    content = data.csv(month.filter(month["day"] != LAST_DAY))
    known = stage.run_ids()
    stage.put(LATE, late)
    etag = stage.put(FEBRUARY, content)
    story.tell("February lies in the bucket, and beside it, unannounced, a late file with its last day")
    answers = [stage.announce(FEBRUARY, etag, len(content)) for _ in range(2)]
    story.claim(
        "the signed S3 event is accepted twice, under two delivery ids",
        [answer.status_code for answer in answers] == [202, 202],
        [(answer.status_code, answer.text[:200]) for answer in answers],
    )
    named = [answer.json() for answer in answers]
    run_id = str(named[0]["runs"][0])
    story.claim(
        "both deliveries are answered with the same run",
        [one["runs"] for one in named] == [[run_id]] * 2 and named[1]["repeated"] == [run_id],
        named,
    )
    forged = stage.announce(FEBRUARY, etag, len(content), forged=True)
    story.claim("an event with a wrong signature is refused", forged.status_code == 401, forged.status_code)
    run = stage.ended(run_id)
    stage.note("February", 2, run)
    story.claim("the event started the run by itself", run["trigger"] == "s3_event", run["trigger"])
    story.claim(
        "it took the file that was announced, not everything new", stage.took(run) == [FEBRUARY], stage.took(run)
    )
    found = stage.ended(stage.new_run(known | {run_id}))
    stage.note("February, late", 2, found)
    story.claim(
        "the late file was found by listing the bucket, and started a run of its own",
        found["trigger"] == "watch" and stage.took(found) == [LATE],
        {"trigger": found["trigger"], "took": stage.took(found)},
    )

    def seen() -> list[str] | None:
        listed = sorted(str(event["data"]["object"]["key"]) for event in stage.events("object.seen"))
        return listed if {FEBRUARY, LATE} <= set(listed) else None

    listed = story.until("the listing to report what it saw", seen, SECONDS)
    quiet = stage.settled(lambda: stage.run_ids() - known == {run_id, found["id"]}, seconds=2.0)
    story.claim(
        "February was announced twice and seen by the listing too: it had one run",
        quiet and listed == [LATE, FEBRUARY],
        {"runs": sorted(stage.run_ids() - known), "seen": listed},
    )
    stage.arrived(2)


def april(stage: Stage) -> None:
    """7. April comes as March did, with accidents, and the process that writes is killed."""
    story, month = stage.story, data.month(4)
    made = data.with_accidents(month)
    known = stage.run_ids()
    stage.put(APRIL, made.content)
    story.tell(f"April has {made.ragged} broken rows, and {made.repeated} that are there twice")
    run_id = stage.new_run(known)
    victim = stage.stack.pid("worker")
    open_before, there = _kill_in_push(stage, run_id, victim)
    story.claim(
        "the process that writes was killed with SIGKILL in the middle of its transaction",
        open_before and there == 0,
        {"transaction open": open_before, "rows of April visible": there},
    )
    back = story.until("the process to come back", lambda: _another(stage, victim), SECONDS)
    story.claim("it came back as another process", back != victim, {"before": victim, "now": back})
    run = stage.ended(run_id)
    stage.note("April", 4, run)
    story.claim(
        "its columns were no question any more: version 2 takes them",
        stage.used(run) == [2] and len(stage.versions()) == 2,
        {"used": stage.used(run), "versions": len(stage.versions())},
    )
    push = next(step for step in run["steps"] if step["step"] == "push")
    story.claim("the history shows a second attempt to push", push["attempts"] >= 2, push)
    stage.arrived(4)
    books = run["books"]
    story.claim(
        "the broken rows are set aside, and the repeated ones counted",
        run["state"] == "partial"
        and books["quarantined"] == made.ragged
        and books["deduplicated"] == made.repeated
        and books["read"] == made.rows,
        books,
    )


def _another(stage: Stage, victim: int) -> int | None:
    child = stage.stack.children["worker"]
    return child.pid if child.pid not in (0, victim) else None


def _kill_in_push(stage: Stage, run_id: str, victim: int) -> tuple[bool, int]:
    """Kill a process while its transaction in the warehouse is open; say whether it was, and what could be seen.

    The warehouse itself is asked, because it alone knows. When a transaction is seen the process is stopped at once:
    standing still it cannot commit, and one more look is certain. Between two transactions it is let go on.
    """
    deadline = time.monotonic() + SECONDS
    with (
        stage.story.waiting("the push to begin"),
        psycopg.connect(stage.stack.state.warehouse_dsn, autocommit=True) as connection,
    ):
        while time.monotonic() < deadline:
            if not _writing(connection):
                time.sleep(0.002)
                continue
            os.kill(victim, signal.SIGSTOP)
            if _writing(connection):
                row: Any = connection.execute("SELECT count(*) FROM flights WHERE month = 4").fetchone()
                os.kill(victim, signal.SIGKILL)
                return True, int(row[0])
            os.kill(victim, signal.SIGCONT)
    raise CliError(f"Run {run_id} opened no transaction in the warehouse.")


def _writing(connection: psycopg.Connection[Any]) -> bool:
    """Whether somebody else has a transaction open in the warehouse that has begun to write."""
    row: Any = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND xact_start IS NOT NULL AND backend_xid IS NOT NULL"
    ).fetchone()
    return bool(row[0])
