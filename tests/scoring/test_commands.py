"""The three commands that go through a folder of cases: without one, they say what to type and do not succeed."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from services.connector import score_files
from services.schema_drift import score_drift
from services.transform import score_plans

Main = Callable[[Sequence[str] | None], int]


@pytest.mark.parametrize("main", [score_files.main, score_plans.main, score_drift.main])
@pytest.mark.parametrize(
    ("cases", "out", "said"),
    [
        ("", "", "CASES is missing"),
        ("here", "", "OUT is missing"),
        ("nowhere", "out", "is no folder"),
        ("here", "out", "holds no case"),
        ("here/empty", "out", "holds no case"),
    ],
)
def test_without_a_case_there_is_no_success(
    main: Main, cases: str, out: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here" / "empty").mkdir(parents=True)
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / cases) if cases else "", str(tmp_path / out) if out else ""])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "CASES=folder OUT=folder" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("main", [score_files.main, score_plans.main, score_drift.main])
def test_where_nothing_can_be_written_it_is_said(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "cases" / "x1"
    case.mkdir(parents=True)
    for name in ("before.csv", "after.csv", "instruction.txt"):
        (case / name).write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "cases"), str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "cannot be written" in capsys.readouterr().err
