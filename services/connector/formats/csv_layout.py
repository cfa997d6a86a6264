"""Where the table begins in a sheet of records: lines above it, its header, and how wide it is."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from contracts.data import Schema
from services.connector.formats.csv_types import infer_text
from services.connector.formats.null_markers import MARKERS
from services.connector.formats.spelled_dates import written
from services.connector.formats.spelled_numbers import shape_of

_NAME_LIMIT = 200
_LITERAL = re.compile(r'="([^"]*)"')
RULE = re.compile(r"[-=─+:]{2,}")
_REMARK = re.compile(r"#(?:[\s#!*=–—-]|$)")
_ABOVE = 40  # lines above a header, at most


@dataclass(frozen=True)
class Layout:
    """How the records of a sheet are a table. Positions count records, blank ones and comments included."""

    above: int  # records before the header, or before the first row where there is none
    header: bool
    names: tuple[str, ...]
    renamed: dict[str, str]  # name used → name as written
    trailing: bool = False  # a delimiter ends every line
    comments: bool = False  # lines that begin with # are none of the table
    unit_lines: int = 0  # records between the header and the first row
    confidence: float = 0.9
    above_confidence: float = 0.95
    first: tuple[str, ...] = ()  # the header as it is written, or the first row
    units_aside: bool = False  # those records are of the table, but no rows: units, or other names
    repeated: bool = False  # the header comes again among the rows
    literals: bool = False  # texts stand there as ="…", which keeps spreadsheet programs from reading them
    separator: bool = False  # the first line only names the delimiter, and is not counted
    leading: bool = False  # a delimiter begins every line, too

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.names)

    @property
    def plain(self) -> bool:
        """Whether the first record is the header or the first row, and all lines are of the table."""
        return not (
            self.above
            or self.trailing
            or self.comments
            or self.unit_lines
            or self.separator
            or self.literals
            or self.repeated
        )


def is_blank(record: Sequence[str]) -> bool:
    """Whether there is nothing in it."""
    return not any(cell.strip() for cell in record)


def literal(cell: str) -> str:
    """The text that a spreadsheet program is to show as it is."""
    found = _LITERAL.fullmatch(cell)
    return found[1] if found else cell


def is_comment(record: Sequence[str]) -> bool:
    """Whether the line begins with #."""
    return bool(record) and record[0].lstrip().startswith("#") and record[0].strip() not in MARKERS


def is_remark(record: Sequence[str]) -> bool:
    """Whether a line that begins with # cannot well be a row whose first value begins so."""
    return is_comment(record) and _REMARK.match(record[0].lstrip()) is not None


def layout(
    records: list[list[str]], header: bool | None, expected: Schema | None, preamble: int | None = None
) -> Layout:
    """Where the table of these first records is; a header and what stands above it may have been told."""
    found = _layout(records, header, expected, preamble)
    begins = next((place for place, record in enumerate(records) if not is_blank(record)), 0)
    sure = 1.0 if preamble is not None else 0.95 if found.above <= begins else 0.8
    first = tuple(records[found.above]) if found.above < len(records) else ()
    first = first[1:] if found.leading else first
    again = [[cell.strip() for cell in record[found.leading :]] for record in records[found.above + 1 :]]
    repeated = found.header and [cell.strip() for cell in first] in again
    literals = any(_LITERAL.fullmatch(cell) for record in records for cell in record)
    return replace(found, above_confidence=sure, first=first, literals=literals, repeated=repeated)


def _layout(records: list[list[str]], header: bool | None, expected: Schema | None, preamble: int | None) -> Layout:
    comments = _has_comments(records)
    body = [
        (place, record)
        for place, record in enumerate(records)
        if not is_blank(record) and not (comments and is_comment(record)) and place >= (preamble or 0)
    ]
    if not body:
        return Layout(0, bool(records), (), {}, comments=comments)
    start = _start(body, expected) if preamble is None else 0
    above, rows = body[start][0], [record for _, record in body[start:]]
    trailing, rows = _without_trailing(rows)
    if trailing and all(len(record) > 1 and not record[0].strip() for record in rows if len(record) == len(rows[0])):
        # A box is drawn around the table.
        stripped = [record[1:] if len(record) > 1 else record for record in records]
        return replace(_layout(stripped, header, expected, preamble), leading=True)
    width = Counter(len(record) for record in rows).most_common(1)[0][0]
    first, below = rows[0], rows[1:]
    if comments and start == 0 and header is None:
        commented = _commented_header(records[:above], first, width)
        if commented is not None:
            names, renamed = column_names(commented)
            return Layout(above, False, tuple(names), renamed, trailing, True, 0, 0.7)
    found, confidence = (header, 1.0) if header is not None else has_header(rows, expected)
    if not found:
        names = [f"column_{number}" for number in range(1, max(width, len(first)) + 1)]
        return Layout(above, False, tuple(names), {}, trailing, comments, 0, confidence)
    units, aside = 0, False
    title = list(first)
    if below and all(RULE.fullmatch(cell.strip()) for cell in below[0] if cell.strip()):
        units = body[start + 1][0] - above
    if not units and below and _is_second_header(title, below):
        title = [_joined(one, other) for one, other in zip(_spread(title), below[0], strict=False)]
        units = body[start + 1][0] - above
    elif not units and below and are_units(below, len(title)):
        units, aside = body[start + 1][0] - above, True
    longer = [record for record in below if len(record) == len(title) + 1]
    if len(longer) >= max(2, len(below) * 0.95):
        # Row names without a heading, as R writes them; or a delimiter at the end of all lines but the first.
        if all(not record[-1].strip() for record in longer):
            trailing = True
        elif len({record[0] for record in longer}) == len(longer):
            title = ["", *title]
    names, renamed = column_names([cell.strip() for cell in title])
    return Layout(above, True, tuple(names), renamed, trailing, comments, units, confidence, units_aside=aside)


