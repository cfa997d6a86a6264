"""What a child does with a file, called without its walls: unpack it, say what it is, read it, or say why not."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from services.connector.formats.base import Limits, read_arrow
from services.connector.formats.read_child import handle
from services.connector.formats.unpacking import Bounds
from tests.unit.connector.workbooks import packed, sheet_of, workbook

CSV = b"id,name\n1,a\n2,b\n"
TABLE: list[list[Any]] = [["id", "name"], [1, "a"], [2, "b"]]


def answer(folder: Path, data: bytes, name: str = "file", **told: Any) -> dict[str, Any]:
    path, out = folder / "given", folder / "out"
    path.write_bytes(data)
    out.mkdir(exist_ok=True)
    order = {
        "path": str(path),
        "folder": str(out),
        "name": name,
        "kind": None,
        "expected": None,
        "limits": asdict(Limits()),
        "bounds": asdict(Bounds(bytes=64 << 20)),
        "cells": 100_000,
        "document_bytes": 16 << 20,
        **told,
    }
    said: dict[str, Any] = json.loads(handle(json.dumps(order).encode()))
    return said


def records(said: dict[str, Any]) -> list[dict[str, Any]]:
    assert said["kind"] == "landed", said
    found: list[dict[str, Any]] = pa.Table.from_batches(list(read_arrow(Path(said["path"])))).to_pylist()
    assert said["counted"] == len(found) + sum(pile["rows"] for pile in said["rejected"])
    return found


def text(said: dict[str, Any]) -> str:
    assert said["kind"] in ("text", "table"), said
    return Path(said["path"]).read_text(encoding="utf-8")


def zipped(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(*entries: tuple[str, bytes, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data, type in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = type, "/etc/passwd"
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


PACKED: dict[str, tuple[bytes, list[str], str | None]] = {
    "gzip": (gzip.compress(CSV), ["gzip"], None),
    "two gzip members": (gzip.compress(CSV[:8]) + gzip.compress(CSV[8:]), ["gzip"], None),
    "bz2": (bz2.compress(CSV), ["bz2"], None),
    "xz": (lzma.compress(CSV), ["xz"], None),
    "lzma": (lzma.compress(CSV, format=lzma.FORMAT_ALONE), ["xz"], None),
    "zstd": (pa.Codec("zstd").compress(CSV, asbytes=True), ["zstd"], None),
    "zip": (zipped(("d/a.csv", CSV)), ["zip"], "d/a.csv"),
    "zip of a Mac": (zipped(("a.csv", CSV), ("__MACOSX/._a.csv", b"x")), ["zip"], "a.csv"),
    "tar": (tarred(("a.csv", CSV, tarfile.REGTYPE)), ["tar"], "a.csv"),
    "tar.gz": (gzip.compress(tarred(("a.csv", CSV, tarfile.REGTYPE))), ["gzip", "tar"], "a.csv"),
    "gzip in zip": (zipped(("a.csv.gz", gzip.compress(CSV))), ["zip", "gzip"], "a.csv.gz"),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_unpacked(tmp_path: Path, name: str) -> None:
    data, layers, member = PACKED[name]
    said = answer(tmp_path, data)
    assert text(said) == CSV.decode()
    assert (said["compression"], said["member"]) == (layers, member)


def test_a_member_is_chosen(tmp_path: Path) -> None:
    data = zipped(("a.csv", CSV), ("b.csv", b"x\n1\n"))
    assert text(answer(tmp_path, data, member="b.csv")) == "x\n1\n"
    assert answer(tmp_path, data, member="c.csv")["code"] == "member_unknown"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("[9007199254740993, 0.5]", [Decimal(9007199254740993), Decimal("0.5")]),
        ("[9007199254740993, 1e-10]", ["9007199254740993", "1E-10"]),
        ("[9007199254740992, 0.5]", [9007199254740992.0, 0.5]),
        ("[9007199254740993, 1]", [9007199254740993, 1]),
        ("[9223372036854775809, 1]", ["9223372036854775809", "1"]),
    ],
)
def test_no_number_loses_a_digit(tmp_path: Path, values: str, expected: list[Any]) -> None:
    data = json.dumps([{"a": "@"}, {"a": "@"}])
    for value in values[1:-1].split(", "):
        data = data.replace('"@"', value, 1)
    assert [row["a"] for row in records(answer(tmp_path, data.encode(), "a.json"))] == expected


REFUSED: dict[str, tuple[bytes, str]] = {
    "two members": (zipped(("a.csv", CSV), ("b.csv", CSV)), "archive_members"),
    "no member": (zipped(), "archive_empty"),
    "an archive of nothing": (bytes(10_240), "archive_empty"),
    "above the folder": (zipped(("../../etc/cron.d/x", CSV)), "archive_path"),
    "absolute": (zipped(("/etc/x", CSV)), "archive_path"),
    "of another system": (zipped(("C:\\x.csv", CSV)), "archive_path"),
    "backslashes": (zipped(("..\\x.csv", CSV)), "archive_path"),
    "a long name": (zipped(("x" * 4_000, CSV)), "archive_path"),
    "equal but for case": (zipped(("a.csv", CSV), ("A.CSV", CSV)), "archive_path"),
    "a symbolic link": (tarred(("a.csv", b"", tarfile.SYMTYPE)), "archive_path"),
    "a hard link": (tarred(("a.csv", CSV, tarfile.REGTYPE), ("b", b"", tarfile.LNKTYPE)), "archive_path"),
    "a device": (tarred(("d", b"", tarfile.CHRTYPE)), "archive_path"),
    "zeros in a zip": (zipped(("a.csv", bytes(30 << 20))), "archive_bomb"),
    "zeros in gzip": (gzip.compress(bytes(30 << 20)), "archive_bomb"),
    "zeros in bz2": (bz2.compress(bytes(30 << 20)), "archive_bomb"),
    "many layers": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))), "archive_bomb"),
    "many entries": (zipped(*((f"{n}.csv", b"") for n in range(10_001))), "archive_bomb"),
    "cut gzip": (gzip.compress(CSV * 100)[:-20], "truncated"),
    "cut zip": (zipped(("a.csv", CSV * 100))[:-30], "truncated"),
    "cut tar": (tarred(("a.csv", CSV * 1_000, tarfile.REGTYPE))[:5_000], "truncated"),
    "wrong sum": (gzip.compress(CSV)[:-8] + bytes(4) + gzip.compress(CSV)[-4:], "corrupt"),
    "nothing in gzip": (gzip.compress(b""), "empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "binary"),
    "a database": (b"SQLite format 3\x00" + bytes(100), "binary"),
    "a pickle": (b"\x80\x04\x95" + bytes(50), "binary"),
    "a 7z archive": (b"7z\xbc\xaf\x27\x1c" + bytes(50), "format_unsupported"),
    "a web page": (b"<!DOCTYPE html>\n<html><table></table></html>", "content_mismatch"),
    "an XML document": (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "content_mismatch"),
    "a letter": (zipped(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<w/>")), "content_mismatch"),
    "a zero byte": (b"id,a\n1,x\x00y\n2,z\n", "nul_bytes"),
    "broken JSON": (b'[{"a":1},{"a":2}', "json_invalid"),
    "JSON with a comma too many": (b'[{"a":1},]', "json_invalid"),
    "JSON without end": (b"[" * 100_000, "json_too_deep"),
    "JSON of numbers": (b"[1, 2, 3]", "not_a_table"),
    "two lists of records": (b'{"a": [{"x": 1}], "b": [{"y": 1}]}', "choice_needed"),
    "an empty list": (b"[]", "empty"),
    "no results": (b'{"data": [], "meta": {"n": 0}}', "empty"),
    "cut workbook": (workbook({"a": TABLE})[:-60], "truncated"),
    "empty workbook": (workbook({"a": []}), "empty"),
    "hidden workbook": (workbook({"a": TABLE}, hidden=["a"]), "empty"),
    "a sheet as large as can be": (
        packed({"xl/worksheets/sheet1.xml": sheet_of({"A1": "x", "CV2000": "y"})}, ["a"]), "too_large",
    ),
    "cut Parquet": (b"PAR1" + bytes(100), "truncated"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    data, code = REFUSED[name]
    said = answer(tmp_path, data)
    assert (said["kind"], said.get("code")) == ("unreadable", code)
    assert said["message"].endswith(".")
    assert "/etc/passwd" not in said["message"]


DOCUMENTS: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "records": ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    "columns by name": ({"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    "names and rows": ({"columns": ["a", "b"], "data": [[1, "x"]]}, [{"a": 1, "b": "x"}]),
    "rows with a header": ([["a", "b"], [1, "x"]], [{"a": 1, "b": "x"}]),
    "inside": ({"meta": {"n": 1}, "response": {"items": [{"a": 1}]}}, [{"a": 1}]),
    "nested": ([{"a": {"b": {"c": 1}}, "d": [1, 2]}], [{"a.b.c": 1, "d": "[1,2]"}]),
    "an array of objects": (
        [{"id": 1, "x": [{"a": 1}, {"a": 2}]}, {"id": 2, "x": []}],
        [{"id": 1, "x.a": 1}, {"id": 1, "x.a": 2}, {"id": 2, "x.a": None}],
    ),
    "two of them": ([{"id": 1, "x": [{"a": 1}], "y": [{"b": 2}]}], [{"id": 1, "x": '[{"a":1}]', "y": '[{"b":2}]'}]),
    "a name that meets a nested one": ([{"a.b": 1, "a": {"b": 2}}], [{"a.b": 1, "a.b_2": 2}]),
    "digits that a number does not hold": ([{"a": 10**23 + 7}, {"a": 1}], [{"a": str(10**23 + 7)}, {"a": "1"}]),
    "texts stay texts": ([{"a": "1", "b": "2024-01-01"}], [{"a": "1", "b": "2024-01-01"}]),
    "missing fields": ([{"a": 1}, {"b": 2.5}], [{"a": 1, "b": None}, {"a": None, "b": 2.5}]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_records_are_found_wherever_they_are(tmp_path: Path, name: str) -> None:
    document, expected = DOCUMENTS[name]
    assert records(answer(tmp_path, json.dumps(document).encode())) == expected


LINES: dict[str, tuple[str, list[dict[str, Any]], int]] = {
    "lines": ('{"a":1}\n\n{"a":2}\n', [{"a": 1}, {"a": 2}], 0),
    "a bad line": ('{"a":1}\n{"a":\n{"a":3}\n', [{"a": 1}, {"a": 3}], 1),
    "a bad first line": ('garbage\n{"a":2}\n{"a":3}\n', [{"a": 2}, {"a": 3}], 1),
    "arrays": ('["a","b"]\n[1,"x"]\n[1,2,3]\n', [{"a": 1, "b": "x"}], 1),
    "records behind one another": ('{"a":1}{"a":2}', [{"a": 1}, {"a": 2}], 0),
    "a sequence": ('\x1e{"a":1}\n\x1e{"a":2}\n', [{"a": 1}, {"a": 2}], 0),
    "what is no record among records": ('[{"a":1},5,null,{"a":2},{"a":3}]', [{"a": 1}, {"a": 2}, {"a": 3}], 2),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_that_are_no_records_are_set_aside(tmp_path: Path, name: str) -> None:
    given, expected, aside = LINES[name]
    said = answer(tmp_path, given.encode(), "x.jsonl")
    assert records(said) == expected
    assert sum(pile["rows"] for pile in said["rejected"]) == aside


def test_words_called_json_are_no_table(tmp_path: Path) -> None:
    assert answer(tmp_path, b"one\ntwo\nthree\n", "x.jsonl")["code"] == "json_invalid"


def test_a_pointer_says_which_records_are_meant(tmp_path: Path) -> None:
    data = b'{"a": [{"x": 1}], "b": [{"y": 2}]}'
    assert records(answer(tmp_path, data, kind="json", records="/b")) == [{"y": 2}]
    assert answer(tmp_path, data, kind="json", records="/c")["code"] == "records_unknown"


SHEETS: dict[str, tuple[bytes, str, int]] = {
    "plain": (workbook({"a": TABLE}), "id,name|1,a|2,b", 0),
    "first visible": (workbook({"h": [["x"], [1]], "a": TABLE}, hidden=["h"]), "id,name|1,a|2,b", 0),
    "first that is not empty": (workbook({"h": [], "a": TABLE}), "id,name|1,a|2,b", 0),
    "a title above": (
        workbook({"a": [["Report", None], [None, None], *TABLE]}, merged=["A1:B1"]), "id,name|1,a|2,b", 0,
    ),
    "merged groups": (
        workbook(
            {"a": [["Region", "Sales", None], [None, "Q1", "Q2"], ["N", 1, 2], ["S", 3, 4]]}, merged=["A1:A2", "B1:C1"]
        ),
        "Region,Sales Q1,Sales Q2|N,1,2|S,3,4", 0,
    ),
    "a merged block": (workbook({"a": [["g", "n"], ["N", 1], [None, 2]]}, merged=["A2:A3"]), "g,n|N,1|N,2", 0),
    "names alone": (workbook({"a": TABLE[:1]}), "id,name", 0),
    "units": (workbook({"a": [["t", "p"], ["s", "hPa"], [1, 2], [3, 4], [5, 6]]}), "t,p|1,2|3,4|5,6", 1),
    "a total": (workbook({"a": [["id", "n"], ["a", 1], ["b", 2], ["Total", 3]]}), "id,n|a,1|b,2", 1),
    "truths and blanks": (workbook({"a": [[" id ", "v"], [1, True], [2, " x "]]}), "id,v|1,true|2,x", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", SHEETS)
def test_the_table_of_a_sheet_is_found(tmp_path: Path, name: str) -> None:
    data, expected, aside = SHEETS[name]
    said = answer(tmp_path, data)
    assert "|".join(text(said).splitlines()) == expected
    assert sum(pile["rows"] for pile in said["rejected"]) == aside
    assert said["counted"] == len(expected.split("|")) - 1 + aside


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    data = workbook({"a": TABLE, "b": [["x"], [7]], "c": [["y"], [8]]}, hidden=["c"])
    assert answer(tmp_path, data)["facts"]["sheets"] == ["a", "b"]
    assert text(answer(tmp_path, data, kind="xlsx", sheet="c")).split() == ["y", '"8"']
    assert answer(tmp_path, data, kind="xlsx", sheet="d")["code"] == "sheet_unknown"
    told = answer(tmp_path, data, kind="xlsx", sheet="a", header=False, preamble=1)
    assert text(told).splitlines() == ["column_1,column_2", "1,a", "2,b"]


def test_what_is_told_and_is_not_so_is_refused(tmp_path: Path) -> None:
    assert answer(tmp_path, workbook({"a": TABLE}), kind="parquet")["code"] == "content_mismatch"
    assert answer(tmp_path, gzip.compress(CSV), kind="xlsx")["code"] == "content_mismatch"
