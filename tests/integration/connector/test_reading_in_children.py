"""Files that end the process that reads them end a child's; the reader answers, and goes on.

The danger is shown without the walls, too: a file that does no harm anyway would prove nothing.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.connector.failures import Stopped, Unreadable
from services.connector.formats.base import Landed, Limits
from services.connector.formats.isolated import Children, ReadLimits
from services.connector.formats.registry import Formats
from services.connector.progress import Progress
from services.connector.reading import Reader
from tests.unit.connector.reading import Silent
from tests.unit.connector.workbooks import packed, sheet_of, workbook

ROOT = Path(__file__).resolve().parents[3]
GOOD = workbook({"a": [["id", "name"], [1, "x"]]})
CORNERS = packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x", "XFD1048576": "y"})}, ["a"])


class Readers:
    """Readers of one test, with children of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: list[Children] = []

    def reader(self, **limits: Any) -> Reader:
        """A reader whose children have these limits."""
        bounds = ReadLimits(**{"memory_mb": 1_024, "seconds": 60.0, **limits})
        children = Children(bounds)
        self._made.append(children)
        return Reader(Formats(), Limits(), children, bounds)

    def read(self, reader: Reader, data: bytes, name: str = "file", progress: Progress | None = None) -> Landed:
        """A file through it."""
        place = self.folder / f"{len(list(self.folder.iterdir()))}"
        place.mkdir()
        path = place / "file"
        path.write_bytes(data)
        return reader.file(path, name, None, None, progress or Progress(Silent()))

    def close(self) -> None:
        """End the children."""
        for children in self._made:
            children.close()


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    made = Readers(tmp_path)
    yield made
    made.close()


def test_a_workbook_that_kills_its_reader_kills_a_child(readers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "corners.xlsx"
    path.write_bytes(CORNERS)
    bare = "import sys, python_calamine as c; c.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0)"
    alone = subprocess.run([sys.executable, "-c", bare, str(path)], capture_output=True, timeout=60)
    assert alone.returncode < 0  # the dog barks: no exception, the process is gone
    path.unlink()
    reader = readers.reader()
    with pytest.raises(Unreadable) as found:
        readers.read(reader, CORNERS)
    assert found.value.code in ("corrupt", "too_large")
    assert readers.read(reader, GOOD).rows == 1


def test_a_cell_that_fills_memory_is_stopped(readers: Readers) -> None:
    reader = readers.reader(memory_mb=512)
    before = psutil.Process().memory_info().rss
    swollen = packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x" * (300 << 20)})}, ["a"])
    assert len(swollen) < 1 << 20
    with pytest.raises(Unreadable) as found:
        readers.read(reader, swollen)
    assert found.value.code in ("archive_bomb", "too_large")
    assert readers.read(reader, GOOD).rows == 1
    assert psutil.Process().memory_info().rss - before < 1 << 30


def test_memory_has_a_limit_that_no_reader_knows_of(readers: Readers) -> None:
    document = json.dumps([{"a": "x" * 1_000} for _ in range(60_000)]).encode()
    tight, wide = readers.reader(memory_mb=96), readers.reader()
    with pytest.raises(Unreadable) as found:
        readers.read(tight, document)
    assert found.value.code == "too_large"
    assert readers.read(wide, document).rows == 60_000


def test_time_has_a_limit(readers: Readers) -> None:
    slow = json.dumps([{f"f{n % 50}": n} for n in range(200_000)]).encode()
    with pytest.raises(Unreadable) as found:
        readers.read(readers.reader(seconds=0.2), slow)
    assert found.value.code == "too_slow"


def test_nobody_waits_for_what_is_not_wanted_any_more(readers: Readers) -> None:
    progress = Progress(Silent())
    progress.stop()
    with pytest.raises(Stopped):
        readers.read(readers.reader(), json.dumps([{"a": 1}] * 100_000).encode(), progress=progress)


def test_what_an_archive_says_about_itself_is_not_believed(readers: Readers, tmp_path: Path) -> None:
    """An entry that claims to be small is cut off when it turns out not to be."""
    path = tmp_path / "lies.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" + b"1,2\n" * 10_000_000)
    data = bytearray(path.read_bytes())
    path.unlink()
    size = (4 + 4 * 10_000_000).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(Unreadable) as found:
        readers.read(readers.reader(), bytes(data))
    assert found.value.code in ("archive_bomb", "corrupt", "truncated")


def test_nothing_is_left_behind(readers: Readers) -> None:
    reader = readers.reader()
    landed = readers.read(reader, GOOD)
    assert landed.rows == 1
    left = sorted(path.name for path in landed.path.parent.iterdir())
    assert left == ["file", "file.arrow"]


def test_children_end_with_their_reader(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    readers = Readers(tmp_path)
    readers.read(readers.reader(), GOOD)
    during = {child.pid for child in psutil.Process().children(recursive=True)} - before
    readers.close()
    assert during
    assert not {pid for pid in during if psutil.pid_exists(pid) and psutil.Process(pid).ppid() == os.getpid()}
