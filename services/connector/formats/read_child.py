"""What a child does with a stranger's file: unpack it, say what it is, and read what only a child may read."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.data import FormatFacts, Schema
from services.chassis.isolation.letting_go import let_go
from services.connector.failures import Stopped, Unreadable
from services.connector.formats.base import Landed, Limits, ReadRequest, Rejects
from services.connector.formats.csv_text import as_utf8
from services.connector.formats.documents import BadLine, find_records
from services.connector.formats.json_rows import columns_of, survey_records, write_rows
from services.connector.formats.parquet import ParquetFormat
from services.connector.formats.recognise import Kind, Recognised, is_called_json, recognise
from services.connector.formats.sheets import read_sheet
from services.connector.formats.unpacking import PACKED, Bounds, unpack
from services.connector.progress import Progress

_LAYERS = 3
_SHEETS: tuple[Kind, ...] = ("xlsx", "xls", "ods")


class _Silent:
    """Milestones that nobody listens to: a child has no one to tell."""

    def reached(self, name: str) -> None:
        """Nothing."""


def handle(job: bytes) -> bytes:
    """The answer to a job, as JSON. Raises nothing: what goes wrong is an answer, too."""
    order = json.loads(job)
    try:
        answer = read(order)
    except Unreadable as error:
        answer = {"kind": "unreadable", "code": error.code, "message": error.message}
    except Stopped:
        answer = {"kind": "unreadable", "code": "stopped", "message": "It was stopped."}
    except MemoryError:
        answer = {"kind": "failed", "type": "memory_limit", "message": "It needs more memory than it may have."}
    except RecursionError:
        answer = {"kind": "unreadable", "code": "too_deep", "message": "The file is nested too deeply to be read."}
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, TypeError) as error:
        message = f"The file is damaged: its reader stopped ({type(error).__name__})."
        answer = {"kind": "unreadable", "code": "corrupt", "message": message}
    return json.dumps(answer).encode()


def read(order: dict[str, Any]) -> dict[str, Any]:
    """Read one file; raises Unreadable. Plain text is only unpacked: reading it is no danger."""
    source, folder, bounds = Path(order["path"]), Path(order["folder"]), Bounds(**order["bounds"])
    path, name, member = source, str(order["name"]), None
    layers: list[Kind] = []
    found = recognise(path)
    while found.kind in PACKED:
        if len(layers) == _LAYERS:
            raise Unreadable("archive_bomb", f"The file is packed more than {_LAYERS} times; it was refused.")
        wanted = order.get("member") if found.kind in ("zip", "tar") else None
        inner = unpack(found.kind, path, folder / f"unpacked.{len(layers)}", bounds, wanted)
        if path != source:
            let_go(path)
        layers.append(found.kind)
        path, member = inner.path, inner.name or member
        found = recognise(path)
    context = _Context(order, path, folder, layers, member, name)
    told = order.get("kind")
    if found.kind == "empty":
        raise Unreadable("empty", "The file holds no rows, not even a header.")
    if told == "csv" and found.kind == "json":
        found = Recognised("csv", found.encoding)
    if found.kind == "csv" and (told in ("json", "jsonl") or (told is None and is_called_json(path, member or name))):
        found = Recognised("json", found.encoding)
    fits = told in (None, found.kind) or (told == "jsonl" and found.kind == "json")
    if not fits and not (told in _SHEETS and found.kind in _SHEETS):
        raise Unreadable("content_mismatch", f"The file is no {told}: it is {found.kind}.")
    if found.kind == "csv":
        return {"kind": "text", "path": str(path), **context.outside}
    if found.kind in _SHEETS:
        return _sheet(context, found.kind)
    if found.kind == "parquet":
        return _parquet(context)
    return _json(context)


class _Context:
    """One file on its way through."""

    def __init__(
        self, order: dict[str, Any], path: Path, folder: Path, layers: list[Kind], member: str | None, name: str
    ) -> None:
        self.order = order
        self.path = path
        self.folder = folder
        self.name = name
        self.limits = Limits(**order["limits"])
        self.rejects = Rejects(folder, "read")
        self.outside = {"compression": list(layers), "member": member}

    def request(self) -> ReadRequest:
        """The file for a reader of this process."""
        told = self.order.get("expected")
        return ReadRequest(
            path=self.path,
            folder=self.folder,
            progress=Progress(_Silent()),
            expected=Schema.model_validate(told) if told else None,
            limits=self.limits,
        )


def _sheet(context: _Context, kind: str) -> dict[str, Any]:
    table = read_sheet(
        kind,
        context.path,
        context.folder / "table.csv",
        context.rejects,
        sheet=context.order.get("sheet"),
        header=context.order.get("header"),
        preamble=context.order.get("preamble"),
        columns=context.limits.columns,
        cells=int(context.order["cells"]),
    )
    return {
        "kind": "table",
        "path": str(table.path),
        "counted": table.counted,
        "facts": table.facts.model_dump(mode="json"),
        "rejected": _rejected(context.rejects),
        **context.outside,
    }


def _parquet(context: _Context) -> dict[str, Any]:
    return _landed(context, ParquetFormat().read(context.request()))


def _json(context: _Context) -> dict[str, Any]:
    text = as_utf8(context.request())
    records = find_records(
        text.path, context.order.get("records"), context.limits.record_bytes, int(context.order["document_bytes"])
    )
    shape = survey_records(records.each(), context.limits.columns)
    columns = columns_of(records.each(), shape, context.limits.columns)
    if not columns:
        bad = next((one for one in records.each() if isinstance(one, BadLine)), None)
        if bad is not None:
            raise Unreadable("json_invalid", f"Line {bad.number} is no JSON, and no other line is a record.")
        raise Unreadable("not_a_table", "The JSON document holds no records with fields.")
    out = context.folder / "rows.arrow"
    done = write_rows(records.each(), shape, columns, out, context.rejects)
    facts = FormatFacts(
        format="jsonl" if records.lines else "json",
        encoding=text.encoding,
        records=None if records.lines else records.pointer,
        renamed_headers=done.renamed,
        confidence={"encoding": text.confidence},
    )
    landed = Landed(out, done.schema, facts, done.rows, done.counted, context.rejects.finish())
    return _landed(context, landed)


def _landed(context: _Context, landed: Landed) -> dict[str, Any]:
    return {
        "kind": "landed",
        "path": str(landed.path),
        "schema": landed.schema.model_dump(mode="json"),
        "facts": landed.facts.model_dump(mode="json"),
        "rows": landed.rows,
        "counted": landed.counted,
        "rejected": [_pile(one) for one in landed.rejected],
        **context.outside,
    }


def _rejected(rejects: Rejects) -> list[dict[str, Any]]:
    return [_pile(one) for one in rejects.finish()]


def _pile(one: Any) -> dict[str, Any]:
    return {"reason": one.reason, "path": str(one.path), "rows": one.rows, "sample": one.sample}
