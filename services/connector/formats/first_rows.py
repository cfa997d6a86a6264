"""The first rows of a table as texts: as they stand in the file, or written plainly where they never were texts."""

from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # its stubs know too few of its overloads

MOST_ROWS = 1_000
MOST_BYTES = 4 << 20
_TEXT = pa.large_string()


class FirstRows:
    """Takes batches in their order until there are rows enough; later ones are passed over."""

    def __init__(self) -> None:
        self._taken: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether no more rows are wanted."""
        return self._rows >= MOST_ROWS or self._bytes >= MOST_BYTES

    def add(self, batch: pa.RecordBatch) -> None:
        """Look at the next batch."""
        if self.full or not batch.num_rows:
            return
        piece = batch.slice(0, MOST_ROWS - self._rows)
        self._bytes += piece.nbytes
        while piece.num_rows > 1 and piece.nbytes > MOST_BYTES:
            piece = piece.slice(0, piece.num_rows // 2)
        self._taken.append(piece)
        self._rows += piece.num_rows

    def texts(self, names: tuple[str, ...]) -> pa.Table:
        """The rows as texts under these names, in the order of the columns; null where there is nothing."""
        schema = pa.schema([pa.field(name, _TEXT) for name in names])
        batches = [
            pa.RecordBatch.from_arrays([_plain(column) for column in batch.columns], schema=schema)
            for batch in self._taken
        ]
        return pa.Table.from_batches(batches, schema=schema)


def _plain(values: Any) -> Any:
    type = values.type
    if pa.types.is_floating(type):
        # A whole number among others stays one of those: its point is what tells the type.
        texts = pc.replace_substring_regex(pc.cast(values, _TEXT), r"^(-?\d+)$", r"\1.0")
    elif pa.types.is_decimal(type):
        texts = pc.replace_substring_regex(pc.cast(values, _TEXT), r"(\.\d+?)0+$", r"\1")
    elif pa.types.is_time(type) or pa.types.is_timestamp(type):
        texts = pc.replace_substring_regex(pc.cast(values, _TEXT), r"\.0+(Z?)$", r"\1")
    elif pa.types.is_large_binary(type):
        texts = pa.array([None if value is None else value.hex() for value in values.to_pylist()], type=_TEXT)
    else:
        texts = pc.cast(values, _TEXT)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, _TEXT), texts)
