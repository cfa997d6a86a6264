"""Takes the one file out of compressed data or an archive, with limits on what may come out. Runs in a child only."""

import bz2
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from services.connector.failures import Unreadable
from services.connector.formats.recognise import Kind

_CHUNK = 1 << 20
_FREE_BYTES = 16 << 20  # below this, nobody minds how well something was packed
_NOT_DATA = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^/]*$|thumbs\.db$|desktop\.ini$)", re.I)
_DRIVE = re.compile(r"^[A-Za-z]:")
PACKED: tuple[Kind, ...] = ("gzip", "bz2", "xz", "zstd", "zip", "tar")


@dataclass(frozen=True)
class Bounds:
    """How much may come out of what."""

    bytes: int = 20 << 30
    ratio: int = 200
    entries: int = 10_000


@dataclass(frozen=True)
class Unpacked:
    """What was inside."""

    path: Path
    name: str | None  # of the member, where an archive gives names


def unpack(kind: Kind, source: Path, target: Path, bounds: Bounds, member: str | None = None) -> Unpacked:
    """Write what is inside to `target`; raises Unreadable."""
    if kind == "zip":
        return _zip(source, target, bounds, member)
    if kind == "tar":
        return _tar(source, target, bounds, member)
    try:
        with closing(_opened(kind, source)) as stream:
            _copy(stream, target, source.stat().st_size, bounds)
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, OSError, pa.ArrowInvalid, ValueError) as error:
        raise _broken(kind, error) from error
    return Unpacked(target, None)


def _opened(kind: Kind, source: Path) -> Any:
    if kind == "gzip":
        return gzip.open(source, "rb")
    if kind == "bz2":
        return bz2.open(source, "rb")
    if kind == "xz":
        return lzma.open(source, "rb")
    return pa.CompressedInputStream(pa.OSFile(str(source), "rb"), "zstd")


def _broken(kind: str, error: Exception) -> Unreadable:
    said = str(error).lower()
    if isinstance(error, EOFError) or "end-of-stream" in said or "truncated" in said or "ended before" in said:
        return Unreadable("truncated", "The compressed file ends too early: part of the data is missing.")
    return Unreadable("corrupt", f"The compressed file is damaged ({kind}).")


def _copy(stream: Any, target: Path, packed: int, bounds: Bounds) -> None:
    size = 0
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > bounds.bytes:
                raise Unreadable("too_large", f"The file unpacks to more than {bounds.bytes} bytes; that is not read.")
            if size > _FREE_BYTES and size > packed * bounds.ratio:
                raise _bomb()
            out.write(chunk)


def _bomb() -> Unreadable:
    return Unreadable("archive_bomb", "The archive would unpack to far more than its size allows; it was refused.")


def _zip(source: Path, target: Path, bounds: Bounds, member: str | None) -> Unpacked:
    size = source.stat().st_size
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            if len(entries) > bounds.entries:
                raise Unreadable("archive_bomb", f"The archive has more than {bounds.entries} entries; it was refused.")
            for entry in entries:
                _safe(entry.filename, entry.orig_filename)
                if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                    raise Unreadable("archive_path", f"The archive's entry {_shown(entry.filename)} is a link.")
            if sum(entry.file_size for entry in entries) > max(_FREE_BYTES, size * bounds.ratio):
                raise _bomb()
            _not_overlapping(entries)
            files = [entry for entry in entries if not entry.is_dir()]
            chosen = _the_one({entry.filename: entry for entry in files}, len(files), member)
            if chosen.flag_bits & 1:
                raise Unreadable("encrypted", "The archive is protected by a password; unpack it first.")
            with archive.open(chosen) as stream:
                _copy(stream, target, max(chosen.compress_size, 1), bounds)
            return Unpacked(target, chosen.filename)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError) as error:
        cut_off = "not a zip file" in str(error) or isinstance(error, EOFError)
        said = "ends too early: part of it is missing" if cut_off else "is damaged"
        raise Unreadable("truncated" if cut_off else "corrupt", f"The archive {said}.") from error
    except NotImplementedError as error:
        raise Unreadable("format_unsupported", "The archive is packed in a way that is not supported.") from error


