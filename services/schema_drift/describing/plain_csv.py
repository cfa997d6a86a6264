"""A plain CSV file as a delivery: its form is found out as far as an earlier delivery lets one tell."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from services.schema_drift.describing.delivery import Delivery, Form, describe
from services.schema_drift.describing.plain import MISSING, plain_type

_DELIMITERS = (",", ";", "\t", "|")
_PREAMBLE = 20
_TOTAL = re.compile(
    r"\W*(?:grand |sub)?(?:total|totals|sum|summe|gesamt|gesamtsumme|totale|totaux|suma|summary|average|count|rows"
    r"|records|lines"
    r"|end of (?:file|report|data)|eof|\d+ (?:rows|records|lines|zeilen))\b.*",
    re.IGNORECASE,
)


class NoTable(Exception):
    """The file holds no table that could be read."""


def read_csv(path: Path, earlier: Delivery | None = None) -> Delivery:
    """Read a file; `earlier` tells names from values where the line of names is missing or not the first."""
    raw = path.read_bytes()
    text, encoding, bom = _decoded(raw)
    delimiter, rows = _split(text, {name.strip() for name in earlier.names} if earlier else set())
    if not rows:
        raise NoTable(f"{path} holds no table.")
    at = _header_at(rows, earlier)
    header = at is not None
    if at is None:
        names = list(earlier.names) if earlier else [f"column_{place + 1}" for place in range(len(rows[0]))]
        body = rows
    else:
        names, body = rows[at], rows[at + 1 :]
    body, footer = _without_footer(body, len(names), earlier)
    form = Form(
        encoding=encoding, bom=bom, delimiter=delimiter, header=header, preamble_lines=at or 0, footer_rows=footer
    )
    return describe(names, body, form)


def _decoded(raw: bytes) -> tuple[str, str, bool]:
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace"), "utf-8", True
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), "utf-16", False
    try:
        return raw.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), "cp1252", False


def _split(text: str, known: set[str]) -> tuple[str, list[list[str]]]:
    """The delimiter that gives most lines the same number of values, and the lines."""
    best: tuple[float, str, list[list[str]]] = (-1.0, ",", [])
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not rows:
            continue
        width, many = Counter(len(row) for row in rows).most_common(1)[0]
        names = max((sum(cell.strip() in known for cell in row) for row in rows[:_PREAMBLE]), default=0)
        score = (many / len(rows)) * (width > 1) + names + min(width, 50) / 1000
        if score > best[0]:
            best = (score, delimiter, rows)
    return best[1], best[2]


def _header_at(rows: Sequence[Sequence[str]], earlier: Delivery | None) -> int | None:
    """The line of the names; None where there is none."""
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if earlier is None:
        return next((at for at, row in enumerate(rows[:_PREAMBLE]) if len(row) == width), 0)
    known = {name.strip().casefold() for name in earlier.names}
    hits = [(sum(cell.strip().casefold() in known for cell in row), -at) for at, row in enumerate(rows[:_PREAMBLE])]
    met, place = max(hits)
    if met >= max(1, 0.3 * len(known)) and not _is_row(rows[-place], earlier):
        return -place
    first = next((at for at, row in enumerate(rows[:_PREAMBLE]) if len(row) == width), 0)
    return None if _is_row(rows[first], earlier) else first


def _is_row(cells: Sequence[str], earlier: Delivery) -> bool:
    """Whether a line is one of values: they are of the types of the earlier columns, or known values of them."""
    if len(cells) != len(earlier.columns):
        return False
    told = fits = known = 0
    for cell, column in zip(cells, earlier.columns, strict=True):
        text = cell.strip()
        if text in MISSING:
            continue
        known += text in column.counts
        if column.type not in ("string", "empty"):
            told += 1
            fits += plain_type([text]) == column.type or (column.type == "float64" and plain_type([text]) == "int64")
    return fits >= 0.6 * told if told >= 2 else known >= 0.4 * len(cells)


def _without_footer(rows: Sequence[list[str]], width: int, earlier: Delivery | None) -> tuple[list[list[str]], int]:
    """The rows without lines at the end that are none: totals, counts, remarks."""
    kept = list(rows)
    while kept and len(rows) - len(kept) < 5 and len(kept) > 1 and _is_footer(kept[-1], kept[-2], width, earlier):
        kept.pop()
    return kept, len(rows) - len(kept)


def _is_footer(row: Sequence[str], above: Sequence[str], width: int, earlier: Delivery | None) -> bool:
    filled = [cell.strip() for cell in row if cell.strip()]
    if not filled:
        return True
    if len(row) != width and len(above) == width:
        return True
    known = earlier is not None and any(filled[0] in column.counts for column in earlier.columns)
    return _TOTAL.fullmatch(filled[0]) is not None and not known
