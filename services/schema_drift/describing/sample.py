"""A delivery out of what a pull kept of it: the first rows as they were written, and the form of the file."""

from collections.abc import Sequence

from contracts.data import FormatFacts
from services.schema_drift.describing.delivery import Delivery, Form, describe


def delivery_of(
    names: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    facts: FormatFacts,
    earlier: Delivery | None = None,
) -> Delivery:
    """Describe what was pulled: `names` and `rows` are those of the pull's sample, null where a cell is empty.

    The columns keep their places, and bear the names of the file, which may be others than the table uses, and not
    even unlike each other. A file without names has those of `earlier`, where that has as many columns.
    """
    written = [facts.renamed_headers.get(name, name) for name in names]
    header = facts.header is not False
    if not header and earlier is not None and len(earlier.columns) == len(names):
        written = list(earlier.names)
    form = Form(
        encoding=facts.encoding or "utf-8",
        delimiter=facts.delimiter or ",",
        header=header,
        preamble_lines=facts.preamble,
    )
    return describe(written, [[cell or "" for cell in row] for row in rows], form)
