"""Datasets and blobs in a folder: immutable, named by content, verified when read, one prefix for each tenant."""

import threading
import tracemalloc
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.data import Column, DatasetRef, LogicalType, Schema
from services.chassis.arrow import to_arrow
from services.chassis.dataset_writer import RowsRefused
from services.chassis.storage import AddressRefused, DatasetCorrupt, Storage
from services.chassis.tenancy import acting_for

TENANT, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
SCHEMA = Schema(
    columns=(
        Column(name="n", type=LogicalType.INTEGER),
        Column(name="text", type=LogicalType.STRING),
    )
)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A store in a folder."""
    settings = SimpleNamespace(storage=f"file://{tmp_path}/a%20store", storage_s3_endpoint=None)
    return Storage(settings, scratch=tmp_path / "scratch")


def rows(start: int, count: int) -> pa.Table:
    """Numbered rows."""
    numbers = range(start, start + count)
    return pa.table({"n": list(numbers), "text": [f"row {number}" for number in numbers]})


def written(storage: Storage, sizes: list[int], part_rows: int = 500_000) -> DatasetRef:
    """A dataset that arrived in batches of these sizes."""
    with storage.writer(TENANT, SCHEMA, part_rows=part_rows) as writer:
        start = 0
        for size in sizes:
            writer.write(rows(start, size))
            start += size
        return writer.finish()


def read(storage: Storage, ref: DatasetRef) -> pa.Table:
    """All rows."""
    return pa.Table.from_batches(storage.batches(ref), to_arrow(ref.table_schema))


def test_what_goes_in_comes_out(storage: Storage) -> None:
    ref = written(storage, [10, 0, 5_000])
    assert (ref.rows, ref.table_schema, ref.fingerprint) == (5_010, SCHEMA, SCHEMA.fingerprint)
    assert ref.uri == f"dataset://{TENANT}/{ref.id}"
    assert read(storage, ref).to_pydict() == rows(0, 5_010).to_pydict()
    with storage.local_parts(ref) as paths:
        assert sum(path.stat().st_size for path in paths) == ref.bytes
        assert pl.scan_parquet(paths).select(pl.len()).collect().item() == 5_010


def test_the_same_rows_have_the_same_name_however_they_came(storage: Storage) -> None:
    refs = [written(storage, sizes, part_rows=2_048) for sizes in ([7_000], [1] * 50 + [6_950], [3_000, 4_000])]
    assert len({ref.id for ref in refs}) == 1
    assert len({ref.content_hash for ref in refs}) == 1
    with storage.local_parts(refs[0]) as paths:
        assert [pq.read_metadata(path).num_rows for path in paths] == [2_048, 2_048, 2_048, 856]
    assert written(storage, [6_999]).id != refs[0].id


def test_no_rows_are_a_dataset_too(storage: Storage) -> None:
    ref = written(storage, [])
    assert ref.rows == 0
    assert read(storage, ref).schema.names == ["n", "text"]
    with storage.local_parts(ref) as paths:
        assert pl.read_parquet(paths).schema == {"n": pl.Int64, "text": pl.String}


def test_what_is_not_finished_leaves_nothing(storage: Storage, tmp_path: Path) -> None:

    def fail() -> None:
        with storage.writer(TENANT, SCHEMA) as writer:
            writer.write(rows(0, 5_000))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_frames_and_narrow_types_are_brought_to_the_schema(storage: Storage) -> None:
    with storage.writer(TENANT, SCHEMA) as writer:
        writer.write(pl.DataFrame({"text": ["a"], "n": [1]}, schema_overrides={"n": pl.Int8}))
        writer.write(pa.record_batch({"n": pa.array([2], pa.int32()), "text": pa.array(["b"]).dictionary_encode()}))
        ref = writer.finish()
    assert read(storage, ref).to_pydict() == {"n": [1, 2], "text": ["a", "b"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": [1]},
        {"n": [1], "text": ["a"], "more": [1]},
        {"n": pa.array([2**63], pa.uint64()), "text": ["a"]},
        {"n": ["x"], "text": ["a"]},
        {"n": [1.5], "text": ["a"]},
    ],
)
def test_rows_that_do_not_fit_are_refused(storage: Storage, wrong: dict[str, Any]) -> None:
    with storage.writer(TENANT, SCHEMA) as writer, pytest.raises(RowsRefused):
        writer.write(pa.table(wrong))


def test_finished_files_are_adopted(storage: Storage, tmp_path: Path) -> None:
    paths = []
    for number in range(2):
        path = tmp_path / f"{number}.parquet"
        pl.DataFrame({"n": [number], "text": ["a"]}).write_parquet(path)
        paths.append(path)
    ref = storage.adopt(TENANT, paths, SCHEMA)
    assert (ref.rows, read(storage, ref).column("n").to_pylist()) == (2, [0, 1])
    assert storage.adopt(TENANT, [], SCHEMA).rows == 0
    other = tmp_path / "other.parquet"
    pl.DataFrame({"n": ["text"], "text": ["a"]}).write_parquet(other)
    with pytest.raises(ValueError, match=r"other\.parquet"):
        storage.adopt(TENANT, [other], SCHEMA)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_flip, Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])])
@pytest.mark.parametrize("kind", ["parts", "datasets"])
def test_damage_is_noticed(storage: Storage, tmp_path: Path, damage: Callable[[Path], None], kind: str) -> None:
    ref = written(storage, [100])
    [path] = [path for path in (tmp_path / "a store").rglob("*") if path.is_file() and path.parent.name == kind]
    damage(path)
    with pytest.raises(DatasetCorrupt), storage.local_parts(ref):
        raise AssertionError
    with pytest.raises(DatasetCorrupt):
        list(storage.batches(ref))


def test_another_tenants_addresses_are_refused(storage: Storage, tmp_path: Path) -> None:
    ref, blob = written(storage, [10]), storage.put_blob(TENANT, b"canary", "a.csv")
    with pytest.raises(AddressRefused), storage.local_parts(ref, tenant=OTHER):
        raise AssertionError
    with pytest.raises(AddressRefused):
        storage.get_blob(blob, tmp_path / "out", tenant=OTHER)
    with acting_for(OTHER):
        for attempt in (
            lambda: list(storage.batches(ref)),
            lambda: storage.get_blob(blob, tmp_path / "out"),
            lambda: storage.put_blob(TENANT, b"x", "x"),
            lambda: storage.writer(TENANT, SCHEMA),
            lambda: storage.adopt(TENANT, [], SCHEMA),
        ):
            with pytest.raises(AddressRefused):
                attempt()
    # The same content under another tenant's address is not there either: the prefix is part of the place.
    with pytest.raises(DatasetCorrupt):
        list(storage.batches(ref.model_copy(update={"uri": f"dataset://{OTHER}/{ref.id}"})))
    assert not (tmp_path / "out").exists()
    with acting_for(TENANT):
        assert len(list(storage.batches(ref))) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/etc/passwd",
        "file:///etc/passwd",
        f"dataset://{TENANT}/../../../../etc/passwd",
        f"dataset://{TENANT}/{'a' * 63}/",
        f"dataset://{str(TENANT).upper()}x/{'a' * 64}",
        f"dataset://{TENANT}/{'a' * 64}\n",
        f"dataset://../{'a' * 64}",
        f"blob://{TENANT}/{'a' * 64}/../x",
        f"blob://{TENANT}/{'a' * 64}/x\x00",
        f"blob://{TENANT}/../a",
        f"s3://bucket/{TENANT}",
    ],
)
def test_addresses_of_others_are_refused(storage: Storage, tmp_path: Path, uri: str) -> None:
    ref = written(storage, [1]).model_copy(update={"uri": uri})
    with pytest.raises(AddressRefused):
        list(storage.batches(ref))
    with pytest.raises(AddressRefused):
        storage.get_blob(uri, tmp_path / "out")


def test_blobs_keep_their_bytes_and_a_name(storage: Storage, tmp_path: Path) -> None:
    name = "Příliš žluťoučký/../kůň 2026.csv"
    first = storage.put_blob(TENANT, b"\x00\xffbytes", name)
    source = tmp_path / "source"
    source.write_bytes(b"\x00\xffbytes")
    assert storage.put_blob(TENANT, source, name) == first
    assert source.exists()
    storage.get_blob(first, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"\x00\xffbytes"
    assert storage.blob_name(first) == name


def test_writers_at_the_same_time_agree(storage: Storage) -> None:
    refs: list[DatasetRef] = []
    threads = [threading.Thread(target=lambda: refs.append(written(storage, [3_000]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ref.id for ref in refs}) == 1
    assert read(storage, refs[0]).num_rows == 3_000


def test_the_same_content_written_again_leaves_the_files_where_they_are(storage: Storage, tmp_path: Path) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_ino for path in (tmp_path / "a store").rglob("*") if path.is_file()}

    seen: list[dict[Path, int]] = []
    ready = threading.Barrier(8)

    def write() -> None:
        ready.wait()
        written(storage, [3_000], part_rows=1_024)
        seen.append(files())

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = {path: number for path, number in files().items() if path.parent.name != "incoming"}
    assert len(last) == 4
    for moment in seen:
        assert {path: moment[path] for path in last} == last, "a file was put in another's place"
    assert list((tmp_path / "a store" / "incoming").iterdir()) == []


def test_what_was_damaged_is_whole_again_when_it_is_written_again(storage: Storage, tmp_path: Path) -> None:
    ref = written(storage, [100])
    for path in [path for path in (tmp_path / "a store").rglob("*") if path.is_file()]:
        _flip(path)
    assert written(storage, [100]) == ref
    assert read(storage, ref).num_rows == 100


def test_memory_is_flat(storage: Storage) -> None:
    schema = Schema(columns=(Column(name="text", type=LogicalType.STRING),))
    batch = pa.table({"text": ["x" * 1_000] * 1_000})  # one megabyte

    def peak(batches: int) -> int:
        pa.default_memory_pool().release_unused()
        tracemalloc.start()
        before = pa.total_allocated_bytes()
        highest = 0
        with storage.writer(TENANT, schema) as writer:
            for _ in range(batches):
                writer.write(batch)
                highest = max(highest, pa.total_allocated_bytes() - before)
            assert writer.finish().rows == batches * 1_000
        highest += tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(1_000) < 1.2 * peak(200) + 10_000_000
