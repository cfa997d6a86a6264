"""Reads files of any kind: plain text here, everything else in a child with walls around it."""

import asyncio
import json
import shutil
import tempfile
import threading
from concurrent.futures import TimeoutError as NotYet
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts.data import FormatFacts, Schema
from contracts.runs import ErrorType
from services.chassis.isolation.failures import (
    IsolationUnavailable,
    JobFailed,
    MemoryExceeded,
    OutputTooLarge,
    TimeExceeded,
)
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits as Walls
from services.connector.failures import ConnectorError, Unreadable
from services.connector.formats.base import CsvOptions, Format, Landed, ReadRequest, Rejected
from services.connector.formats.recognise import Recognised, is_called_json, recognise
from services.connector.formats.unpacking import Bounds

WORK = "services.connector.formats.read_child"
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class ReadLimits:
    """What a child that reads a file may take, and what a file may become."""

    memory_mb: int = 2048
    cpu_seconds: int = 3600
    seconds: float = 3600.0
    at_once: int = 2
    rest_seconds: float = 30.0
    bounds: Bounds = field(default_factory=Bounds)
    cells: int = 20_000_000
    document_bytes: int = 256 << 20


class Children:
    """The sandbox for threads: it has a loop of its own, begun when the first file needs it."""

    def __init__(self, limits: ReadLimits, *, work: str = WORK) -> None:
        self._limits = limits
        self._work = work
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sandbox: Sandbox | None = None

    def run(self, job: dict[str, Any], *, readable: Path, folder: Path, check: Any) -> dict[str, Any]:
        """The child's answer; raises Unreadable or ConnectorError. `check` raises when nobody wants it any more."""
        loop, sandbox = self._started()
        asked = sandbox.run(
            json.dumps(job), readable=[readable.resolve()], folder=folder.resolve(), seconds=self._limits.seconds
        )
        future = asyncio.run_coroutine_threadsafe(asked, loop)
        try:
            while True:
                try:
                    return dict(json.loads(future.result(_LOOK_SECONDS)))
                except NotYet:
                    check()
        except MemoryExceeded:
            raise Unreadable("too_large", f"Reading the file takes more than {self._limits.memory_mb} MB.") from None
        except TimeExceeded:
            raise Unreadable("too_slow", "Reading the file takes longer than it may.") from None
        except OutputTooLarge:
            raise Unreadable("too_large", "Reading the file takes more of the disk than it may.") from None
        except IsolationUnavailable as error:
            raise ConnectorError(ErrorType.ISOLATION_UNAVAILABLE, error.message) from None
        except JobFailed as error:
            raise Unreadable("corrupt", "The file ended the process that read it; it is damaged or hostile.") from error
        finally:
            future.cancel()

    def close(self) -> None:
        """End all children."""
        with self._lock:
            loop, sandbox, self._loop, self._sandbox = self._loop, self._sandbox, None, None
        if loop is not None and sandbox is not None:
            asyncio.run_coroutine_threadsafe(sandbox.close(), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)

    def _started(self) -> tuple[asyncio.AbstractEventLoop, Sandbox]:
        with self._lock:
            if self._loop is None or self._sandbox is None:
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, name="readers", daemon=True).start()
                limits = self._limits
                self._loop = loop
                self._sandbox = Sandbox(
                    Walls(memory_mb=limits.memory_mb, cpu_seconds=limits.cpu_seconds),
                    work=self._work,
                    at_once=limits.at_once,
                    rest_after=limits.rest_seconds,
                )
            return self._loop, self._sandbox


@dataclass(frozen=True)
class Choices:
    """What a person said about a file, beside how its text is written."""

    kind: str | None = None
    member: str | None = None
    sheet: str | None = None
    records: str | None = None


