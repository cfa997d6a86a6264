"""Reviews on the command line: shown, answered by options and at a terminal, and a proof that is made again."""

import json
import os
import pty
from typing import Any

import pytest

from cli.errors import Exit
from tests.commands import ROOT, Command
from tests.integration.cli.told_api import Api

REVIEW: dict[str, Any] = json.loads((ROOT / "tests" / "unit" / "cli" / "review.json").read_text())
PATH = f"/api/drift/reviews/{REVIEW['id']}"


def answers(api: Api) -> list[tuple[str, Any]]:
    """What was decided, as it was sent."""
    return [(one.path.removeprefix(PATH), json.loads(one.body)) for one in api.asked if one.method == "POST"]


@pytest.fixture
def waiting(api: Api) -> Api:
    """An installation in which one review is open."""
    api.on("GET", "/api/drift/reviews", (200, {"items": [REVIEW], "next_cursor": None}))
    api.on("GET", PATH, (200, REVIEW))
    for action in ("approve", "reject", "edit"):
        api.on("POST", f"{PATH}:{action}", (200, REVIEW | {"state": "approved"}))
    return api


def test_what_waits_is_listed_and_answered(waiting: Api, command: Command) -> None:
    listed = command("drift", "reviews")
    assert "as no in" in listed.out
    assert "drift review" in listed.err
    assert waiting.asked[-1].query["state"] == ["open"]
    command("drift", "reviews", "--state", "all")
    assert "state" not in waiting.asked[-1].query

    seen = command("drift", "review", "latest")
    assert seen.code == Exit.GOOD
    assert "renamed: dep_time → departed" in seen.out
    assert "--approve, --reject or --map" in seen.err
    assert command("drift", "review", REVIEW["id"], "-o", "json").document == REVIEW
    assert answers(waiting) == []

    done = command("drift", "review", "latest", "--approve", "--reason", "they told us")
    assert (done.code, REVIEW["run_id"] in done.err) == (Exit.GOOD, True)
    command("drift", "review", REVIEW["id"], "--map", "dep_time=left_at", "--map", "note=")
    assert answers(waiting) == [
        (":approve", {"reason": "they told us"}),
        (":edit", {"mapping": {"dep_time": "left_at", "note": None}, "reason": ""}),
    ]


@pytest.mark.parametrize(
    "options",
    [("--approve", "--reject"), ("--approve", "--map", "a=b"), ("--map", "a"), ("--map", "=b"), ("--reason", "why")],
)
def test_an_answer_that_is_none_is_sent_to_nobody(waiting: Api, command: Command, options: tuple[str, ...]) -> None:
    done = command("drift", "review", "latest", *options)
    assert done.code == Exit.USAGE
    assert waiting.asked == []


def test_somebody_at_a_terminal_is_asked(waiting: Api, command: Command) -> None:
    assert "[y]es, [n]o" in at_a_terminal(command, "m\ndep_time=left_at\n\nseen in the file\n")
    at_a_terminal(command, "n\ntheir export is broken\n")
    at_a_terminal(command, "\n")
    assert answers(waiting) == [
        (":edit", {"mapping": {"dep_time": "left_at"}, "reason": "seen in the file"}),
        (":reject", {"reason": "their export is broken"}),
    ]


def test_a_proof_is_made_again_and_the_verdicts_compared(api: Api, command: Command) -> None:
    first = REVIEW["proof"] | {"replays": []}
    path = f"/api/drift/proofs/{first['id']}"
    again = {"id": "r1", "state": "done", "asked_at": "2026-01-02T00:00:00Z"}
    for verdict, code in (("proven", Exit.GOOD), ("refuted", Exit.FAILED)):
        made = again | {"verdict": verdict, "same": verdict == "proven"}
        api.on("GET", path, (200, first), (200, first | {"replays": [made]}))
        api.on("POST", f"{path}:replay", (202, again | {"state": "running"}))
        done = command("drift", "proof", first["id"], "--replay")
        assert done.code == code
        assert f"made again it is {verdict}" in done.err
    made = again | {"verdict": "proven", "same": False}
    api.on("GET", path, (200, first | {"intact": False, "replays": [made]}))
    done = command("drift", "proof", first["id"], "--replay")
    assert (done.code, "changed since" in done.out) == (Exit.FAILED, True)
    assert "is not what was made" in done.err


def at_a_terminal(command: Command, typed: str) -> str:
    """What stands on the terminal after somebody typed this."""
    mine, theirs = pty.openpty()
    os.write(mine, typed.encode())
    try:
        done = command("drift", "review", "latest", terminal=theirs)
    finally:
        os.close(theirs)
        os.close(mine)
    assert done.code == Exit.GOOD, done.err
    return done.out + done.err
