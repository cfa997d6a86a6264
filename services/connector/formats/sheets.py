"""Reads the table out of a workbook's sheet and writes it as plain text, row by row. Runs in a child only."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_calamine

from contracts.data import FormatFacts
from services.connector.failures import Unreadable
from services.connector.formats.base import Rejects
from services.connector.formats.csv_closing import closing, is_total
from services.connector.formats.csv_layout import (
    are_units,
    column_names,
    has_header,
    is_blank,
    kind_of,
)

_ABOVE = 40
_TAIL = 40
_FREE_BYTES = 64 << 20
_RATIO = 200
_ERRORS = frozenset(("#N/A", "#VALUE!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "#NULL!"))


@dataclass(frozen=True)
class SheetTable:
    """A sheet's table as plain text with a header, and what was found out."""

    path: Path
    names: tuple[str, ...]
    rows: int
    counted: int
    facts: FormatFacts
    before: tuple[int, ...]


@dataclass(frozen=True)
class _Block:
    """A merged block: first row and column, last row and column."""

    top: int
    left: int
    bottom: int
    right: int


def read_sheet(
    kind: str, source: Path, target: Path, rejects: Rejects, *, sheet: str | None, header: bool | None,
    preamble: int | None, columns: int, cells: int,
) -> SheetTable:  # fmt: skip
    """The table of the named sheet, or of the first visible one; raises Unreadable."""
    if kind != "xls":
        _measure(source)
    book = _open(kind, source)
    try:
        visible = [
            one.name
            for one in book.sheets_metadata
            if one.visible == python_calamine.SheetVisibleEnum.Visible
            and one.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        name = _chosen(visible, [one.name for one in book.sheets_metadata], sheet)
        found = _sheet(book, name)
        if sheet is None and not found.total_height:
            # A careful person turns the page.
            full = [other for other in visible if _sheet(book, other).total_height]
            name = full[0] if full else name
            found = _sheet(book, name)
        if found.total_height * found.total_width > cells:
            raise Unreadable("too_large", f"The sheet {name!r} spans more than {cells} cells; that is not read.")
        return _table(found, name, tuple(visible), kind, target, rejects, header, preamble, columns)
    finally:
        book.close()


def _sheet(book: Any, name: str) -> Any:
    try:
        return book.get_sheet_by_name(name)
    except python_calamine.CalamineError as error:
        raise Unreadable("corrupt", f"The sheet {name!r} is damaged.") from error


def _open(kind: str, source: Path) -> Any:
    try:
        return python_calamine.CalamineWorkbook.from_path(str(source))
    except python_calamine.PasswordError as error:
        raise Unreadable("encrypted", "The workbook is protected by a password; save it without one.") from error
    except (python_calamine.ZipError, zipfile.BadZipFile) as error:
        raise Unreadable("truncated", "The workbook is damaged or ends too early.") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        said = str(error).lower()
        if "password" in said or "encrypt" in said:
            raise Unreadable("encrypted", "The workbook is protected by a password; save it without one.") from error
        if kind == "xls" and ("cannot find" in said or "workbook" in said):
            raise Unreadable("content_mismatch", "The file is an office document without sheets.") from error
        raise Unreadable("corrupt", "The workbook is damaged or ends too early.") from error


def _measure(source: Path) -> None:
    """Raises Unreadable for a workbook whose parts unpack to far more than their size allows."""
    size = source.stat().st_size
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            if len(entries) > 10_000 or sum(entry.file_size for entry in entries) > max(_FREE_BYTES, size * _RATIO):
                raise Unreadable("archive_bomb", "The workbook would unpack to far more than its size allows.")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable("truncated", "The workbook is damaged or ends too early.") from error


def _chosen(visible: list[str], every: list[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in every:
            raise Unreadable(
                "sheet_unknown", f"There is no sheet {wanted!r}; there is {', '.join(map(repr, every[:10]))}."
            )
        return wanted
    if not visible:
        if not every:
            raise Unreadable("empty", "The workbook has no sheet.")
        raise Unreadable("empty", "The workbook has no visible sheet; name a hidden one in the selection's format.")
    return visible[0]


def _table(
    sheet: Any, name: str, visible: tuple[str, ...], kind: str, target: Path, rejects: Rejects, header: bool | None,
    preamble: int | None, columns: int,
) -> SheetTable:  # fmt: skip
    blocks = [_Block(first[0], first[1], last[0], last[1]) for first, last in sheet.merged_cell_ranges or ()]
    lines = list(_lines(sheet, blocks))
    filled = [place for place, line in enumerate(lines) if not is_blank(line) and place >= (preamble or 0)]
    if not filled:
        raise Unreadable("empty", f"The sheet {name!r} is empty.")
    left = min(_first(lines[place]) for place in filled)
    right = max(_last(lines[place]) for place in filled)
    start = _start(lines, filled, left, right, blocks) if preamble is None else filled[0]
    # What stands left and right of the table's own columns is not of it.
    body = [place for place in filled if place >= start]
    head = lines[start]
    left = min([_first(head), *(_first(lines[place]) for place in body[1:60])])
    right = max([_last(head), *(_last(lines[place]) for place in body[1:60])])
    if right - left + 1 > columns:
        raise Unreadable("too_many_columns", f"The sheet has {right - left + 1} columns; at most {columns} are read.")
    table = [(place, [cell.strip() for cell in lines[place][left : right + 1]]) for place in body]
    sample = [line for _, line in table[:200]]
    grouped = len(table) > 2 and _spans(blocks, table[0][0]) and _second(table[1][1], sample[2:])
    titled, confidence = (header, 1.0) if header is not None else (True, 0.9) if grouped else has_header(sample, None)
    first = 1 if titled else 0
    title = table[0][1] if titled else [""] * (right - left + 1)
    units = titled and not grouped and are_units(sample[1:], len(title))
    if titled and grouped:
        title = [
            one if one == other else f"{one} {other}".strip() for one, other in zip(title, table[1][1], strict=True)
        ]
        first = 2
    names, renamed = column_names(title)
    rows = table[first:]
    before: list[int] = []
    if units:
        rejects.add("second_header", 1, _raw(rows[0][1]))
        before.append(0)
        rows = rows[1:]
    filled_places = set(filled)
    tail = rows[-_TAIL:]
    below = closing([(_cut(line), place - 1 not in filled_places) for place, line in tail], len(names)) if tail else 0
    kept = rows[: len(rows) - below]
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")  # so that either sign inside a value is quoted
        writer.writerow(names)
        for _, line in kept:
            if len(line) == 1:
                out.write(_quoted(line[0]) + "\n")
            else:
                writer.writerow(line)
    for number, (_, line) in enumerate(rows[len(kept) :], len(kept) + 1 + units):
        rejects.add("total_line" if is_total(line) else "closing_line", number, _raw(line))
        before.append(len(kept))
    facts = FormatFacts(
        format=kind,
        header=titled,
        renamed_headers=renamed if titled else {},
        preamble=start,
        confidence={
            "header": confidence,
            "preamble": 1.0 if preamble is not None else 0.95 if start == filled[0] else 0.8,
        },
        skipped_lines=len([place for place in range(body[-1] + 1) if place < start or place not in filled_places]),
        sheet=name,
        sheets=visible,
    )
    return SheetTable(target, tuple(names), len(kept), len(rows) + units, facts, tuple(before))


def _lines(sheet: Any, blocks: Sequence[_Block]) -> Iterator[list[str]]:
    """The sheet's rows as texts, from its first row and column on; merged blocks filled downwards and across."""
    across: dict[tuple[int, int], tuple[int, int]] = {}
    for block in blocks[:100_000]:
        if (block.bottom - block.top + 1) * (block.right - block.left + 1) > 1_000_000:
            continue
        for row in range(block.top, block.bottom + 1):
            for column in range(block.left, block.right + 1):
                if (row, column) != (block.top, block.left):
                    across[row, column] = (block.top, block.left)
    kept: dict[tuple[int, int], str] = {}
    origins = set(across.values())
    start = sheet.start or (0, 0)
    for _ in range(start[0]):
        yield []
    for row, values in enumerate(sheet.iter_rows(), start[0]):
        line = [_text(value) for value in values]
        # iter_rows begins at the first used column in some versions and at A in others.
        offset = start[1] if len(line) == sheet.width else 0
        line = [""] * offset + line
        for column in range(len(line)):
            if (row, column) in origins:
                kept[row, column] = line[column]
            elif (origin := across.get((row, column))) is not None and not line[column]:
                line[column] = kept.get(origin, "")
        yield line


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return _clock(value)
    text = str(value)
    return "" if text in _ERRORS else text


def _clock(value: dt.timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _first(line: Sequence[str]) -> int:
    return next((place for place, cell in enumerate(line) if cell.strip()), len(line))


def _last(line: Sequence[str]) -> int:
    return max((place for place, cell in enumerate(line) if cell.strip()), default=0)


def _cut(line: list[str]) -> list[str]:
    """A line with a single text is a remark; one whose other cells are empty counts as short."""
    filled = sum(bool(cell) for cell in line)
    return [cell for cell in line if cell] if filled == 1 and len(line) > 1 else line


def _start(lines: list[list[str]], filled: list[int], left: int, right: int, blocks: Sequence[_Block]) -> int:
    """The first line of the table: titles above it stand alone in their lines, merged or not."""
    counts = {place: _own(lines[place], place, blocks) for place in filled[: 3 * _ABOVE]}
    usual = sorted(counts.values())[len(counts) // 2]
    if usual < 2:
        wide = [place for place in counts if counts[place] > 1]
        return filled[0] if len(wide) < 2 or (wide[0] != filled[0] and len(wide) < len(counts) / 3) else wide[0]
    for place in filled[:_ABOVE]:
        if counts.get(place, 0) >= max(2, usual * 0.6):
            return place
    return filled[0]


def _own(line: list[str], place: int, blocks: Sequence[_Block]) -> int:
    """Filled cells of a line, a merged block across columns counted once."""
    count = sum(bool(cell.strip()) for cell in line)
    for block in blocks:
        if block.top <= place <= block.bottom and block.right > block.left and block.left < len(line):
            count -= block.right - block.left if line[block.left].strip() else 0
    return count


def _spans(blocks: Sequence[_Block], row: int) -> bool:
    return any(block.top <= row <= block.bottom and block.right > block.left for block in blocks)


def _second(line: list[str], below: list[list[str]]) -> bool:
    """Whether this line names columns, too: texts over something else."""
    if not below or not all(kind_of([cell]) in (None, "string") for cell in line):
        return False
    kinds = [kind_of([record[n] for record in below]) for n in range(len(line))]
    return any(kind not in (None, "string") for kind in kinds)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if text else '""'


def _raw(line: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(line)
    return out.getvalue()
