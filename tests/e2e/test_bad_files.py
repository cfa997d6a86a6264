"""Files as the world sends them, sent to the running stack: right rows, rows set aside, or a refusal that helps."""

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workspace
from tests.unit.connector.workbooks import packed, sheet_of, workbook


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace that has made no connection at all."""
    made = workspace(platform.api, "files")
    yield made
    made.api.close()


def looked_at(seeded: Seeded, name: str, body: bytes, **format: Any) -> Any:
    """What a preview says of a file that was sent."""
    sent = seeded.api.send("PUT", f"/api/uploads/{name}", body)
    assert sent.status == 201, sent.body
    selection = sent.json["selection"] | ({"format": format} if format else {})
    return seeded.api.send("POST", "/api/connections/uploads:preview", {"selection": selection, "limit": 20})


def zipped(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def linked() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    return out.getvalue()


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


CSV = b"id,name\n1,a\n2,b\n"
READ: dict[str, tuple[bytes, list[list[Any]], int]] = {
    # name: content, rows, how many were set aside
    "short.csv": (b"id,a,b\n1,2\n3,4,5\n", [[1, 2, None], [3, 4, 5]], 0),
    "long.csv": (b"id,a\n1,2\n3,4,5\n6,7\n", [[1, 2], [6, 7]], 1),
    "cr.csv": (b"id,a\r1,x\r2,y\r", [[1, "x"], [2, "y"]], 0),
    "mixed-ends.csv": (b'id,a\r\n1,"x\ny"\n2,z\r', [[1, "x\ny"], [2, "z"]], 0),
    "codes.csv": (
        b"zip,sci,na,long,day\n00123,1e5,NA,12345678901234567890123,2024-02-30\n00456,2,x,1,2024-01-01\n",
        [["00123", 100000.0, "NA", "12345678901234567890123", "2024-02-30"], ["00456", 2.0, "x", "1", "2024-01-01"]],
        0,
    ),
    "header.csv": (b"id,name\n", [], 0),
    "no-end.csv": (b"id,a\n1,x", [[1, "x"]], 0),
    "formulas.csv": (b"id,f\n1,=cmd|'/c calc'!A1\n2,@x\n", [[1, "=cmd|'/c calc'!A1"], [2, "@x"]], 0),
    "utf16.csv": ("\ufeffid,a\n1,é\n".encode("utf-16-le"), [[1, "é"]], 0),
    "semicolons.csv.gz": (gzip.compress(b"id;p\n1;1,5\n2;2,5\n"), [[1, 1.5], [2, 2.5]], 0),
    "a.csv.bz2": (bz2.compress(CSV), [[1, "a"], [2, "b"]], 0),
    "a.zip": (zipped(("d/a.csv", CSV)), [[1, "a"], [2, "b"]], 0),
    "a.tsv": (b"id\tname\n1\ta\n", [[1, "a"]], 0),
    "a.xlsx": (workbook({"s": [["id", "name"], [1, "a"], [2, None]]}), [[1, "a"], [2, None]], 0),
    "called.csv": (workbook({"s": [["id"], [1]]}), [[1]], 0),
    "a.json": (b'[{"id": 1, "n": {"x": 2}}]', [[1, 2]], 0),
    "big.json": (b'[{"a": 9007199254740993}, {"a": 1}]', [["9007199254740993"], [1]], 0),
    "a.jsonl": (b'{"id": 1}\n{"id":\n{"id": 3}\n', [[1], [3]], 1),
    "twice.json": (b'[{"a": 1, "a": 2}]', [[1, 2]], 0),
    "a.parquet": (parquet(id=[1, 2], name=["a", None]), [[1, "a"], [2, None]], 0),
    "wide.parquet": (parquet(u=pa.array([2**63], pa.uint64())), [[str(2**63)]], 0),
}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_exactly(seeded: Seeded, name: str) -> None:
    body, expected, aside = READ[name]
    answer = looked_at(seeded, name, body)
    assert answer.status == 200, answer.body
    names = [column["name"] for column in answer.json["schema"]["columns"]]
    assert [[row[one] for one in names] for row in answer.json["rows"]] == expected
    assert answer.json["rejected"] == aside


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "empty"),
    "blank.csv": (b"\xef\xbb\xbf \n\n", "empty"),
    "quote.csv": (b'id,a\n1,"x\n', "unterminated_quote"),
    "cut.csv": (b"id,a\n1,x\n2,y\n3", "truncated"),
    "columns.csv": (",".join(f"c{n}" for n in range(16_385)).encode() + b"\n", "too_many_columns"),
    "bars.csv": (b"id||name\n1||a\n2||b\n", "delimiter_unsupported"),
    "page.csv": (b"<!DOCTYPE html><html><body>Log in</body></html>", "content_mismatch"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(60), "binary"),
    "database.csv": (b"SQLite format 3\x00" + bytes(100), "binary"),
    "entities.xml": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "content_mismatch"),
    "corners.xlsx": (
        packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x", "XFD1048576": "y"})}, ["a"]), "corrupt too_large",
    ),
    "swollen.xlsx": (packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x" * (100 << 20)})}, ["a"]), "archive_bomb"),
    "entities.xlsx": (packed({"xl/worksheets/sheet1.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, ["a"]), "*"),
    "bomb.zip": (zipped(("a.csv", bytes(50 << 20))), "archive_bomb"),
    "bomb.gz": (gzip.compress(bytes(50 << 20)), "archive_bomb"),
    "nested.gz": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))), "archive_bomb"),
    "entries.zip": (zipped(*((f"{n}.csv", b"") for n in range(10_001))), "archive_bomb"),
    "climbs.zip": (zipped(("../../etc/cron.d/x", CSV)), "archive_path"),
    "drive.zip": (zipped(("C:\\x.csv", CSV)), "archive_path"),
    "link.tar.gz": (linked(), "archive_path"),
    "two.zip": (zipped(("a.csv", CSV), ("b.csv", CSV)), "archive_members"),
    "none.zip": (zipped(), "archive_empty"),
    "cut.csv.gz": (gzip.compress(CSV * 100)[:-20], "truncated"),
    "cut.parquet": (parquet(id=list(range(1_000)))[:-20], "truncated"),
    "footer.parquet": (parquet(id=list(range(1_000)))[:-8] + b"\xff\xff\xff\x7fPAR1", "malformed"),
    "open.json": (b'[{"a": 1}', "json_invalid"),
    "deep.json": (b"[" * 200_000, "json_too_deep"),
    "two.json": (b'{"a": [{"x": 1}], "b": [{"y": 1}]}', "choice_needed"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_sentence(seeded: Seeded, name: str) -> None:
    body, code = REFUSED[name]
    answer = looked_at(seeded, name, body)
    assert answer.status == 422, answer.body
    (problem,) = answer.json["errors"]
    assert code == "*" or problem["code"] in code.split(), problem
    assert problem["message"].endswith(".")
    assert "passwd" not in answer.body.decode(errors="replace")


def test_after_all_of_them_the_next_file_is_read(seeded: Seeded) -> None:
    assert looked_at(seeded, "next.xlsx", workbook({"s": [["id"], [1]]})).status == 200


def test_a_choice_is_made_in_the_selection(seeded: Seeded) -> None:
    data = zipped(("a.csv", CSV), ("b.csv", b"x\n7\n"))
    assert looked_at(seeded, "two.zip", data, kind="csv", member="b.csv").json["rows"] == [{"x": 7}]
    two = json.dumps({"a": [{"x": 1}], "b": [{"y": 2}]}).encode()
    assert looked_at(seeded, "two.json", two, kind="json", records="/b").json["rows"] == [{"y": 2}]
    days = looked_at(seeded, "days.csv", b"day\n01/02/2024\n03/04/2024\n")
    assert [question["column"] for question in days.json["facts"]["questions"]] == ["day"]
    told = looked_at(seeded, "days.csv", b"day\n01/02/2024\n03/04/2024\n", kind="csv", columns={"day": "month_first"})
    assert told.json["rows"][0] == {"day": "2024-01-02"}
