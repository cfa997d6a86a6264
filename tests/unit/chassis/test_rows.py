"""Rows as JSON: no digit is lost, no value breaks the document, and pages meet across batches."""

import json
import math
from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from services.chassis.rows import MAX_TEXT, page, plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (Decimal("1.500000000"), "1.5"),
        (Decimal("100"), "100"),
        (Decimal("-0"), "0"),
        (date(2024, 2, 29), "2024-02-29"),
        (time(6, 30), "06:30:00"),
        (b"\x00\xff", "AP8="),
        ("x" * (MAX_TEXT + 1), "x" * MAX_TEXT + "…"),
        (b"x" * (MAX_TEXT + 1), None),
    ],
)
def test_a_value_is_shown_as_a_person_would_write_it(value: Any, shown: Any) -> None:
    found = plain(value)
    json.dumps(found, allow_nan=False)
    if isinstance(value, bytes) and shown is None:
        assert str(found).endswith("…")
    else:
        assert found == shown
    assert plain("x" * (MAX_TEXT + 1), None) == "x" * (MAX_TEXT + 1)


@pytest.mark.parametrize(("start", "limit"), [(0, 3), (2, 4), (3, 3), (8, 5), (9, 1), (20, 2), (0, 0)])
def test_pages_meet_across_batches(start: int, limit: int) -> None:
    batches = [pa.RecordBatch.from_pydict({"n": list(range(at, at + 3))}) for at in (0, 3, 6)]
    assert page(batches, start, limit) == [{"n": n} for n in range(9)][start : start + limit]
