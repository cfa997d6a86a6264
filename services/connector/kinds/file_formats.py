"""How a file is written, as a person says it: whatever is left out is found out from the file, and shown."""

import codecs
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from services.connector.formats.base import Answer
from services.connector.kinds.base import Document

FORMATS = ("csv", "parquet", "json", "jsonl", "xlsx", "xls", "ods")


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise ValueError("is not a known encoding") from None
    if not found._is_text_encoding:
        raise ValueError("is not an encoding of texts")
    return {"utf-8-sig": "utf-8", "utf_8_sig": "utf-8"}.get(found.name, found.name)


Sign = Annotated[str, Field(pattern=r"^[\x09\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]$")]
Encoding = Annotated[str, AfterValidator(_known_encoding), Field(max_length=40)]
Header = Annotated[bool | None, Field(description="Whether the first line of the table names its columns")]
Preamble = Annotated[
    int | None, Field(ge=0, le=10_000, description="Lines above the table, blank ones included; they are skipped")
]
Answers = Annotated[
    dict[str, Answer] | None,
    Field(description='Answers to what single columns leave open, e.g. {"day": "day_first"}'),
]
Member = Annotated[str | None, Field(max_length=1_000, description="The file to read in an archive of several")]


class CsvFormat(Document):
    """Delimited text. What is not said is found out from the file."""

    kind: Literal["csv"]
    delimiter: Sign | None = None
    quote: Sign | None = None
    encoding: Encoding | None = None
    header: Header = None
    preamble: Preamble = None
    columns: Answers = None
    member: Member = None


class ParquetFormat(Document):
    """Apache Parquet."""

    kind: Literal["parquet"]
    member: Member = None


class JsonFormat(Document):
    """A JSON document, or one record a line."""

    kind: Literal["json", "jsonl"]
    records: str | None = Field(default=None, max_length=1_000, description="JSON pointer to the records")
    member: Member = None


class WorkbookFormat(Document):
    """A sheet of a workbook; the first visible one, if none is named."""

    kind: Literal["xlsx", "xls", "ods"]
    sheet: str | None = Field(default=None, max_length=255)
    header: Header = None
    preamble: Preamble = None
    columns: Answers = None
    member: Member = None


WrittenFormat = Annotated[CsvFormat | ParquetFormat, Field(discriminator="kind")]
FileFormat = Annotated[CsvFormat | ParquetFormat | JsonFormat | WorkbookFormat, Field(discriminator="kind")]