def _not_overlapping(entries: list[zipfile.ZipInfo]) -> None:
    ends = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < ends:
            raise Unreadable("archive_bomb", "The archive's entries overlap; it was refused.")
        ends = entry.header_offset + entry.compress_size


def _tar(source: Path, target: Path, bounds: Bounds, member: str | None) -> Unpacked:
    files: dict[str, tarfile.TarInfo] = {}
    count = 0
    try:
        with tarfile.open(source, "r:") as archive:
            for count, entry in enumerate(_entries(archive), 1):
                if count > bounds.entries:
                    raise Unreadable("archive_bomb", f"The archive has more than {bounds.entries} entries.")
                _safe(entry.name)
                if entry.issym() or entry.islnk() or entry.isdev():
                    raise Unreadable("archive_path", f"The archive's entry {_shown(entry.name)} is a link or a device.")
                if entry.isfile():
                    files[entry.name] = entry
            chosen = _the_one(files, len(files), member)
            stream = archive.extractfile(chosen)
            if stream is None:
                raise Unreadable("corrupt", "The archive is damaged.")
            _exactly(stream, target, chosen.size, bounds)
            return Unpacked(target, chosen.name)
    except (tarfile.ReadError, EOFError) as error:
        cut_off = "unexpected end" in str(error)
        said = "ends too early: part of it is missing" if cut_off else "is damaged"
        raise Unreadable("truncated" if cut_off else "corrupt", f"The archive {said}.") from error
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        raise Unreadable("corrupt", "The archive is damaged.") from error


def _entries(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    yield from archive


def _exactly(stream: IO[bytes], target: Path, size: int, bounds: Bounds) -> None:
    if size > bounds.bytes:
        raise Unreadable("too_large", f"The file unpacks to more than {bounds.bytes} bytes; that is not read.")
    written = 0
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            out.write(chunk)
            written += len(chunk)
    if written != size:
        raise Unreadable("truncated", "The archive ends too early: part of it is missing.")


def _the_one(files: dict[str, Any], count: int, member: str | None) -> Any:
    """The file that is meant; raises Unreadable with the names to choose from."""
    if member is not None:
        if member not in files:
            raise Unreadable("member_unknown", f"The archive has no file {member!r}; it has {_names(files)}.")
        return files[member]
    data = {name: entry for name, entry in files.items() if not _NOT_DATA.search(name)}
    if not data:
        raise Unreadable("archive_empty", "The archive holds no file.")
    folded = [name.casefold() for name in files]
    if len(set(folded)) < len(folded) or count > len(files):
        raise Unreadable("archive_path", "The archive has two files of the same name; it was refused.")
    if len(data) > 1:
        raise Unreadable(
            "archive_members",
            f"The archive holds {len(data)} files ({_names(data)}); say which one to read in the selection's format.",
        )
    return next(iter(data.values()))


def _names(files: dict[str, Any]) -> str:
    shown = ", ".join(_shown(name) for name in sorted(files)[:5])
    return shown + (", …" if len(files) > 5 else "")


def _shown(name: str) -> str:
    return repr(name[:80])


def _safe(*names: str) -> None:
    """Raises Unreadable for a name that could mean a place outside a folder."""
    for name in names:
        plain = name.replace("\\", "/")
        if plain.startswith("/") or _DRIVE.match(plain) or ".." in plain.split("/") or "\x00" in plain:
            raise Unreadable(
                "archive_path", f"The archive's entry {_shown(name)} points outside its own folder; it was refused."
            )
        if len(name) > 1_000:
            raise Unreadable("archive_path", "The archive has an entry with a name of more than 1,000 characters.")