class AnyFormat:
    """A file by its content; the name and what is told count where the content leaves it open."""

    def __init__(self, children: Children, text: Format, limits: ReadLimits) -> None:
        self._children = children
        self._text = text
        self._limits = limits

    def read(self, request: ReadRequest, name: str, choices: Choices) -> Landed:
        """Read a whole file; raises Unreadable with a code and the place."""
        found = recognise(request.path, inside=False)
        if found.kind == "empty":
            raise Unreadable("empty", "The file holds no rows, not even a header.")
        if found.kind == "csv" and choices.kind is None and is_called_json(request.path, name):
            found = Recognised("json", found.encoding)
        if (found.kind == "csv" and choices.kind in (None, "csv")) or (found.kind == "json" and choices.kind == "csv"):
            return self._text.read(request)
        folder = Path(tempfile.mkdtemp(prefix="reading-", dir=request.folder))
        try:
            return self._in_child(request, name, choices, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _in_child(self, request: ReadRequest, name: str, choices: Choices, folder: Path) -> Landed:
        limits = self._limits
        job = {
            "path": str(request.path.resolve()),
            "folder": str(folder.resolve()),
            "name": name,
            "kind": choices.kind,
            "member": choices.member,
            "sheet": choices.sheet,
            "records": choices.records,
            "header": request.csv.header,
            "preamble": request.csv.preamble,
            "expected": request.expected.model_dump(mode="json") if request.expected else None,
            "limits": asdict(request.limits),
            "bounds": asdict(limits.bounds),
            "cells": limits.cells,
            "document_bytes": limits.document_bytes,
        }
        said = self._children.run(job, readable=request.path, folder=folder, check=request.progress.check)
        if said["kind"] == "unreadable":
            raise Unreadable(str(said["code"]), str(said["message"]))
        outside = {"compression": tuple(said["compression"]), "member": said["member"]}
        if said["kind"] == "text":
            landed = self._text.read(replace(request, path=_inside(folder, said["path"]), folder=folder))
            return _brought(request, landed, landed.facts.model_copy(update=outside))
        rejected = tuple(
            Rejected(reason=one["reason"], path=_inside(folder, one["path"]), rows=one["rows"], sample=one["sample"])
            for one in said["rejected"]
        )
        facts = FormatFacts.model_validate(said["facts"]).model_copy(update=outside)
        if said["kind"] == "table":
            return self._table(request, said, facts, rejected, folder)
        landed = Landed(
            path=_inside(folder, said["path"]),
            schema=Schema.model_validate(said["schema"]),
            facts=facts,
            rows=int(said["rows"]),
            counted=int(said["counted"]),
            rejected=rejected,
        )
        return _brought(request, landed, facts)

    def _table(
        self, request: ReadRequest, said: dict[str, Any], facts: FormatFacts, aside: tuple[Rejected, ...], folder: Path
    ) -> Landed:
        """A sheet that the child wrote as plain text: its types are found as those of any text."""
        options = CsvOptions(tidy=True, words=False, columns=request.csv.columns)
        landed = self._text.read(replace(request, path=_inside(folder, said["path"]), folder=folder, csv=options))
        update = {
            "spellings": landed.facts.spellings,
            "questions": landed.facts.questions,
            "null_markers": landed.facts.null_markers,
        }
        whole = replace(landed, counted=int(said["counted"]), rejected=(*aside, *landed.rejected))
        return _brought(request, whole, facts.model_copy(update=update))


def _inside(folder: Path, told: str) -> Path:
    """A path that a child named; it may only be in its own folder."""
    path = Path(told).resolve()
    if path.parent != folder.resolve() or path.is_symlink():
        raise Unreadable("corrupt", "The process that read the file gave no answer that can be used.")
    return path


def _brought(request: ReadRequest, landed: Landed, facts: FormatFacts) -> Landed:
    """What lies in the child's folder comes to where the reader's files are: that folder goes."""
    moved = []
    for number, pile in enumerate(landed.rejected):
        target = request.folder / f"{request.path.name}.{number}.set-aside.arrow"
        shutil.move(pile.path, target)
        moved.append(replace(pile, path=target))
    path = request.folder / f"{request.path.name}.arrow"
    shutil.move(landed.path, path)
    return replace(landed, path=path, facts=facts, rejected=tuple(moved))
