"""A workbook of one sheet (Office Open XML), written as it is made: numbers, dates and truth typed, the rest text."""

import math
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa

from services.chassis.rows import plain

MAX_ROWS = 1_048_575  # and one with the names
MAX_COLUMNS = 16_384
_MAX_TEXT = 32_767
_SAFE_INTEGER = 10**15  # a spreadsheet keeps fifteen digits
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_FIRST_DAY = date(1900, 3, 1)  # the days before are counted wrongly by spreadsheets, and stand as text
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATE, _MOMENT, _CLOCK = 1, 2, 3
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="data" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy-mm-dd hh:mm:ss"/><numFmt numFmtId="166" formatCode="hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font/></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="4"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/>'
    '<xf numFmtId="166" applyNumberFormat="1"/></cellXfs></styleSheet>',
}


def written(target: Any, names: list[str], batches: Iterator[pa.RecordBatch]) -> Iterator[int]:
    """Write the workbook to a file that need not be seekable; yields now and then how many rows are in it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, text in _PARTS.items():
            archive.writestr(zipfile.ZipInfo(name), _HEAD + text)
        with archive.open(zipfile.ZipInfo("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            sheet.write(_row([_text(name) for name in names]))
            rows = 0
            for batch in batches:
                columns = [column.to_pylist() for column in batch.columns]
                sheet.write(b"".join(_row([_cell(value) for value in row]) for row in zip(*columns, strict=True)))
                rows += batch.num_rows
                yield rows
            sheet.write(b"</sheetData></worksheet>")


def _row(cells: list[str]) -> bytes:
    return f"<row>{''.join(cells)}</row>".encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int) and abs(value) < _SAFE_INTEGER:
        return f"<c><v>{value}</v></c>"
    if isinstance(value, float) and math.isfinite(value):
        return f"<c><v>{value!r}</v></c>"
    if isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) <= 15:
        return f"<c><v>{value.normalize():f}</v></c>"
    if isinstance(value, datetime):
        return _moment(value, _MOMENT) if value.date() >= _FIRST_DAY else _text(value.isoformat(sep=" "))
    if isinstance(value, date):
        known = value >= _FIRST_DAY
        return _moment(datetime.combine(value, time()), _DATE) if known else _text(value.isoformat())
    if isinstance(value, time):
        since = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
        return f'<c s="{_CLOCK}"><v>{since / timedelta(days=1)!r}</v></c>'
    return _text(str(plain(value)))


def _moment(value: datetime, style: int) -> str:
    return f'<c s="{style}"><v>{(value.replace(tzinfo=UTC) - _EPOCH) / timedelta(days=1)!r}</v></c>'


def _text(text: str) -> str:
    cut = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_FORBIDDEN.sub("�", cut))}</t></is></c>'
