"""Parquet: the rows its metadata promises, types without loss, and broken files with a reason."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.data import Schema
from services.connector.failures import Unreadable
from services.connector.formats.base import Landed, ReadRequest
from services.connector.formats.parquet import ParquetFormat
from services.connector.formats.registry import Formats
from services.connector.progress import Progress
from tests.unit.connector.reading import Silent, rows, schema, types, verdict


def read(path: Path, expected: Schema | None = None, format: ParquetFormat | None = None) -> Landed:
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    request = ReadRequest(path=path, folder=folder, progress=Progress(Silent()), expected=expected)
    return (format or ParquetFormat()).read(request)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.parquet"
    table = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int32()),
            "d": pa.array(["x", "y", "x"]).dictionary_encode(),
            "t": pa.array([0, 1, None], pa.timestamp("ms")),
            "n": pa.nulls(3),
        }
    )
    pq.write_table(table, path)
    return path


def test_rows_types_and_count(file: Path) -> None:
    landed = read(file, schema(i="float"))
    assert types(landed) == {"i": "float", "d": "string", "t": "timestamp", "n": "string"}
    assert [row["i"] for row in rows(landed)] == [1.0, None, 3.0]
    assert landed.counted == landed.rows == 3


def test_a_truncated_file_says_so(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(Unreadable) as found:
        read(file)
    assert found.value.code == "truncated"


@pytest.mark.parametrize("data", [b"a,b\n1,2\n", b"PAR1" + b"\xff" * 40 + b"PAR1"])
def test_what_is_no_parquet_is_malformed(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(Unreadable) as found:
        read(file)
    assert found.value.code == "malformed"


def test_an_empty_file_is_empty(file: Path) -> None:
    file.write_bytes(b"")
    with pytest.raises(Unreadable) as found:
        read(file)
    assert found.value.code == "empty"


def test_flipped_bytes_in_a_page_are_noticed_or_change_nothing(file: Path) -> None:
    data = bytearray(file.read_bytes())
    table = rows(read(file))
    for position in range(4, len(data) - 8, 37):
        broken = bytearray(data)
        broken[position] ^= 0xFF
        file.write_bytes(bytes(broken))
        landed = verdict(lambda: read(file))
        if isinstance(landed, Unreadable):
            assert landed.code in {"malformed", "truncated", "type_unsupported", "value_out_of_range"}
        else:
            assert landed.rows <= len(table)


@pytest.mark.parametrize("type", [pa.duration("s"), pa.duration("ns")])
def test_types_that_nothing_stands_for_are_named(tmp_path: Path, type: pa.DataType) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"col": pa.nulls(2, type)}), path)
    with pytest.raises(Unreadable, match="'col'") as found:
        read(path)
    assert found.value.code == "type_unsupported"


WIDE: dict[str, tuple[pa.Array, str, list[Any]]] = {
    "unsigned": (pa.array([1, 2**63], pa.uint64()), "string", ["1", str(2**63)]),
    "unsigned that fits": (pa.array([1, 2], pa.uint64()), "integer", [1, 2]),
    "many digits": (pa.array([Decimal("1.1234567891")], pa.decimal128(38, 10)), "string", ["1.1234567891"]),
    "many digits that fit": (pa.array([Decimal("1.5")], pa.decimal256(60, 2)), "decimal", [Decimal("1.5")]),
    "nanoseconds": (pa.array([1_234_567_891], pa.timestamp("ns")), "string", ["1970-01-01T00:00:01.234567891"]),
    "nanoseconds somewhere": (
        pa.array([1_234_567_891, None], pa.timestamp("ns", "Europe/Paris")), "string",
        ["1970-01-01T00:00:01.234567891Z", None],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WIDE)
def test_values_that_a_type_cannot_hold_keep_their_digits_as_texts(tmp_path: Path, name: str) -> None:
    values, type, expected = WIDE[name]
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"v": values}), path)
    landed = read(path)
    assert types(landed) == {"v": type}
    assert [row["v"] for row in rows(landed)] == expected
    assert ("v" in landed.facts.spellings) == (type == "string")


def test_a_page_whose_sum_is_wrong_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"v": list(range(100_000))}), path, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[2_000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(Unreadable) as found:
        read(path)
    assert found.value.code == "malformed"


class LyingFormat(ParquetFormat):
    """Loses a row of each batch."""

    def batches(self, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
        for batch in super().batches(file):
            yield batch.slice(1)


def test_a_reader_that_loses_a_row_makes_the_books_unbalanced(file: Path) -> None:
    landed = read(file, format=LyingFormat())
    assert landed.counted == 3
    assert landed.rows == 2


def test_a_file_that_promises_more_rows_than_it_holds_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"id": list(range(1_000))}), path)
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # A thousand as the footer writes it, and a thousand and one.
    path.write_bytes(data[:footer] + data[footer:].replace(b"\xd0\x0f", b"\xd2\x0f"))
    assert pq.read_metadata(path).num_rows == 1_001
    with pytest.raises(Unreadable, match="1001 rows; its pages hold 1000"):
        read(path)


def test_the_format_is_told_or_stands_in_the_name() -> None:
    formats = Formats()
    assert formats.of(None, "a/b.CSV").kind == "csv"
    assert formats.of(None, "a.parquet").kind == "parquet"
    assert formats.of("csv", "a.dat").kind == "csv"
    with pytest.raises(Unreadable):
        formats.of(None, "a.xlsx")


def test_structures_become_dotted_columns_and_lists_texts(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({"p": [{"x": 1, "y": "a"}, None], "l": [[1, 2], []]}), path)
    landed = read(path)
    assert landed.schema.names == ("p.x", "p.y", "l")
    assert rows(landed) == [{"p.x": 1, "p.y": "a", "l": "[1,2]"}, {"p.x": None, "p.y": None, "l": "[]"}]
