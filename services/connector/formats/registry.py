"""Which formats there are, and which one a file is in."""

from services.connector.failures import Unreadable
from services.connector.formats.base import Format
from services.connector.formats.csv import CsvFormat
from services.connector.formats.parquet import ParquetFormat


class Formats:
    """The file formats that can be read."""

    def __init__(self, formats: tuple[Format, ...] | None = None) -> None:
        self._formats = formats or (CsvFormat(), ParquetFormat())

    def of(self, kind: str | None, key: str) -> Format:
        """The format that is told, or the one whose ending the name has; raises Unreadable when neither says."""
        for format in self._formats:
            if format.kind == kind or (kind is None and key.lower().endswith(format.suffixes)):
                return format
        raise Unreadable("format_unknown", "The file's name does not tell its format; name it in the selection.")
