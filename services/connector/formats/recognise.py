"""Says what a file is by its content; its name counts only where the content leaves it open."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.connector.failures import Unreadable
from services.connector.formats.encodings import marked_or_wide

Kind = Literal[
    "csv", "json", "jsonl", "parquet", "xlsx", "xls", "ods", "gzip", "bz2", "xz", "zstd", "zip", "tar", "empty"
]
_HEAD_BYTES = 1 << 16
TAR_AT = 257
_TAR_BLOCK = 10_240
_LZMA = re.compile(rb"\x5d\x00\x00[\x00-\xff]{2}(?:\xff{8}|[\x00-\xff]{5}\x00{3})", re.S)

_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
)
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"RIFF", "a sound or picture"),
    (b"II*\x00", "a picture"), (b"MM\x00*", "a picture"), (b"BM", "a picture"), (b"\x00\x00\x01\x00", "a picture"),
    (b"%PDF", "a PDF document"), (b"{\\rtf", "a text document"), (b"%!PS", "a printed document"),
    (b"SQLite format 3\x00", "a database"), (b"\x00\x01\x00\x00Standard", "a database"),
    (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"), (b"\xcf\xfa\xed\xfe", "a program"),
    (b"ID3", "a sound"), (b"OggS", "a sound"), (b"fLaC", "a sound"), (b"\x1aE\xdf\xa3", "a film"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not supported"),
    (b"Rar!", "a RAR archive, which is not supported"),
    (b"\x04\x22\x4d\x18", "LZ4 data, which is not supported"),
    (b"\x1f\x9d", "old Unix compression, which is not supported"),
    (b"Obj\x01", "Avro, which is not supported"), (b"ORC", "ORC, which is not supported"),
    (b"ARROW1", "an Arrow file, which is not supported"), (b"\x89HDF", "HDF5, which is not supported"),
    (b"\x80\x04\x95", "a Python pickle, which is never opened"), (b"HEADER RECORD*", "SAS, which is not supported"),
    (b"$FL2", "SPSS, which is not supported"), (b"<stata", "Stata, which is not supported"),
)  # fmt: skip
_MARKUP = re.compile(
    r"^\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|\?xml|svg|table|rss|[a-z][\w:.-]*[\s>/])", re.I | re.S
)
_JSON = re.compile(r'^\s*(?:\{\s*["}]|\[\s*(?:[\[{"\]\d-]|true|false|null|NaN))')
_NEARLY_JSON = re.compile(r"\A(?:[\[{/]|[\w.$]+\(\s*[\[{])|^\s*\{\s*\"", re.M)
_SCALAR = re.compile(r'"(?:[^"\\\r\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null')
_PACKED_NAMES = (".gz", ".bz2", ".xz", ".zst")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Recognised:
    """What a file is, and in which encoding where that is told by its first bytes."""

    kind: Kind
    encoding: str | None = None


def recognise(path: Path, *, inside: bool = True) -> Recognised:
    """What this file is; raises Unreadable for what is no table. Only a child looks inside an archive."""
    size = path.stat().st_size
    if size == 0:
        return Recognised("empty")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for start, kind in _STARTS:
        if head.startswith(start):
            return Recognised(kind)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return Recognised(_of_zip(path) if inside else "zip")
    if _LZMA.match(head):
        return Recognised("xz")
    if not head.strip(b"\x00") and size % _TAR_BLOCK == 0:
        return Recognised("tar")  # an archive of nothing
    if head[TAR_AT : TAR_AT + 5] == b"ustar":
        return Recognised("tar")
    text_of_head = _text(head, whole=size <= len(head))
    for start, what in _FOREIGN:
        if head.startswith(start) and (len(start) > 3 or text_of_head is None or _CONTROL.search(text_of_head[0])):
            raise Unreadable(
                "binary" if "supported" not in what else "format_unsupported", f"The file is {what}, not a table."
            )
    if text_of_head is None or _binary(text_of_head[0], head):
        if b"\x00" in head and sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head) > len(head) * 0.8:
            raise Unreadable("nul_bytes", "The file has zero bytes in it: it is damaged, or no text.")
        raise Unreadable("binary", "The file holds binary data, not a table.")
    text, encoding = text_of_head
    if not text.strip() and size <= len(head):
        return Recognised("empty", encoding)
    if _MARKUP.match(text):
        what = "a web page" if re.search(r"<html|<!doctype html|^\s*<table", text[:5_000], re.I) else "an XML document"
        raise Unreadable("content_mismatch", f"The file is {what}, not a table.")
    if _JSON.match(text) or text[:1] == "\x1e":
        return Recognised("json", encoding)
    return Recognised("csv", encoding)


def is_called_json(path: Path, name: str) -> bool:
    """Whether a text that is no clean JSON is called JSON and looks as if it should be: its faults are then told."""
    called = name.lower()
    while called.endswith(_PACKED_NAMES):
        called = called.rpartition(".")[0]
    if not called.endswith((".json", ".jsonl", ".ndjson", ".geojson")):
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").strip()
    # Words without any delimiter are no table under a wrong name, either.
    return bool(_NEARLY_JSON.search(text) or _SCALAR.fullmatch(text)) or not re.search(r"[,;\t|]", text)


def _text(head: bytes, *, whole: bool) -> tuple[str, str | None] | None:
    """The beginning as text, letters beyond ASCII as they may come; None when it is none."""
    found = marked_or_wide(head)
    if found is not None:
        text = head.decode(found.name, "replace" if whole else "ignore").removeprefix("\ufeff")
        return text, found.name
    return head.decode("latin-1"), None


def _binary(text: str, head: bytes) -> bool:
    controls = len(
        _CONTROL.findall(
            text[:_HEAD_BYTES].rstrip("\x1a\r\n").replace("\x1e", "").replace("\x1f", "").replace("\x01", "")
        )
    )
    return controls > 0 and (b"\x00" in head or controls > len(text) * 0.002)


def _of_zip(path: Path) -> Kind:
    """A workbook is a ZIP archive with parts of certain names; everything else is an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist()[:2_000])
            if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
                return "xlsx"
            if "mimetype" in names and "content.xml" in names:
                said = archive.open("mimetype").read(200)
                if b"spreadsheet" in said:
                    return "ods"
                raise Unreadable("content_mismatch", "The file is an office document without tables.")
            if "word/document.xml" in names or "ppt/presentation.xml" in names:
                raise Unreadable("content_mismatch", "The file is an office document, not a table.")
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        return _of_broken_zip(path)
    return "zip"


def _of_broken_zip(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return "xlsx" if b"[Content_Types].xml" in head or b"xl/" in head else "zip"