def column_names(written: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Names that are there, are unique and can be held; what was changed, by the new name. The same each time."""
    taken = Counter(written)
    names: list[str] = []
    used: set[str] = set()
    renamed: dict[str, str] = {}
    for position, name in enumerate(written, 1):
        usable = name.replace("\x00", "").strip("\ufeff\u200b")
        if len(usable) > _NAME_LIMIT:
            usable = f"{usable[: _NAME_LIMIT - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        usable = base = usable or f"column_{position}"
        number = 1
        # A name that stands in the file as it is keeps it; only what repeats it gives way.
        while usable in used or (usable != name and usable in taken):
            number += 1
            usable = f"{base}_{number}"
        used.add(usable)
        names.append(usable)
        if usable != name:
            renamed[usable] = name
    return names, renamed


def _has_comments(records: list[list[str]]) -> bool:
    filled = [record for record in records if not is_blank(record)]
    marked = [record for record in filled if is_comment(record)]
    others = [record for record in filled if not is_comment(record)]
    if not marked or not others:
        return False
    usual = Counter(map(len, others)).most_common(1)[0][0]
    # Lines as wide as the rows may be rows whose first value begins so; nothing but them below a header surely are.
    doubtful = [record for record in marked if not is_remark(record)]
    alike = sum(len(record) == usual for record in doubtful)
    if len(others) == 1 and not is_comment(filled[0]):
        return False
    return len(doubtful) <= max(20, len(filled) * 0.3) and alike <= max(1, len(filled) * 0.3)


def _start(body: list[tuple[int, list[str]]], expected: Schema | None) -> int:
    """Which record is the first of the table: it is as wide as the rows below it and as filled as they are."""
    widths = Counter(len(record) for _, record in body[: 3 * _ABOVE])
    usual = max(widths, key=lambda width: (widths[width] * (width > 1), width))
    if usual < 2:
        return 0
    if expected is not None:
        for place, (_, record) in enumerate(body[:_ABOVE]):
            if len({cell.strip() for cell in record} & set(expected.names)) >= max(1, len(expected.names) // 2):
                return place
    first = body[0][1]
    if len(first) > usual and _are_names(first):
        return 0
    for place, (_, record) in enumerate(body[:_ABOVE]):
        filled = sum(bool(cell.strip()) for cell in record)
        if len(record) >= usual - 1 and filled >= max(2, usual * 0.5) and filled > 1:
            if len(record) == usual - 1 and not _names_all_but_one(body[place:], usual):
                continue
            return place
    return 0


def _names_all_but_one(body: list[tuple[int, list[str]]], usual: int) -> bool:
    """Whether a line with one value less than the rows is their header: they follow at once and have none."""
    if usual == 2 or len(body) < 2 or body[1][0] != body[0][0] + 1:
        return False
    following = [record for _, record in body[1:40]]
    if any(len(record) < usual for record in following[:5]):
        return False
    named, sure = has_header(following, None)
    return not (named and sure >= 0.8)


def _are_names(record: Sequence[str]) -> bool:
    cells = [cell.strip() for cell in record]
    return all(cells) and len(set(cells)) == len(cells) and all(infer_text([cell]) == "string" for cell in cells)


def _without_trailing(rows: list[list[str]]) -> tuple[bool, list[list[str]]]:
    """Whether a delimiter ends every line, header included; the rows without what stands behind it."""
    wide = [record for record in rows if len(record) > 1]
    width = Counter(map(len, wide)).most_common(1)[0][0] if wide else 0
    full = [record for record in wide if len(record) == width]
    if len(full) < 2 or rows[0] not in full or any(record[-1].strip() for record in full):
        return False, rows
    shorter = [record[:-1] if len(record) == width else record for record in rows]
    # Spreadsheets write several of them.
    return True, _without_trailing(shorter)[1] if width > 2 else shorter


def _commented_header(above: list[list[str]], first: list[str], width: int) -> list[str] | None:
    """A header that is written as a comment right above the rows, where the first row is none itself."""
    if not above or not is_comment(above[-1]) or len(above[-1]) != width or width < 2:
        return None
    if all(infer_text([cell]) in (None, "string") for cell in first):
        return None
    cells = [above[-1][0].lstrip().lstrip("#").strip(), *(cell.strip() for cell in above[-1][1:])]
    return cells if all(cells) and all(infer_text([cell]) == "string" for cell in cells) else None


def kind_of(texts: Sequence[str]) -> str | None:
    """What all of these texts are: number, date, truth or text; None where there is no value."""
    filled = [text.strip() for text in texts if text.strip() and text.strip() not in MARKERS]
    if not filled:
        return None
    plain = infer_text(filled)
    if plain not in (None, "string"):
        return "date" if plain in ("date", "timestamp", "timestamp_tz") else str(plain)
    if all(shape_of(text) is not None for text in filled):
        return "integer"
    if all(written(text) is not None for text in filled):
        return "date"
    return "string"


def has_header(rows: list[list[str]], expected: Schema | None) -> tuple[bool, float]:
    """Whether the first record names the columns, and how sure that is."""
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    others = [record for record in rest if [cell.strip() for cell in record] != first]
    if len(others) < len(rest) and others:
        # The same line again, over values of other kinds: a header that is repeated on each page.
        repeated = has_header([rows[0], *others], expected)
        if repeated[0] and repeated[1] >= 0.8:
            return repeated
    if expected is not None and set(first) & set(expected.names):
        return True, 1.0
    kinds = [kind_of([cell]) for cell in first]
    below = [kind_of([record[n] for record in rest if len(record) > n]) for n in range(len(first))]
    named = sum(kind == "string" and other not in (None, "string") for kind, other in zip(kinds, below, strict=True))
    alike = sum(kind not in (None, "string") for kind in kinds)
    if named and alike and _are_years(first, kinds):
        return True, 0.8
    numbers = ("integer", "float")
    other_kind = sum(
        kind not in (None, "string") and other not in (None, "string", kind) and {kind, other} != set(numbers)
        for kind, other in zip(kinds, below, strict=True)
    )
    if other_kind and other_kind == alike:
        return True, 0.8  # dates over numbers, say
    if named > alike:
        return True, round(min(0.99, 0.8 + 0.05 * named), 2)
    if alike:
        return (True, 0.7) if _are_years(first, kinds) and any(k == "string" for k in kinds) else (False, 0.9)
    # Nothing but texts: a value that comes again below is no name of its column.
    again = sum(
        bool(cell) and sum(len(record) > n and record[n].strip() == cell for record in rest) > 0
        for n, cell in enumerate(first)
    )
    if again and (again > 1 or len(first) > 1 or len(rest) > 3):
        return False, 0.7
    return True, 0.6 if rest else 0.9


def _are_years(first: list[str], kinds: list[str | None]) -> bool:
    """Whether the numbers of a header are years or months in a row."""
    numbers = [int(cell) for cell, kind in zip(first, kinds, strict=True) if kind == "integer" and cell.isdigit()]
    if len(numbers) < 2 or not all(1800 <= number <= 2200 for number in numbers):
        return False
    steps = {other - one for one, other in pairwise(numbers)}
    return len(steps) == 1 and steps <= {1, -1, 2, 5, 10}


def _is_second_header(title: list[str], below: list[list[str]]) -> bool:
    """Whether the next record names columns, too: the first one has gaps, the second none, and rows differ from it."""
    second = below[0]
    if len(below) < 3 or len(second) != len(title):
        return False
    gaps = sum(not cell.strip() for cell in title)
    if gaps == 0 or sum(bool(cell.strip()) for cell in second) <= len(title) - gaps:
        return False
    if not all(kind_of([cell]) in (None, "string") for cell in second):
        return False
    kinds = [kind_of([record[n] for record in below[1:] if len(record) > n]) for n in range(len(second))]
    return any(kind not in (None, "string") for kind in kinds)


def are_units(below: list[list[str]], width: int) -> bool:
    """Whether the line below the header is none of the rows: short texts over columns of something else throughout."""
    if len(below) < 4 or len(below[0]) != width:
        return False
    second, rest = below[0], below[1:]
    kinds = [kind_of([record[n] for record in rest if len(record) > n]) for n in range(width)]
    typed = [cell.strip() for cell, kind in zip(second, kinds, strict=True) if kind not in (None, "string")]
    return (
        len(typed) * 2 >= width
        and all(len(cell.strip()) <= 16 and kind_of([cell]) in (None, "string") for cell in second)
        and sum(bool(cell) and cell not in MARKERS for cell in typed) * 2 > len(typed)
    )


def _spread(title: list[str]) -> list[str]:
    """A group's name stands above its first column and means all up to the next one."""
    spread, group = [], ""
    for cell in title:
        group = cell.strip() or group
        spread.append(group)
    return spread


def _joined(group: str, name: str) -> str:
    name = name.strip()
    return f"{group} {name}".strip() if name != group else name
