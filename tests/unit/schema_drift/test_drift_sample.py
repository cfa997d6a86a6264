"""What a pull kept of a file is the same delivery as the file itself."""

from pathlib import Path

import pytest

from contracts.data import FormatFacts
from services.schema_drift.describing.delivery import Delivery
from services.schema_drift.describing.plain_csv import read_csv
from services.schema_drift.describing.sample import delivery_of
from tests.unit.connector.reading import read

BODY = "".join(f"K{n},{n * 3}, {'NA' if n % 7 == 0 else n},2024-01-{n % 28 + 1:02}\n" for n in range(1, 41))


def sampled(folder: Path, text: str, earlier: Delivery | None = None) -> tuple[Delivery, FormatFacts]:
    landed = read(folder, text)
    assert landed.sample is not None
    rows = [list(row.values()) for row in landed.sample.to_pylist()]
    return delivery_of(landed.schema.names, rows, landed.facts, earlier), landed.facts


@pytest.mark.parametrize(
    "text",
    [
        "code,amount,late,seen\n" + BODY,
        ("code,amount,late,seen\n" + BODY).replace(",", ";"),
        "code,amount,amount,seen\n" + BODY,
        "Export of today\n\ncode,amount,late,seen\n" + BODY,
    ],
)
def test_a_sample_is_the_delivery(tmp_path: Path, text: str) -> None:
    path = tmp_path / "whole.csv"
    path.write_text(text, encoding="utf-8")
    whole = read_csv(path)
    delivery, facts = sampled(tmp_path, text)
    assert delivery.columns == whole.columns
    assert (delivery.form.delimiter, delivery.form.header) == (whole.form.delimiter, True)
    assert delivery.form.preamble_lines == facts.preamble


def test_columns_without_names_have_those_of_the_earlier_delivery(tmp_path: Path) -> None:
    earlier, _ = sampled(tmp_path, "code,amount,late,seen\n" + BODY)
    delivery, _ = sampled(tmp_path, BODY, earlier)
    assert delivery.names == earlier.names
    assert not delivery.form.header
