"""One file out of a multipart body, written to this machine as it comes; it never lies in memory whole."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from contracts.commands.connector import Problem
from services.chassis.problems import ProblemError, bad_request, invalid

FIELD = "file"
MAX_NAME = 200
_PIECE = 1 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Arrived:
    """A file that came whole."""

    name: str
    size: int
    sha256: str


async def receive(content_type: str, body: AsyncIterator[bytes], target: Path, limit: int) -> Arrived:
    """Write the body's only file to `target`; raises ProblemError for a body that is not exactly that."""
    with target.open("wb") as file:
        form = _Form(_boundary(content_type), file, limit)
        waiting = bytearray()
        async for chunk in body:
            waiting += chunk
            if len(waiting) >= _PIECE:
                await asyncio.to_thread(form.take, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(form.take, bytes(waiting))
        return form.end()


class _Form:
    """What the parser tells, and what is refused of it as soon as it is seen."""

    def __init__(self, boundary: bytes, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._header: tuple[bytes, bytes] = (b"", b"")
        self._disposition = b""
        self._name: str | None = None
        self._size = 0
        self._digest = hashlib.sha256()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )

    def take(self, chunk: bytes) -> None:
        """The next bytes of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise _malformed() from None

    def end(self) -> Arrived:
        """The file, when the body ended where it said it would."""
        if not self._ended:
            raise bad_request("body_cut_off", "The body ended before its time.")
        if self._name is None:
            raise invalid([_problem("missing", "a part of this name with a file is needed")])
        return Arrived(self._name, self._size, self._digest.hexdigest())

    def _part(self) -> None:
        if self._name is not None:
            raise invalid([_problem("repeated", "the body holds one file and nothing else")])
        self._disposition = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = (b"", b"")

    def _headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != FIELD.encode() or b"filename" not in options:
            raise invalid([_problem("extra_forbidden", "the body holds one file, in a part of this name")])
        self._name = file_name(options[b"filename"].decode("utf-8", "replace"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        self._size += len(piece)
        if self._size > self._limit:
            raise ProblemError(413, "body_too_large", f"A file has at most {self._limit} bytes.")
        self._digest.update(piece)
        self._file.write(piece)

    def _end(self) -> None:
        self._ended = True


def file_name(given: str) -> str:
    """The last part of a name from somebody's machine, without what no name should show; raises invalid."""
    name = _CONTROL.sub("", re.split(r"[/\\]", given)[-1]).strip()
    if name in ("", ".", "..") or len(name) > MAX_NAME:
        raise invalid([_problem("name_invalid", f"needs the name of a file of at most {MAX_NAME} letters")])
    return name


def _boundary(content_type: str) -> bytes:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 200:
        raise _malformed()
    return boundary


def _malformed() -> ProblemError:
    return bad_request("multipart_invalid", "The body is not multipart/form-data.")


def _problem(code: str, message: str) -> Problem:
    return Problem(pointer=f"/{FIELD}", code=code, message=message)
