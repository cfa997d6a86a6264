"""Makes UTF-8 of a text in any encoding, and says which one that was."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from services.connector.failures import Unreadable
from services.connector.formats.base import ReadRequest
from services.connector.formats.encodings import NotText, bytewise, first_bad_byte, marked_or_wide
from services.connector.progress import Progress

BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True)
class Utf8:
    """A file as UTF-8, the encoding it was in, and how sure that is."""

    path: Path
    encoding: str
    confidence: float


def not_utf8(offset: int) -> Unreadable:
    """The refusal of a file that is said to be UTF-8."""
    return Unreadable("encoding", f"The file is not UTF-8: byte {offset} does not belong there.")


def as_utf8(request: ReadRequest, bad: int | None = None) -> Utf8:
    """The file itself if it is UTF-8, else a copy that is; raises Unreadable.

    Only the beginning is looked at, unless `bad` says which byte further on is no UTF-8.
    """
    told, path = request.csv.encoding, request.path
    if request.declared is not None or request.csv.tidy:
        return Utf8(path, "utf-8", 1.0)
    if told is not None:
        name, confidence = told, 1.0
    else:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        found = marked_or_wide(head)
        if found is None:
            bad = first_bad_byte(head) if bad is None else bad
            if bad is None:
                return Utf8(path, "utf-8", 1.0)
            try:
                found = bytewise(path, bad)
            except NotText:
                raise Unreadable(
                    "encoding", f"The file is not UTF-8, byte {bad} does not belong there, and no other known encoding."
                ) from None
        name, confidence = found.name, found.confidence
        if name == "utf-8" and bad is not None:
            raise not_utf8(bad)
    if name == "utf-8":
        return Utf8(path, name, confidence)
    target = request.folder / f"{path.name}.utf8"
    try:
        transcode(path, target, name, request.progress)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Utf8(target, name, confidence)


def transcode(source: Path, target: Path, encoding: str, progress: Progress) -> None:
    """Write the file again as UTF-8; raises Unreadable with the place when it is not in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    read = 0
    with source.open("rb") as file, target.open("wb") as out:
        first = True
        while chunk := file.read(1 << 20):
            progress.check()
            out.write(_decoded(decoder, chunk, read, encoding, first=first))
            read += len(chunk)
            first = False
        out.write(_decoded(decoder, b"", read, encoding, first=False, final=True))


def _decoded(
    decoder: codecs.IncrementalDecoder, chunk: bytes, read: int, encoding: str, *, first: bool, final: bool = False
) -> bytes:
    try:
        text = decoder.decode(chunk, final)
        return (text.removeprefix("\ufeff") if first else text).encode("utf-8")
    except UnicodeDecodeError as error:
        where = read + error.start
        raise Unreadable("encoding", f"The file is not {encoding}: byte {where} does not belong there.") from None
    except UnicodeEncodeError:
        raise Unreadable("encoding", f"The file is not {encoding}: it holds half of a character.") from None
