"""Deliveries are compared against labels: never a wrong adaptation, and no figure below what was reached."""

import json
import runpy
import tarfile
from pathlib import Path
from typing import Any

import pytest

from services.schema_drift.score_drift import main, run

HERE = Path(__file__).parent / "drift"
# What was reached; a change that reaches more writes it down here, and none may reach less.
FLOOR = json.loads((HERE / "floor.json").read_text(encoding="utf-8"))
CASES = 288


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    with tarfile.open(HERE / "dev.tar.xz") as archive:
        archive.extractall(folder)  # noqa: S202 - our own; Python before 3.11.4 knows no filters
    return folder


@pytest.fixture(scope="module")
def scored(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Label and prediction of each case."""
    predictions = {one["id"]: one for one in run(corpus / "dev", tmp_path_factory.mktemp("predicted"))}
    labels: dict[str, dict[str, Any]] = runpy.run_path(str(corpus / "score.py"))["load_cases"](str(corpus / "dev"))
    assert len(labels) == CASES
    return [(label, predictions[name]) for name, label in sorted(labels.items())]


@pytest.fixture(scope="module")
def figures(corpus: Path, scored: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, float]:
    """The figures as the corpus' own scorer counts them."""
    scorer = runpy.run_path(str(corpus / "score.py"))
    counts = {name: scorer["Count"]() for name in ("renamed", "type_changed", "meaning_changed")}
    right: dict[str, list[bool]] = {}
    for label, found in scored:
        candidates = {(old, new) for old, news in (label.get("candidates") or {}).items() for new in news}
        counts["renamed"].add(
            scorer["pairs"](label["renamed"]), scorer["pairs"](found["renamed"]), frozenset(candidates)
        )
        form_alone = frozenset(set(label["format_changed"]) - set(label["type_changed"]))
        texts = {name for name, types in label["type_changed"].items() if set(types) <= scorer["TEXTUAL"]}
        counts["type_changed"].add(label["type_changed"], found["type_changed"], form_alone | texts)
        counts["meaning_changed"].add(label["meaning_changed"], found["meaning_changed"])
        right.setdefault(label["decision"], []).append(found["decision"] == label["decision"])
    reached = {name: sum(hits) / len(hits) for name, hits in right.items()}
    reached["accuracy"] = sum(map(sum, right.values())) / CASES
    for name, count in counts.items():
        reached[f"{name}_precision"], reached[f"{name}_recall"], _ = count.row()
    return reached


def test_nothing_is_adapted_wrongly(scored: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    wrong = [
        label["id"]
        for label, found in scored
        if found["decision"] == "auto"
        and (
            label["decision"] in ("ask", "refuse")
            or {(old, new) for old, new in found["renamed"].items() if old != new.strip()}
            - {(old, new) for old, new in label["renamed"].items()}
        )
    ]
    assert wrong == []


def test_nothing_passes_in_silence(scored: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    silent = [
        one["id"] for one, found in scored if found["decision"] == "none" and one["decision"] in ("ask", "refuse")
    ]
    assert silent == []


@pytest.mark.parametrize("name", sorted(FLOOR))
def test_no_figure_falls(figures: dict[str, float], name: str) -> None:
    assert figures[name] >= FLOOR[name] - 1e-9, f"{name} was {FLOOR[name]} before"


def test_every_decision_says_why(scored: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for label, found in scored:
        if found["decision"] != "none":
            assert found["reasons"][0][0] == found["decision"], label["id"]
            assert found["reasons"][0][2]


def test_a_folder_without_labels_and_declaration_is_enough(corpus: Path, tmp_path: Path) -> None:
    case = tmp_path / "cases" / "x1"
    case.mkdir(parents=True)
    for name in ("before.csv", "after.csv"):
        (case / name).write_bytes((corpus / "dev" / "d014" / name).read_bytes())
    assert main([str(tmp_path / "cases"), str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "predictions.jsonl").read_text(encoding="utf-8"))
    assert (found["id"], found["removed"], found["decision"]) == ("x1", ["carrier"], "refuse")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"before.csv": "a,b\n1,2\n", "after.csv": ""}, "x1 cannot be read"),
        ({"before.csv": "a,b\n1,2\n", "after.csv": "a,b\n1,2\n", "contract.json": "{"}, "no JSON"),
        ({"before.csv": "a,b\n1,2\n", "after.csv": "a,b\n1,2\n", "contract.json": '{"key": "a"}'}, "lists"),
    ],
)
def test_a_bad_folder_is_said_kindly(
    files: dict[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "cases" / "x1"
    case.mkdir(parents=True)
    for name, text in files.items():
        (case / name).write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "cases"), str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err


def test_the_same_deliveries_give_the_same_decision(corpus: Path, tmp_path: Path) -> None:
    case = tmp_path / "cases" / "d046"
    case.mkdir(parents=True)
    for name in ("before.csv", "after.csv", "contract.json"):
        (case / name).write_bytes((corpus / "dev" / "d046" / name).read_bytes())
    assert run(tmp_path / "cases", tmp_path / "one") == run(tmp_path / "cases", tmp_path / "two")
