"""A review on a screen: what changed with its evidence, the proof with its numbers, and what each answer does."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import reviewing
from cli.output import Output

REVIEW: dict[str, Any] = json.loads((Path(__file__).parent / "review.json").read_text())
PROOF: dict[str, Any] = REVIEW["proof"] | {
    "steps": ["Rename departed to dep_time."],
    "inputs": [
        {"role": "past", "at": "2026-01-01T00:00:00Z", "rows": 26300, "rows_out": 26000, "set_aside": 0}
        | {"share": 1.0, "sha256": "ab" * 32}
    ],
    "differences": [
        {"at": "2026-01-01T00:00:00Z", "changed": 2, "only_before": 0, "only_after": 0}
        | {"samples": {"changed": [{"flight": "UA 1", "before": "5", "after": "6"}]}},
        {"at": "", "changed": 0, "only_before": 0, "only_after": 0, "samples": {}},
    ],
    "replays": [{"id": "r", "state": "done", "verdict": "proven", "same": True, "asked_at": "2026-01-02T00:00:00Z"}],
}


def shown(capsys: pytest.CaptureFixture[str], parts: list[Any]) -> str:
    """What is printed, with runs of blanks as one."""
    Output().show(None, *parts)
    return " ".join(capsys.readouterr().out.split())


def test_an_open_review_shows_all_that_is_needed_to_decide(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, reviewing.review(REVIEW))
    for said in (
        "workflow flights, input main",
        "clean-flights version 2",
        "renamed: dep_time → departed 98 % of the values are known. likely (name 0.81, overlap 0.983)",
        "could be: departed (score 0.93), left_at (score 0.91)",
        "built from what was found 1. Rename departed to dep_time. 2. Drop note.",
        "proven on 3 recorded inputs and what came",
        "✓ output_contract every output meets the contract (outputs 4)",
        "✗ distributions `dep_delay` lies outside of the past (distance 0.31, rows 26,300)",
        "dep_time departed 517 517 null 9:33",
        "tailnum (masked) tail (masked) N1**** N2****",
        "– note late",
        "on yes a version of clean-flights with these steps is published, and the run goes on with it",
        "on no what came is set aside",
        "on silence at 2126-01-05 12:00:00 UTC as on no",
        "Which column carries `dep_time`?",
    ):
        assert said in text


def test_columns_that_are_as_they_were_take_no_room(capsys: pytest.CaptureFixture[str]) -> None:
    column = {"old": "carrier", "new": "carrier", "old_values": ["UA"], "new_values": ["UA"], "masked": False}
    many = {"name": "distributions", "passed": True, "detail": "alike", "figures": {f"c{i}": i for i in range(40)}}
    proof = REVIEW["proof"] | {"checks": [many]}
    text = shown(capsys, reviewing.review(REVIEW | {"columns": [*REVIEW["columns"], column], "proof": proof}))
    assert "carrier" not in text
    assert "c9 9, 30 more)" in text


def test_silence_means_yes_where_there_is_only_a_veto(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2126-01-05 12:00:00 UTC it is approved" in shown(capsys, reviewing.review(REVIEW | {"veto": True}))


def test_what_the_proof_refutes_cannot_be_approved(capsys: pytest.CaptureFixture[str]) -> None:
    refuted = REVIEW | {"proof": REVIEW["proof"] | {"verdict": "refuted"}}
    assert "on yes it is not taken: the proof refutes what is proposed" in shown(capsys, reviewing.review(refuted))
    # Where distributions alone speak against it, a person may know why.
    assert "on yes a version of clean-flights" in shown(capsys, reviewing.review(refuted | {"approvable": True}))


def test_an_answer_by_link_has_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    decision = {"outcome": "approved", "by": None, "via": "link", "at": "2026-01-05T12:00:00Z", "reason": ""}
    text = shown(capsys, reviewing.review(REVIEW | {"state": "approved", "decision": decision}))
    assert "by somebody who had the link of a message" in text


def test_a_review_that_is_over_says_who_decided_and_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    decision = {"outcome": "rejected", "by": "somebody", "at": "2026-01-05T12:00:00Z", "reason": "broken export"}
    text = shown(capsys, reviewing.review(REVIEW | {"state": "rejected", "decision": decision}))
    assert "outcome rejected by somebody at 2026-01-05 12:00:00 because broken export" in text
    assert "on yes" not in text
    assert "Which column" not in text


def test_a_proof_shows_its_inputs_and_who_made_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, reviewing.proof(PROOF))
    assert f"past 2026-01-01 00:00:00 26,300 100% 26,000 0 {'ab' * 32}" in text
    assert "read at 2026-01-01 00:00:00 (changed 2, only before 0, only after 0)" in text
    assert "flight before after UA 1 5 6" in text
    assert "2026-01-02 00:00:00 done proven yes" in text
    assert "1. Rename departed to dep_time." in text


def test_what_a_file_wrote_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b]0;x\x07[red]"
    change = REVIEW["changes"][0] | {"column": hostile, "became": hostile, "detail": hostile, "candidates": [hostile]}
    column = {"old": hostile, "new": hostile, "old_values": [hostile], "new_values": [hostile], "masked": False}
    found = REVIEW | {"changes": [change], "columns": [column], "summary": hostile, "question": hostile}
    text = shown(capsys, reviewing.review(found))
    assert not set(text) & {"\x1b", "\x07"}
    assert text.count("[red]") == 10


def test_what_the_steps_leave_undone_and_who_asks_again_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    doubtful = REVIEW["proposal"] | {"doubtful": ["note", "gate"]}
    text = shown(capsys, reviewing.review(REVIEW | {"proposal": doubtful}))
    assert "! left as written, left empty, or no longer checked: note, gate" in text
    decision = {"outcome": "rejected", "by": "u", "via": "api", "at": "2026-01-02T00:00:00Z", "reason": "no"}
    again = decision | {"asked_again_at": "2026-01-03T00:00:00Z"}
    for decided, told in ((decision, False), (again, True)):
        text = shown(capsys, reviewing.review(REVIEW | {"state": "rejected", "decision": decided}))
        assert ("asked about again" in text) == told
