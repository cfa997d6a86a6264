"""Small workbooks, written by hand: only what a reader needs to find the cells."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)

Cell = str | int | float | bool | None


def workbook(
    sheets: dict[str, Sequence[Sequence[Cell]]], *, hidden: Sequence[str] = (), merged: Sequence[str] = ()
) -> bytes:
    """The bytes of an XLSX file; `merged` are ranges of the first sheet."""
    parts = {f"xl/worksheets/sheet{n}.xml": _sheet(rows, merged if n == 1 else ()) for n, rows in _numbered(sheets)}
    return packed(parts, list(sheets), hidden)


def packed(parts: dict[str, str], names: Sequence[str], hidden: Sequence[str] = ()) -> bytes:
    """The same, of sheets that are XML already."""
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"{_state(name in hidden)}/>'
        for n, name in enumerate(names, 1)
    )
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{listed}</sheets></workbook>'
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{_RELATED}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(names) + 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{_RELATED}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{targets}</Relationships>')
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def sheet_of(cells: dict[str, str]) -> str:
    """A sheet of texts at named places."""
    rows: dict[int, str] = {}
    for place, text in cells.items():
        number = int("".join(sign for sign in place if sign.isdigit()))
        rows[number] = rows.get(number, "") + f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
    inner = "".join(f'<row r="{number}">{cells}</row>' for number, cells in sorted(rows.items()))
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{inner}</sheetData></worksheet>'


def _numbered(sheets: dict[str, Sequence[Sequence[Cell]]]) -> list[tuple[int, Sequence[Sequence[Cell]]]]:
    return list(enumerate(sheets.values(), 1))


def _state(hidden: bool) -> str:
    return ' state="hidden"' if hidden else ""


def _sheet(rows: Sequence[Sequence[Cell]], merged: Sequence[str]) -> str:
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(65 + place)}{number}", value) for place, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    blocks = "".join(f'<mergeCell ref="{block}"/>' for block in merged)
    tail = f'<mergeCells count="{len(merged)}">{blocks}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData>{tail}</worksheet>'


def _cell(place: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
