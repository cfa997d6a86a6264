"""An object elsewhere as a file of which only the wanted pieces are read."""

import io
from collections.abc import Callable

Read = Callable[[int, int], bytes]  # from a position, so many bytes


class RangedFile(io.RawIOBase):
    """Seekable, read-only; every read is one request for just those bytes."""

    def __init__(self, size: int, read: Read) -> None:
        super().__init__()
        self._size = size
        self._read = read
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes; fewer only at the end."""
        left = max(0, self._size - self._at)
        wanted = left if size < 0 else min(size, left)
        if not wanted:
            return b""
        piece = self._read(self._at, wanted)
        self._at += len(piece)
        return piece

    def size(self) -> int:
        """Bytes in all."""
        return self._size
