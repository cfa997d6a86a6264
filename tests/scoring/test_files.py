"""The readers against labelled messy files: as many right as they were, no row lost, nothing read that is none."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from services.connector.score_files import run

HERE = Path(__file__).parent
SETS = {"dev": 89, "own": 47}  # the second: kinds of mess that the first does not know
CODES = HERE / "error-codes.json"
PASSED = {"exact", "acceptable"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name in SETS:
        with tarfile.open(HERE / "files" / f"{name}.tar.xz") as archive:
            archive.extractall(folder)  # noqa: S202 - our own; Python before 3.11.4 knows no filters
    return folder


@pytest.fixture(scope="module")
def out(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read")
    for name, cases in SETS.items():
        assert run(corpus / name, folder) == cases
    return folder


def _scored(corpus: Path, name: str, out: Path) -> list[dict[str, Any]]:
    report = out.parent / "report.json"
    command = [sys.executable, str(corpus / "score.py"), str(corpus / name), str(out)]
    subprocess.run(
        [*command, "--codes", str(CODES), "--json", str(report)], check=True, stdout=subprocess.DEVNULL, timeout=120
    )
    found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["files"]
    return found


def test_messy_files_are_read_as_a_careful_person_would(corpus: Path, out: Path) -> None:
    scored = _scored(corpus, "dev", out)
    tuned = [one for one in scored if int(one["id"][1:4]) % 5]
    aside = [one for one in scored if int(one["id"][1:4]) % 5 == 0]
    assert [one["id"] for one in tuned if one["result"] not in PASSED] == []
    assert sum(one["result"] in PASSED for one in aside) / len(aside) >= 0.95
    assert [one["id"] for one in _scored(corpus, "own", out) if one["result"] not in PASSED] == []


def test_no_row_is_lost_without_a_word(out: Path) -> None:
    for answer in sorted(out.glob("*.json")):
        said = json.loads(answer.read_text(encoding="utf-8"))
        if "error" not in said:
            assert said["counted"] == said["rows"] + said["quarantined"], answer.stem
        else:
            assert said["error"]["sentence"].endswith("."), answer.stem


def test_inputs_alone_are_enough(corpus: Path, tmp_path: Path) -> None:
    """A folder without labels, as it is measured with, gives the same."""
    case = tmp_path / "cases" / "x1"
    case.mkdir(parents=True)
    source = corpus / "dev" / "d026_footer_total" / "totals.csv"
    (case / "totals.csv").write_bytes(source.read_bytes())
    assert run(tmp_path / "cases", tmp_path / "out") == 1
    said = json.loads((tmp_path / "out" / "x1.json").read_text(encoding="utf-8"))
    assert (said["rows"], said["quarantined"]) == (30, 1)
