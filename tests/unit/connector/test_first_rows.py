"""The first rows as texts: those of the file before anything was made of them, and the same way of writing always."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from services.chassis.arrow import arrow_type
from services.connector.formats.base import Landed
from services.connector.formats.first_rows import MOST_BYTES, MOST_ROWS, FirstRows
from tests.unit.connector.reading import read, schema

MESSY = "plz;seen;amount;rate\n01234;03.02.2024;1.234,50; 5\n04711;28.12.2023;;NA\n"
WRITTEN = [
    {"plz": "01234", "seen": "03.02.2024", "amount": "1.234,50", "rate": " 5"},
    {"plz": "04711", "seen": "28.12.2023", "amount": None, "rate": "NA"},
]


def texts(landed: Landed) -> list[dict[str, Any]]:
    assert landed.sample is not None
    return list(landed.sample.to_pylist())


@pytest.mark.parametrize("expected", [None, schema(plz="string", seen="date", amount="float", rate="integer")])
def test_texts_are_those_of_the_file_whatever_types_are_found_or_told(tmp_path: Path, expected: Any) -> None:
    assert texts(read(tmp_path, MESSY, expected=expected)) == WRITTEN


def test_files_that_need_care_give_the_texts_of_their_rows(tmp_path: Path) -> None:
    assert texts(read(tmp_path, "Report of today\n\n" + MESSY + "Total;;1.234,50;\n")) == WRITTEN


@pytest.mark.parametrize("width", [10, 3_000])
def test_a_thousand_rows_are_taken_however_long_they_are(tmp_path: Path, width: int) -> None:
    rows = "".join(f"{number},{'x' * width}\n" for number in range(MOST_ROWS + 50))
    found = texts(read(tmp_path, "id,text\n" + rows))
    assert [row["id"] for row in found] == [str(number) for number in range(MOST_ROWS)]


def test_huge_rows_are_fewer() -> None:
    first = FirstRows()
    huge = pa.RecordBatch.from_pydict({"a": ["x" * (MOST_BYTES // 4)] * 9})
    first.add(huge)
    first.add(huge)
    assert first.full
    assert 1 <= first.texts(("a",)).num_rows <= 4


@pytest.mark.parametrize(
    ("type", "values", "wanted"),
    [
        ("boolean", [True, None, False], ["true", None, "false"]),
        ("integer", [-7, None], ["-7", None]),
        ("float", [1.0, 0.25, None], ["1.0", "0.25", None]),
        ("decimal", [Decimal("12"), Decimal("-1.50")], ["12.0", "-1.5"]),
        ("string", ["x", "", None], ["x", None, None]),
        ("date", [date(2024, 2, 29)], ["2024-02-29"]),
        ("time", [time(1, 2, 3), time(1, 2, 3, 500_000)], ["01:02:03", "01:02:03.500000000"]),
        ("timestamp", [datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC).replace(tzinfo=None)], ["2024-02-29 01:02:03"]),
        ("timestamp_tz", [datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)], ["2024-02-29 01:02:03Z"]),
        ("binary", [b"\x00\xff"], ["00ff"]),
    ],
)
def test_values_that_never_were_texts_are_written_plainly(type: str, values: list[Any], wanted: list[Any]) -> None:
    first = FirstRows()
    kind = arrow_type(schema(a=type).columns[0].type)
    first.add(pa.RecordBatch.from_arrays([pa.array(values, type=kind)], names=["a"]))
    assert first.texts(("a",)).column("a").to_pylist() == wanted
