"""Files as the world sends them, by their row in the catalogue of bad input, and what is to come of each."""

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.unit.connector.workbooks import packed, sheet_of, workbook

Content = bytes | Callable[[], bytes]
CSV = b"id,name\n1,a\n2,b\n"


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(*entries: tuple[str, bytes, str | None, bytes]) -> bytes:
    """A TAR archive of entries: name, type, what a link leads to, content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, target, data in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size = kind, target or "", len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def nested(layers: int) -> bytes:
    """An archive in an archive in an archive."""
    data = zipped(("a.csv", CSV))
    for layer in range(layers):
        data = zipped((f"{layer}.zip", data))
    return data


def lying_about_size() -> bytes:
    """An archive whose headers say that a large file is a small one."""
    data = bytearray(zipped(("a.csv", b"id\n" + b"1\n" * 2_000_000)))
    real = (3 + 4_000_000).to_bytes(4, "little")
    assert data.count(real) == 2
    return bytes(data.replace(real, (40).to_bytes(4, "little")))


def overlapping() -> bytes:
    """An archive two entries of which are the same bytes."""
    data = zipped(("a.csv", CSV * 50), ("b.csv", CSV * 50))
    first, second = data.index(b"PK\x01\x02"), data.rindex(b"PK\x01\x02")
    changed = bytearray(data)
    changed[second + 42 : second + 46] = changed[first + 42 : first + 46]
    return bytes(changed)


def parquet(table: pa.Table | None = None, /, **options: Any) -> bytes:
    """A Parquet file of a table, or of a thousand numbers."""
    out = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(1_000))}) if table is None else table, out, **options)
    return out.getvalue()


def wrong_sum() -> bytes:
    """A page that is not what its sum says."""
    values = pa.table({"id": ["canary" * 4] * 10 + ["x"]})
    data = parquet(values, use_dictionary=False, compression="none", write_page_checksum=True)
    at = data.rindex(b"x", 0, data.index(b"schema"))
    return data[: at - 6] + b"!" + data[at - 5 :]


def rows_that_are_not_there() -> bytes:
    """Metadata that promises one row more than the pages hold."""
    data = parquet(compression="none")
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:begin] + data[begin:].replace(b"\xd0\x0f", b"\xd2\x0f")


def millions_of_rows() -> bytes:
    """Twenty million rows in some kilobytes."""
    column = pa.DictionaryArray.from_arrays(pa.array(bytes(20_000_000), pa.int8()), pa.array(["same"]))
    return parquet(pa.table({"a": column}), row_group_size=1_000_000)


def twice_named() -> bytes:
    """Two columns of one name."""
    return parquet(pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["a", "a"]))


def nested_deeply(depth: int = 500) -> bytes:
    """A structure in a structure in a structure."""
    kind: pa.DataType = pa.int64()
    value: Any = 1
    for _ in range(depth):
        kind, value = pa.struct([("n", kind)]), {"n": value}
    return parquet(pa.table({"a": pa.array([value], kind)}))


LINK, HARD, DEVICE, PIPE = (kind for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE))
HEADERS = [
    "a", "a", "A", "", " ", "x" * 10_240, '"; DROP TABLE x;--', "__proto__", "constructor", "=1+1",
    "<b>", "tab\tle", "a\nb",
]  # fmt: skip
QUOTED = ",".join('"' + name.replace('"', '""') + '"' for name in HEADERS).encode()

# Name, behind its row in the catalogue: content, rows, how many were set aside.
READ: dict[str, tuple[Content, list[list[Any]], int]] = {
    "53/short.csv": (b"id,a,b\n1,2\n3,4,5\n", [[1, 2, None], [3, 4, 5]], 0),
    "53/long.csv": (b"id,a\n1,2\n3,4,5\n6,7\n", [[1, 2], [6, 7]], 1),
    "55/cr.csv": (b"id,a\r1,x\r2,y\r", [[1, "x"], [2, "y"]], 0),
    "55/mixed-ends.csv": (b'id,a\r\n1,"x\ny"\n2,z\r', [[1, "x\ny"], [2, "z"]], 0),
    "56/codes.csv": (
        b"zip,sci,na,long,day\n00123,1e5,NA,12345678901234567890123,2024-02-30\n00456,2,x,1,2024-01-01\n",
        [["00123", 100000.0, "NA", "12345678901234567890123", "2024-02-30"], ["00456", 2.0, "x", "1", "2024-01-01"]],
        0,
    ),
    "56/markers.csv": (
        b"truth,n,far,tail\nTRUE,null,Infinity,0.1000\nfalse,3,x,2\n",
        [[True, None, "Infinity", 0.1], [False, 3, "x", 2.0]],
        0,
    ),
    "58/header.csv": (b"id,name\n", [], 0),
    "58/no-end.csv": (b"id,a\n1,x", [[1, "x"]], 0),
    "59/names.csv": (QUOTED + b"\n" + b",".join([b"1"] * len(HEADERS)) + b"\n", [[1] * len(HEADERS)], 0),
    "62/formulas.csv": (
        b"id,f\n1,=cmd|'/c calc'!A1\n2,@x\n3,+1+1\n4,-x\n5,\"\t=1\"\n6,\"\r=1\"\n",
        [[1, "=cmd|'/c calc'!A1"], [2, "@x"], [3, "+1+1"], [4, "-x"], [5, "\t=1"], [6, "\r=1"]],
        0,
    ),
    "76/int96.parquet": (
        lambda: parquet(
            pa.table({"t": pa.array([1_700_000_000_000_001], pa.timestamp("us"))}), use_deprecated_int96_timestamps=True
        ),
        [["2023-11-14T22:13:20.000001"]],
        0,
    ),
    "76/wide-decimal.parquet": (
        lambda: parquet(pa.table({"d": pa.array([Decimal("1" * 76)], pa.decimal256(76, 0))})), [["1" * 76]], 0,
    ),
    "76/twice-named.parquet": (twice_named, [[1, "x"]], 0),
    "76/unsigned.parquet": (lambda: parquet(pa.table({"u": pa.array([2**63], pa.uint64())})), [[str(2**63)]], 0),
    "77/big.json": (b'[{"a": 9007199254740993}, {"a": 1}]', [["9007199254740993"], [1]], 0),
    "77/bigger.json": (b'[{"a": 9223372036854775809}]', [["9223372036854775809"]], 0),
    "77/beside.json": (b'[{"a": 9007199254740993}, {"a": 0.5}]', [["9007199254740993"], ["0.5"]], 0),
    "77/huge.json": (b'[{"a": 1e400}, {"a": 0.5}]', [["1E+400"], ["0.5"]], 0),
    "77/twice.json": (b'[{"a": 1, "a": 2}]', [[1, 2]], 0),
    "77/mark.json": (b'\xef\xbb\xbf[{"a": 1}]', [[1]], 0),
    "77/joined.jsonl": (b'{"a": 1}{"a": 2}\n{"a": 3}\n', [[3]], 1),
    "77/bad-line.jsonl": (b'{"id": 1}\n{"id":\n{"id": 3}\n', [[1], [3]], 1),
    "utf16.csv": ("\ufeffid,a\n1,é\n".encode("utf-16-le"), [[1, "é"]], 0),
    "semicolons.csv.gz": (gzip.compress(b"id;p\n1;1,5\n2;2,5\n"), [[1, 1.5], [2, 2.5]], 0),
    "a.csv.bz2": (bz2.compress(CSV), [[1, "a"], [2, "b"]], 0),
    "a.zip": (zipped(("d/a.csv", CSV)), [[1, "a"], [2, "b"]], 0),
    "a.tsv": (b"id\tname\n1\ta\n", [[1, "a"]], 0),
    "a.xlsx": (workbook({"s": [["id", "name"], [1, "a"], [2, None]]}), [[1, "a"], [2, None]], 0),
    "called.csv": (workbook({"s": [["id"], [1]]}), [[1]], 0),
    "a.json": (b'[{"id": 1, "n": {"x": 2}}]', [[1, 2]], 0),
    "a.parquet": (parquet(pa.table({"id": [1, 2], "name": ["a", None]})), [[1, "a"], [2, None]], 0),
}  # fmt: skip

# The types of some of them: a number that none of them holds exactly is a text, and is never cut to fit.
TYPES = {
    "56/codes.csv": ["string", "float", "string", "string", "string"],
    "56/markers.csv": ["boolean", "integer", "string", "float"],
    "62/formulas.csv": ["integer", "string"],
    "77/big.json": ["integer"],
    "77/bigger.json": ["string"],
    "77/beside.json": ["decimal"],
    "77/huge.json": ["string"],
}
# What would be there if an entry of an archive had been written where it says.
OUTSIDE = ("/etc/cron.d/x", "/x.csv", "/etc/x.csv", "/tmp/modulardata-through.csv")

# Name, behind its row in the catalogue: content, the codes that may be said.
REFUSED: dict[str, tuple[Content, str]] = {
    "52/quote.csv": (b'id,a\n1,"x\n', "unterminated_quote"),
    "58/empty.csv": (b"", "empty"),
    "58/mark.csv": (b"\xef\xbb\xbf", "empty"),
    "58/blank.csv": (b"\xef\xbb\xbf \n\n", "empty"),
    "61/columns.csv": (",".join(f"c{n}" for n in range(16_385)).encode() + b"\n", "too_many_columns"),
    "67/corners.xlsx": (
        packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x", "XFD1048576": "y"})}, ["a"]), "corrupt too_large",
    ),
    "67/swollen.xlsx": (
        lambda: packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x" * (300 << 20)})}, ["a"]), "archive_bomb",
    ),
    "68/entities.xlsx": (packed({"xl/worksheets/sheet1.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, ["a"]), "*"),
    "70/zeros.zip": (lambda: zipped(("a.csv", bytes(50 << 20))), "archive_bomb"),
    "70/zeros.gz": (lambda: gzip.compress(bytes(50 << 20)), "archive_bomb"),
    "70/layers.gz": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))), "archive_bomb"),
    "70/layers.zip": (lambda: nested(8), "archive_bomb"),
    "70/entries.zip": (lambda: zipped(*((f"{n}.csv", b"") for n in range(10_001))), "archive_bomb"),
    "70/sizes.zip": (lying_about_size, "*"),
    "70/overlap.zip": (overlapping, "*"),
    "71/climbs.zip": (zipped(("../../etc/cron.d/x", CSV)), "archive_path"),
    "71/absolute.zip": (zipped(("/etc/x.csv", CSV)), "archive_path"),
    "71/drive.zip": (zipped(("C:\\x.csv", CSV)), "archive_path"),
    "71/climbs.tar.gz": (tarred(("../x.csv", tarfile.REGTYPE, None, CSV)), "archive_path"),
    "71/link.tar.gz": (tarred(("a.csv", LINK, "/etc/passwd", b"")), "archive_path"),
    "71/through.tar.gz": (
        tarred(("d", LINK, "/tmp", b""), ("d/modulardata-through.csv", tarfile.REGTYPE, None, CSV)), "archive_path",
    ),
    "71/hard.tar.gz": (tarred(("a.csv", HARD, "/etc/passwd", b"")), "archive_path"),
    "71/device.tar.gz": (tarred(("a.csv", DEVICE, None, b"")), "archive_path"),
    "71/pipe.tar.gz": (tarred(("a.csv", PIPE, None, b"")), "archive_path"),
    "71/long.zip": (zipped(("x" * 4_096 + ".csv", CSV)), "archive_path"),
    "71/cases.zip": (zipped(("a.csv", CSV), ("A.csv", CSV)), "archive_path"),
    "74/cut.parquet": (parquet()[:-20], "truncated"),
    "74/footer.parquet": (parquet()[:-8] + b"\xff\xff\xff\x7fPAR1", "malformed"),
    "74/sum.parquet": (wrong_sum, "malformed"),
    "74/rows.parquet": (rows_that_are_not_there, "malformed"),
    "76/columns.parquet": (
        lambda: parquet(pa.table({f"c{n}": pa.array([], pa.int8()) for n in range(20_000)})), "too_many_columns",
    ),
    "76/nested.parquet": (nested_deeply, "*"),
    "77/open.json": (b'[{"a": 1}', "json_invalid"),
    "77/deep.json": (b"[" * 200_000, "json_too_deep"),
    "79/database.csv": (b"SQLite format 3\x00" + bytes(100), "binary"),
    "79/duck.csv": (bytes(8) + b"DUCK" + bytes(4_000), "binary"),
    "80/entities.xml": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "content_mismatch"),
    "80/node.xml": (lambda: b"<a><b>" + b"x" * (8 << 20) + b"</b></a>", "content_mismatch"),
    "cut.csv": (b"id,a\n1,x\n2,y\n3", "truncated"),
    "bars.csv": (b"id||name\n1||a\n2||b\n", "delimiter_unsupported"),
    "page.csv": (b"<!DOCTYPE html><html><body>Log in</body></html>", "content_mismatch"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(60), "binary"),
    "two.zip": (zipped(("a.csv", CSV), ("b.csv", CSV)), "archive_members"),
    "none.zip": (zipped(), "archive_empty"),
    "cut.csv.gz": (gzip.compress(CSV * 100)[:-20], "truncated"),
    "two.json": (json.dumps({"a": [{"x": 1}], "b": [{"y": 1}]}).encode(), "choice_needed"),
}  # fmt: skip

# Read by batches, in a session: how many rows; or the code of the refusal.
LARGE: dict[str, tuple[Content, int | str]] = {
    "65/line.csv": (lambda: b"id,a\n1," + b"x" * (40 << 20), "record_too_long"),
    "73/rows.parquet": (millions_of_rows, 20_000_000),
    "77/line.jsonl": (
        lambda: b'{"a": "y"}\n' * 30 + b'{"a": "' + b"x" * (40 << 20) + b'"}\n',
        "record_too_long",
    ),
}


def content(of: Content) -> bytes:
    """The bytes, made when they are needed."""
    return of if isinstance(of, bytes) else of()
