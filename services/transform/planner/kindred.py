"""Columns that are named by a word they share: the three scores, the price columns, all the totals."""

from collections.abc import Iterator

from services.transform.planner.lexicon import MONTHS, WEEKDAYS, written_otherwise
from services.transform.planner.reading import Reader, Result
from services.transform.planner.words import parts, stem

_COLUMNS = ("columns", "fields", "cols")


def kindred(reader: Reader, at: int) -> Iterator[Result]:
    """The columns that share a word, and the same with their names listed behind it."""
    for end, found, cost in _sharing(reader, at):
        yield end, found, cost
        start = end + (reader.low(end) in ("(", ":", ",", "-", "–"))
        if start == end or len(found) < 2:
            continue
        for stop, names, more in reader.slot("Cols", start):
            if set(names) == set(found):
                yield stop + (reader.low(end) == "(" and reader.low(stop) == ")"), names, cost + more
    for end, wanted, _ in reader.slot("Count", at + (reader.low(at) in ("all", "these", "those"))):
        if reader.low(end) in _COLUMNS and isinstance(wanted, int) and wanted > 1:  # the three columns a, b and c
            for stop, names, more in reader.slot("Cols", end + 1 + (reader.low(end + 1) in (":", ",", "(", "-"))):
                if len(names) == wanted:
                    yield stop + (reader.low(end + 1) == "(" and reader.low(stop) == ")"), names, more + 0.05


def _sharing(reader: Reader, at: int) -> Iterator[Result]:
    for end, wanted, _ in reader.slot("Count", at + (reader.low(at) in ("all", "these", "those"))):
        if reader.low(end) in ("columns", "fields", "rows") or wanted < 2:
            continue
        found = _bearing(reader, reader.low(end))
        if len(found) == wanted and stem(reader.low(end)) not in ("", "column"):
            yield end + 1 + (reader.low(end + 1) in (*_COLUMNS, "values")), found, 0.2
    yield from _calendar(reader, at)
    start = at + (reader.low(at) in ("all", "every", "each"))
    found = _bearing(reader, reader.low(start))
    if len(found) < 2 or len(stem(reader.low(start))) < 3:
        return
    if start > at:
        plural = stem(reader.low(start)) != reader.low(start) or reader.low(start + 1) in _COLUMNS
        if plural and reader.view.column(reader.low(start)) is None:
            yield start + 1 + (reader.low(start + 1) in (*_COLUMNS, "values")), found, 0.3
    if reader.low(start + 1) in _COLUMNS:  # cheaper than the one column of that name: several are spoken of
        yield start + 2, found, -0.1


def _calendar(reader: Reader, at: int) -> Iterator[Result]:
    """The twelve months, the weekdays, where each of them is a column."""
    for words, names in (("months|month @columns|monthly @columns", MONTHS), ("weekdays|days|week days", WEEKDAYS)):
        end = reader.first(f"[@all] [of] [<n:Count>] [single|individual] ({words}) [@columns]", at)
        if end is None:
            continue
        written = [{name, *written_otherwise(name)} for name in names]
        found = tuple(one for one in reader.view.names if any(one.casefold() in ways for ways in written))
        said = next((n for _, n, _ in reader.slot("Count", at + (reader.low(at) == "all"))), len(found))
        if len(found) == len(names) == said:
            yield end, found, 0.1


def _bearing(reader: Reader, word: str) -> tuple[str, ...]:
    wanted = stem(word)
    return tuple(name for name in reader.view.names if wanted in map(stem, parts(name)))
