"""The rules planner against labelled instructions: right steps, and never a guess where a question is due."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from services.transform.score_plans import main, run

PACKED = Path(__file__).parent / "plans" / "dev.tar.xz"
CASES = 139
ASIDE = 0.66  # of the cases that were set aside; what was reached, so that nothing falls behind it


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    with tarfile.open(PACKED) as archive:
        archive.extractall(folder)  # noqa: S202 - our own; Python before 3.11.4 knows no filters
    return folder


@pytest.fixture(scope="module")
def scored(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("carried-out")
    assert run(corpus / "dev", out)[0] == CASES
    report = out / "report.json"
    answers = str(out / "answers.jsonl")
    command = [sys.executable, str(corpus / "score.py"), str(corpus / "dev"), str(out), "--answers", answers]
    subprocess.run([*command, "--json", str(report)], check=True, stdout=subprocess.DEVNULL, timeout=120)
    found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["cases"]
    return found


def _rate(cases: list[dict[str, Any]]) -> float:
    return sum(one["result"] == "pass" for one in cases) / len(cases)


def test_instructions_are_carried_out(scored: list[dict[str, Any]]) -> None:
    tuned = [one for one in scored if int(one["id"][1:4]) % 5]
    assert _rate(tuned) >= 0.97, [one for one in tuned if one["result"] != "pass"]


def test_instructions_that_nothing_was_tuned_on_are_carried_out(scored: list[dict[str, Any]]) -> None:
    aside = [one for one in scored if int(one["id"][1:4]) % 5 == 0]
    assert _rate(aside) >= ASIDE


def test_nothing_is_guessed(scored: list[dict[str, Any]]) -> None:
    assert [one["id"] for one in scored if one["result"] == "WRONG GUESS"] == []


def test_a_folder_without_labels_is_enough(corpus: Path, tmp_path: Path) -> None:
    source = next((corpus / "dev").glob("d001_*"))
    case = tmp_path / "cases" / "x1"
    case.mkdir(parents=True)
    for name in ("input.csv", "instruction.txt"):
        (case / name).write_bytes((source / name).read_bytes())
    assert main([str(tmp_path / "cases"), str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "x1.csv").read_text(encoding="utf-8").startswith("species,")
    assert (tmp_path / "out" / "answers.jsonl").read_text(encoding="utf-8") == ""


def test_the_same_words_give_the_same_plan(corpus: Path, tmp_path: Path) -> None:
    source = next((corpus / "dev").glob("d102_*"))
    case = tmp_path / "cases" / "x1"
    case.mkdir(parents=True)
    for name in ("input.csv", "instruction.txt"):
        (case / name).write_bytes((source / name).read_bytes())
    for out in ("one", "two"):
        run(tmp_path / "cases", tmp_path / out)
    assert (tmp_path / "one" / "x1.csv").read_bytes() == (tmp_path / "two" / "x1.csv").read_bytes()
