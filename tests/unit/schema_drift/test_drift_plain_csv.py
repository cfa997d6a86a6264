"""The form of a plain file, as far as an earlier delivery lets one tell."""

from pathlib import Path

import pytest

from services.schema_drift.describing.delivery import Delivery
from services.schema_drift.describing.plain_csv import read_csv
from services.schema_drift.detecting.form import form_changes

HEAD = "code,amount,seen\n"
BODY = "".join(f"K{n},{n * 3},2024-01-{n % 28 + 1:02}\n" for n in range(1, 41))


@pytest.fixture
def before(tmp_path: Path) -> Delivery:
    path = tmp_path / "before.csv"
    path.write_text(HEAD + BODY, encoding="utf-8")
    return read_csv(path)


def changes(before: Delivery, path: Path, raw: bytes) -> tuple[Delivery, dict[str, str]]:
    path.write_bytes(raw)
    after = read_csv(path, before)
    known = len(set(before.names) & {name.strip() for name in after.names})
    return after, {one.column: one.proof for one in form_changes(before, after, known)}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ((HEAD + BODY).encode(), {}),
        ((HEAD + BODY).replace("\n", "\r\n").encode(), {}),
        (b"\xef\xbb\xbf" + (HEAD + BODY).encode(), {"bom": "proven"}),
        ((HEAD + BODY).replace(",", ";").encode(), {"delimiter": "proven"}),
        (("Export of today\n\n" + HEAD + BODY).encode(), {"preamble_lines": "proven"}),
        ((HEAD + BODY + "Total,2460,\n").encode(), {"footer_rows": "plausible"}),
        (BODY.encode(), {"header": "plausible"}),
        ((HEAD + BODY.replace("K7", "Kö7")).encode("latin-1"), {"encoding": "plausible"}),
    ],
)
def test_the_form(before: Delivery, tmp_path: Path, raw: bytes, wanted: dict[str, str]) -> None:
    after, found = changes(before, tmp_path / "after.csv", raw)
    assert found == wanted
    assert after.names == before.names
    assert len(after.rows) == 40


def test_values_under_a_missing_header_go_by_place(before: Delivery, tmp_path: Path) -> None:
    after, _ = changes(before, tmp_path / "after.csv", BODY.encode())
    assert after.columns[1].type == "int64"
    assert after.rows[0][0] == "K1"
