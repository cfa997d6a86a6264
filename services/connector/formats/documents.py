"""Finds the records in a JSON document or in lines of JSON, and flattens them. Runs in a child only."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.connector.failures import Unreadable

_SEPARATOR = "\x1e"
_NAMES = ("data", "results", "records", "items", "rows", "values", "features", "entries", "result", "value")
_MESSAGES = frozenset(
    (
        "error",
        "errors",
        "message",
        "status",
        "code",
        "detail",
        "details",
        "type",
        "title",
        "timestamp",
        "path",
        "trace_id",
    )
)


class Repeated(dict[str, Any]):
    """An object with a name that stands in it twice: nothing of it is dropped."""


@dataclass(frozen=True)
class BadLine:
    """A line that is no JSON."""

    number: int
    text: str
    reason: str


@dataclass(frozen=True)
class Records:
    """Where the records are, and a way to go through them more than once."""

    pointer: str
    each: Callable[[], Iterator[Any]]  # objects and BadLine
    lines: bool


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    kept: dict[str, Any] = {}
    for name, value in pairs:
        unique, number = name, 1
        while unique in kept:
            number += 1
            unique = f"{name}_{number}"
        kept[unique] = value
    return kept


def _constant(name: str) -> None:
    # Not JSON, but what programs write for a number that is none.
    return None


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=Decimal, parse_constant=_constant, strict=False)


def find_records(path: Path, wanted: str | None, record_bytes: int, whole_bytes: int) -> Records:
    """The records of a UTF-8 file; raises Unreadable."""
    if wanted is None and _is_lines(path, record_bytes):
        return Records("", lambda: _each_line(path, record_bytes), lines=True)
    if path.stat().st_size > whole_bytes:
        raise Unreadable(
            "too_large", f"A JSON document of more than {whole_bytes >> 20} MB is not read; write one record a line."
        )
    text = path.read_text(encoding="utf-8-sig")
    documents = _documents(text, path, record_bytes)
    if isinstance(documents, Records):
        return documents
    if len(documents) > 1:
        return Records("", lambda: iter(documents), lines=False)
    pointer, records = _records_in(documents[0], wanted)
    return Records(pointer, lambda: iter(records), lines=False)


def _is_lines(path: Path, record_bytes: int) -> bool:
    """Whether each of the first lines is a document of its own."""
    found = good = 0
    with path.open("r", encoding="utf-8-sig") as file:
        while found < 20 and (line := file.readline(record_bytes)):
            line = line.strip().strip(_SEPARATOR)
            if not line:
                continue
            found += 1
            value = _parsed(line)
            if found == 1 and isinstance(value, list) and value and isinstance(value[0], dict):
                return False  # an array of records in one line, perhaps several of them
            good += isinstance(value, dict | list)
        more = bool(file.readline(record_bytes).strip()) if found == 20 else False
    if found == 1:
        return False
    return good >= max(1, found * 0.5) or (more and good > 3)


def _parsed(line: str) -> Any:
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None


def _each_line(path: Path, record_bytes: int) -> Iterator[Any]:
    names: list[str] | None = None
    with path.open("r", encoding="utf-8-sig") as file:
        number = 0
        while line := file.readline(record_bytes + 1):
            number += 1
            if len(line) > record_bytes:
                raise Unreadable("record_too_long", f"Line {number} is longer than {record_bytes} bytes.")
            line = line.strip().strip(_SEPARATOR)
            if not line:
                continue
            try:
                value = _DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                yield BadLine(number, line, str(error)[:200])
                continue
            if isinstance(value, list) and not any(isinstance(cell, dict | list) for cell in value):
                if names is None:
                    names, given = _header(value)
                    if given:
                        continue
                if len(value) > len(names):
                    yield BadLine(number, line, f"{len(value)} values where {len(names)} are expected")
                    continue
                value = dict(zip(names, value, strict=False))
            if not isinstance(value, dict):
                yield BadLine(number, line, "no object")
                continue
            yield value


def _documents(text: str, path: Path, record_bytes: int) -> list[Any] | Records:
    """One document, or several behind one another; raises Unreadable with the place where it ends being JSON."""
    found: list[Any] = []
    position = 0
    blank = re.compile(r"[\s\x1e,]*")
    try:
        while (position := blank.match(text, position).end()) < len(text):  # type: ignore[union-attr]
            value, position = _DECODER.raw_decode(text, position)
            found.append(value)
    except RecursionError:
        raise Unreadable("json_too_deep", "The JSON document is nested too deeply to be read.") from None
    except ValueError as error:
        line = text.count("\n", 0, getattr(error, "pos", 0)) + 1
        at_end = getattr(error, "pos", 0) >= len(text.rstrip()) - 1
        said = "ends too early" if at_end or "Unterminated" in str(error) else "is not valid"
        raise Unreadable(
            "json_invalid", f"The JSON text {said}, at line {line}: {getattr(error, 'msg', '')}."
        ) from None
    if not found:
        raise Unreadable("empty", "The file holds no rows.")
    if len(found) > 1:
        flat = [one for value in found for one in (value if isinstance(value, list) else [value])]
        if not all(isinstance(value, dict) for value in flat):
            raise Unreadable("not_a_table", "The file holds several JSON documents that are no records.")
        return flat
    return found


def _header(values: list[Any]) -> tuple[list[str], bool]:
    if values and all(isinstance(value, str) and value for value in values) and len(set(values)) == len(values):
        return list(values), True
    return [f"column_{number}" for number in range(1, len(values) + 1)], False


def _records_in(document: Any, wanted: str | None) -> tuple[str, list[Any]]:
    """The records of a document and the pointer to them; raises Unreadable."""
    if wanted is not None:
        found = _at(document, wanted)
        if found is None:
            raise Unreadable("records_unknown", f"There is nothing at {wanted!r} in the document.")
        records = _as_records(found)
        if records is None:
            raise Unreadable("not_a_table", f"What is at {wanted!r} are no records.")
        return wanted, records
    if document == []:
        raise Unreadable("empty", "The JSON document is an empty list.")
    records = _as_records(document)
    if records is not None and not isinstance(document, dict):
        return "", records
    if not isinstance(document, dict):
        raise Unreadable("not_a_table", "The JSON document holds no records.")
    if (split := _split(document)) is not None:
        return "", split
    places = list(_places(document, "", 0))
    if places:
        return _choose(places)
    if any(name.lower() in _NAMES and value == [] for name, value in document.items()):
        raise Unreadable("empty", "The list of records in the document is empty.")
    if records is not None:
        return "", records
    raise Unreadable("not_a_table", "The JSON document holds no records.")


def _at(document: Any, pointer: str) -> Any:
    for step in [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _as_records(value: Any) -> list[Any] | None:
    """A list of objects or of rows, columns by name, or an object of objects, as records; None when it is neither."""
    if isinstance(value, list):
        return _of_list(value)
    if not isinstance(value, dict) or not value:
        return None
    if all(isinstance(column, list) for column in value.values()):
        lengths = {len(column) for column in value.values()}
        flat = not any(isinstance(cell, dict) for column in value.values() for cell in column)
        if len(lengths) == 1 and flat and lengths != {0}:
            return [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]
        return None
    if len(value) > 1 and all(isinstance(inner, dict) for inner in value.values()):
        return _of_objects(value)
    if all(not isinstance(inner, list) or not any(isinstance(one, dict) for one in inner) for inner in value.values()):
        return None if set(value) <= _MESSAGES else [value]
    return None


def _of_list(value: list[Any]) -> list[Any] | None:
    if not value:
        return []
    objects = sum(isinstance(one, dict) for one in value)
    if objects * 2 >= len(value):
        return [one if isinstance(one, dict) else _no_object(number, one) for number, one in enumerate(value, 1)]
    if all(isinstance(one, list) for one in value):
        names, given = _header(value[0])
        rows = value[1:] if given else value
        width = max(map(len, value))
        names += [f"column_{number}" for number in range(len(names) + 1, width + 1)]
        return [dict(zip(names, row, strict=False)) for row in rows]
    return None


def _no_object(number: int, value: Any) -> BadLine:
    return BadLine(number, json.dumps(value, ensure_ascii=False, default=str), "no object")


def _of_objects(value: dict[str, Any]) -> list[Any] | None:
    """Objects by key: columns of an index, rows of an index, or records under their names."""
    inner = list(value.values())
    if not all(set(one) == set(inner[0]) for one in inner) or not inner[0]:
        return None
    if all(isinstance(cell, dict | list) for one in inner for cell in one.values()):
        return None
    numbered = [str(number) for number in range(len(inner[0]))]
    if list(inner[0]) == numbered and list(value) != [str(number) for number in range(len(value))]:
        return [{name: column[key] for name, column in value.items()} for key in inner[0]]
    if list(value) == [str(number) for number in range(len(value))]:
        return inner
    key = "key" if "key" not in inner[0] else "key_2"
    return [{key: name, **one} for name, one in value.items()]


def _split(document: dict[str, Any]) -> list[Any] | None:
    """Names in one list, rows in another."""
    for names_key in ("columns", "fields", "header", "headers"):
        for rows_key in ("data", "rows", "values", "records"):
            names, rows = document.get(names_key), document.get(rows_key)
            if not isinstance(names, list) or not isinstance(rows, list) or not names:
                continue
            names = [one.get("name") if isinstance(one, dict) else one for one in names]
            if not all(isinstance(name, str) for name in names) or not all(isinstance(row, list) for row in rows):
                continue
            if all(len(row) <= len(names) for row in rows):
                return [dict(zip(names, row, strict=False)) for row in rows]
    return None


def _places(value: Any, pointer: str, depth: int) -> Iterator[tuple[int, str, list[Any]]]:
    """Where in a document lists of records are."""
    if depth > 6 or not isinstance(value, dict):
        return
    for name, inner in value.items():
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(inner, list):
            objects = any(isinstance(one, dict) for one in inner)
            rows = len(inner) > 1 and all(isinstance(one, list) for one in inner)
            if (objects or rows) and (records := _of_list(inner)) and not all(isinstance(r, BadLine) for r in records):
                yield depth, place, records
        elif isinstance(inner, dict):
            yield from _places(inner, place, depth + 1)


def _choose(places: list[tuple[int, str, list[Any]]]) -> tuple[str, list[Any]]:
    least = min(depth for depth, _, _ in places)
    nearest = [(pointer, records) for depth, pointer, records in places if depth == least]
    if len(nearest) > 1:
        named = [one for one in nearest if one[0].rpartition("/")[2].lower() in _NAMES]
        nearest = named if len(named) == 1 else nearest
    if len(nearest) > 1:
        said = ", ".join(pointer for pointer, _ in nearest[:6])
        raise Unreadable(
            "choice_needed",
            f"The document holds several lists of records ({said}); say which in the selection's format.",
        )
    return nearest[0]
