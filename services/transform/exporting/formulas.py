"""Texts that a spreadsheet would run as formulas, made harmless: only in files for people, and only when asked for."""

import re

import pyarrow as pa
import pyarrow.compute as pc

# What a spreadsheet takes for the beginning of a formula, in both widths, and what it passes over before one.
_STARTS = "[=+\\-@\t\r\n＝＋－＠]"


def escaped(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with an apostrophe before such texts. Numbers are numbers and stay."""
    columns = [
        pc.replace_substring_regex(column, pattern=f"^({_STARTS})", replacement=r"'\1")
        if pa.types.is_large_string(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def escaped_name(name: str) -> str:
    """The name of a column likewise: it stands in the first row."""
    return f"'{name}" if re.match(_STARTS, name) else name
