"""Pages of datasets: the right rows wherever they lie, no more read than that, and a changed file noticed."""

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from contracts.data import Column, DatasetRef, LogicalType, Schema
from services.chassis.objects import Folder
from services.chassis.storage import AddressRefused, DatasetCorrupt, Storage

TENANT = uuid.UUID(int=1)
SCHEMA = Schema(
    columns=(
        Column(name="n", type=LogicalType.INTEGER),
        Column(name="text", type=LogicalType.STRING),
    )
)
ROWS = 10_000


class Elsewhere(Folder):
    """A folder that says it is no folder, and writes down which pieces are asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read: list[tuple[int, int]] = []

    def local_path(self, key: str) -> Any:
        """Not here."""
        return None

    def piece(self, key: str, start: int, size: int) -> bytes:
        """Bytes from a position."""
        self.read.append((start, size))
        with (self._root / key).open("rb") as file:
            file.seek(start)
            return file.read(size)


def stored(folder: Path, objects: Any = None) -> tuple[Storage, DatasetRef]:
    settings = SimpleNamespace(storage=f"file://{folder}/store", storage_s3_endpoint=None)
    storage = Storage(settings, scratch=folder / "scratch", objects=objects)
    with storage.writer(TENANT, SCHEMA, part_rows=4_096) as writer:
        writer.write(pa.table({"n": range(ROWS), "text": [f"row {number}" for number in range(ROWS)]}))
        return storage, writer.finish()


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(
    ("offset", "limit"), [(0, 5), (4_090, 20), (4_096, 1), (9_995, 50), (ROWS, 5), (ROWS + 7, 5), (0, ROWS), (3, 0)]
)
def test_rows_are_those_that_were_asked_for(tmp_path: Path, elsewhere: bool, offset: int, limit: int) -> None:
    storage, ref = stored(tmp_path, Elsewhere(tmp_path / "else") if elsewhere else None)
    found = storage.page(ref, offset, limit, tenant=TENANT)
    wanted = range(ROWS)[offset : offset + limit]
    assert found.column("n").to_pylist() == list(wanted)
    assert found.column("text").to_pylist() == [f"row {number}" for number in wanted]
    chosen = storage.page(ref, offset, limit, tenant=TENANT, columns=["text"])
    assert (chosen.column_names, chosen.num_rows) == (["text"], len(wanted))


def test_of_what_lies_elsewhere_only_pieces_are_read(tmp_path: Path) -> None:
    objects = Elsewhere(tmp_path / "else")
    storage, ref = stored(tmp_path, objects)
    storage.page(ref, 5_000, 10, tenant=TENANT, columns=["n"])
    assert 0 < sum(size for _, size in objects.read) < ref.bytes


def test_a_file_that_was_changed_is_noticed_also_after_it_was_looked_at(tmp_path: Path) -> None:
    storage, ref = stored(tmp_path)
    assert storage.page(ref, 0, 1, tenant=TENANT).num_rows == 1
    for path in (tmp_path / "store").rglob("*.parquet"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(DatasetCorrupt):
        storage.page(ref, 0, 1, tenant=TENANT)
    with pytest.raises(DatasetCorrupt), storage.local_parts(ref, tenant=TENANT, once=True):
        pass


def test_another_workspace_gets_no_page(tmp_path: Path) -> None:
    storage, ref = stored(tmp_path)
    with pytest.raises(AddressRefused):
        storage.page(ref, 0, 1, tenant=uuid.UUID(int=2))
