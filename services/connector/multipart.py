"""The one file of a multipart form, as it comes: nothing is gathered, and nothing but the file is taken."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.chassis.problems import ProblemError, bad_request

FIELD = "file"
_PREAMBLE = 64 << 10  # bytes in which the file must have begun


@dataclass
class FormFile:
    """The file of a form: its name is known once `begin` has returned; then `chunks` gives its bytes."""

    body: AsyncIterator[bytes]
    content_type: str
    name: str = ""
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _waiting: deque[bytes] = field(default_factory=deque)
    _parts: int = 0
    _begun: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        kind, options = parse_options_header(self.content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
            raise _malformed("The form says no boundary.")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part,
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_end": self._on_end,
            },
        )

    async def begin(self) -> None:
        """Read up to the file; raises ProblemError."""
        seen = 0
        async for chunk in self.body:
            seen += len(chunk)
            self._feed(chunk)
            if self._begun or self._ended:
                break
            if seen > _PREAMBLE:
                raise _malformed(f"No file begins in the first {_PREAMBLE} bytes of the form.")
        if not self._begun:
            raise _malformed(f"The form has no file in a part named {FIELD!r}.")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the file; raises ProblemError for a form that breaks off."""
        while self._waiting:
            yield self._waiting.popleft()
        async for chunk in self.body:
            self._feed(chunk)
            while self._waiting:
                yield self._waiting.popleft()
        if not self._ended:
            raise _malformed("The form ends before its last boundary: the file may not be whole.")

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise _malformed("The form is not written as RFC 7578 says.") from None

    def _part(self) -> None:
        self._parts += 1
        self._headers = {}
        if self._parts > 1:
            raise ProblemError(422, "one_file_only", "The form must hold one file and nothing else.")

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _on_headers(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        if kind != b"form-data" or options.get(b"name") != FIELD.encode() or name is None:
            raise ProblemError(422, "one_file_only", f"The form must hold one file, in a part named {FIELD!r}.")
        self.name = name.decode("utf-8", "replace")
        self._begun = True

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._waiting.append(data[start:end])

    def _on_end(self) -> None:
        self._ended = True


def _malformed(detail: str) -> ProblemError:
    return bad_request("form_malformed", detail)
