"""What changed about a file apart from its columns."""

from collections.abc import Iterator

from services.schema_drift.describing.delivery import Delivery
from services.schema_drift.detecting.difference import Difference


def form_changes(before: Delivery, after: Delivery, known: int) -> Iterator[Difference]:
    """Compare the form of two files; `known` says how many columns bear the same name in both."""
    old, new = before.form, after.form
    if old.header and not new.header:
        yield Difference("file_changed", "header", "plausible", "the line of names is missing; columns go by place")
    if old.encoding != new.encoding:
        yield Difference("file_changed", "encoding", "plausible", f"{old.encoding} became {new.encoding}")
    if old.delimiter != new.delimiter:
        text = f"values stand apart by {new.delimiter!r}, not by {old.delimiter!r}"
        yield Difference("file_changed", "delimiter", "proven", text)
    if old.bom != new.bom:
        yield Difference("file_changed", "bom", "proven", "a byte order mark " + ("came" if new.bom else "went"))
    if old.preamble_lines != new.preamble_lines:
        sure = known >= 0.8 * len(before.columns)
        text = f"{new.preamble_lines} lines stand above the names"
        yield Difference("file_changed", "preamble_lines", "proven" if sure else "plausible", text)
    if old.footer_rows != new.footer_rows:
        text = f"{new.footer_rows} lines at the end are no rows, such as totals"
        yield Difference("file_changed", "footer_rows", "plausible", text)
