"""Flattens JSON records into rows, finds the type of each column, and writes them in batches. Runs in a child only."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa

from contracts.data import Column, LogicalType, Schema
from services.chassis.arrow import to_arrow
from services.connector.failures import Unreadable
from services.connector.formats.base import ArrowFile, Rejects
from services.connector.formats.csv_layout import column_names
from services.connector.formats.documents import BadLine

_BATCH_ROWS = 8_192
_EXACT = 10**18  # from here on digits count more than the number
_FLOAT_EXACT = 2**53  # beyond it, not every whole number is a float
_DIGITS, _PLACES = 29, 9  # of a decimal, before the point and after it
_EXPLODED = 10_000_000
_SURROGATE = re.compile("[\ud800-\udfff]")
Row = dict[str, Any]


@dataclass
class _Kinds:
    """What values a column holds."""

    texts: bool = False
    numbers: bool = False
    fractions: bool = False
    truths: bool = False
    large: bool = False
    beyond_float: bool = False
    beyond_decimal: bool = False

    @property
    def type(self) -> LogicalType:
        """The type that holds all of them."""
        if self.texts or self.large or (self.truths and self.numbers):
            return LogicalType.STRING
        if self.truths:
            return LogicalType.BOOLEAN
        if self.fractions and self.beyond_float:
            return LogicalType.STRING if self.beyond_decimal else LogicalType.DECIMAL
        if self.fractions:
            return LogicalType.FLOAT
        return LogicalType.INTEGER if self.numbers else LogicalType.STRING

    def add(self, value: Any) -> None:
        """Take one more value."""
        if isinstance(value, bool):
            self.truths = True
        elif isinstance(value, int):
            self.numbers = True
            self.large = self.large or abs(value) >= _EXACT
            self.beyond_float = self.beyond_float or abs(value) > _FLOAT_EXACT
        elif isinstance(value, Decimal):
            self.numbers = self.fractions = True
            self.large = self.large or not value.is_finite() or abs(value.adjusted()) > 300 or _long(value)
            self.beyond_decimal = self.beyond_decimal or not _is_decimal(value)
        else:
            self.texts = True


def _is_decimal(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_PLACES and value.adjusted() < _DIGITS


def _long(value: Decimal) -> bool:
    return value == value.to_integral_value() and abs(value) >= _EXACT and "E" not in str(value)


@dataclass
class Shape:
    """What all records together look like."""

    columns: dict[str, _Kinds] = field(default_factory=dict)
    exploded: str | None = None  # the array of objects that gives a row for each of its elements
    arrays: dict[str, bool] = field(default_factory=dict)  # array → whether it holds objects
    objects: set[str] = field(default_factory=set)  # names that are an object in some record
    scalars: set[str] = field(default_factory=set)  # names that are a plain value in some record


def survey_records(records: Iterable[Any], limit: int) -> Shape:
    """Look at all records once; raises Unreadable."""
    shape = Shape()
    for record in records:
        if not isinstance(record, BadLine):
            _look(record, "", shape)
            if len(shape.columns) > limit:
                raise Unreadable("too_many_columns", f"The records have more than {limit} different fields.")
    candidates = [
        name for name, objects in shape.arrays.items() if objects and name not in shape.objects | shape.scalars
    ]
    shape.exploded = candidates[0] if len(candidates) == 1 else None
    return shape


def _look(record: Row, prefix: str, shape: Shape) -> None:
    for name, value in record.items():
        full = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            shape.objects.add(full)
            _look(value, f"{full}.", shape)
        elif isinstance(value, list):
            objects = bool(value) and all(isinstance(one, dict) for one in value)
            # An empty array says nothing; one of plain values rules the other reading out.
            shape.arrays[full] = shape.arrays.get(full, True) and (objects or not value)
            if not value and full not in shape.arrays:
                shape.arrays[full] = True
        elif value is not None and value != {}:
            shape.scalars.add(full)


def rows_of(record: Row, shape: Shape) -> Iterator[Row]:
    """The flat rows of one record."""
    row: Row = {}
    arrays: list[tuple[str, list[Any]]] = []
    _flatten(record, "", row, arrays, shape)
    if not arrays:
        yield row
        return
    name, elements = arrays[0]
    before = list(row)
    cut = before.index(name)
    head = {key: row[key] for key in before[:cut]}
    tail = {key: row[key] for key in before[cut + 1 :]}
    for element in elements or [{}]:
        inner: Row = {}
        _flatten(element, f"{name}.", inner, [], shape)
        yield {**head, **inner, **tail}


def _flatten(record: Row, prefix: str, row: Row, arrays: list[tuple[str, list[Any]]], shape: Shape) -> None:
    for name, value in record.items():
        full = f"{prefix}{name}"
        while full in row:
            full += "_2"  # a name with a point in it meets a nested one
        if isinstance(value, dict) and full not in shape.scalars and full not in shape.arrays:
            _flatten(value, f"{full}.", row, arrays, shape)
        elif isinstance(value, list) and full == shape.exploded:
            row[full] = None
            arrays.append((full, value))
        elif isinstance(value, dict | list):
            row[full] = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        elif value is None and (full in shape.objects or full == shape.exploded):
            continue
        else:
            row[full] = value


def _plain(value: Any) -> Any:
    return int(value) if value == value.to_integral_value() else float(value)


@dataclass(frozen=True)
class Written:
    """What was written."""

    schema: Schema
    rows: int
    counted: int
    renamed: dict[str, str]


def columns_of(records: Iterable[Any], shape: Shape, limit: int) -> dict[str, _Kinds]:
    """The columns of the flat rows in the order in which they are met, with what they hold."""
    columns: dict[str, _Kinds] = {}
    order: dict[str, None] = {}
    for record in records:
        if isinstance(record, BadLine):
            continue
        for row in rows_of(record, shape):
            previous: str | None = None
            for name, value in row.items():
                if name not in columns:
                    columns[name] = _Kinds()
                    order = _placed(order, name, previous)
                    if len(columns) > limit:
                        raise Unreadable("too_many_columns", f"The records have more than {limit} different fields.")
                if value is not None:
                    columns[name].add(value)
                previous = name
    return {name: columns[name] for name in order}


def _placed(order: dict[str, None], name: str, previous: str | None) -> dict[str, None]:
    """A nested field that is met later stands beside its siblings; every other one at the end."""
    prefix = name.rpartition(".")[0]
    siblings = [other for other in order if prefix and other.startswith(f"{prefix}.")]
    if not siblings:
        return {**order, name: None}
    at = list(order).index(siblings[-1]) + 1
    names = list(order)
    return dict.fromkeys([*names[:at], name, *names[at:]])


def write_rows(
    records: Iterable[Any], shape: Shape, columns: dict[str, _Kinds], out_path: Any, rejects: Rejects
) -> Written:
    """Write the flat rows in their types; bad lines are set aside."""
    names, renamed = column_names(list(columns))
    kinds = [kinds.type for kinds in columns.values()]
    schema = Schema(columns=tuple(Column(name=n, type=t) for n, t in zip(names, kinds, strict=True)))
    arrow = to_arrow(schema)
    counted = 0
    with ArrowFile(out_path, arrow) as out:
        waiting: list[Row] = []
        for record in records:
            if isinstance(record, BadLine):
                counted += 1
                rejects.add("bad_json", record.number, record.text, value=record.reason)
                continue
            for row in rows_of(record, shape):
                counted += 1
                waiting.append(row)
            if len(waiting) >= _BATCH_ROWS:
                out.write(_batch(waiting, list(columns), kinds, arrow))
                waiting = []
        if waiting:
            out.write(_batch(waiting, list(columns), kinds, arrow))
        rows = out.rows
    return Written(schema, rows, counted, renamed)


def _batch(rows: list[Row], names: list[str], kinds: list[LogicalType], arrow: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for name, kind, entry in zip(names, kinds, arrow, strict=True):
        values = [row.get(name) for row in rows]
        if kind == LogicalType.STRING:
            values = [None if value is None else _as_text(value) for value in values]
        elif kind == LogicalType.FLOAT:
            values = [None if value is None else float(value) for value in values]
        elif kind == LogicalType.DECIMAL:
            values = [None if value is None else Decimal(value) for value in values]
        arrays.append(pa.array(values, type=entry.type))
    return pa.RecordBatch.from_arrays(arrays, schema=arrow)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value) if _SURROGATE.search(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
