"""`down --purge` removes what a stack made, and nothing else that lies beside it."""

from pathlib import Path

import pytest

from deploy.local import foreground
from deploy.local.problems import StackError


def test_what_a_stack_made_is_removed_and_what_is_anothers_stays(tmp_path: Path) -> None:
    for name in ("state.json", "launcher.log", "thesis.txt"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "logs").mkdir()
    (tmp_path / "photos").mkdir()
    foreground.down(tmp_path, purge=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["photos", "thesis.txt"]


def test_a_folder_of_nothing_else_goes_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "kafka").mkdir(parents=True)
    (folder / "state.json").write_text("{}")
    foreground.down(folder, purge=True)
    assert not folder.exists()


def test_a_folder_that_was_never_a_stacks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StackError, match="does not look like a data folder"):
        foreground.down(tmp_path, purge=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
