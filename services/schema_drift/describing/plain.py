"""What a plain reader sees in a text: a missing value, a truth, a number, a date, or just text."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

Plain = Literal["empty", "bool", "int64", "float64", "date", "datetime", "string"]

# The safe markers for a value that is missing; any other word for it is a person's to judge.
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "na", "NULL", "null", "None", "none", "-", "--", "NaN", "nan", "?", "#N/A"}
)
NUMERIC: frozenset[Plain] = frozenset({"int64", "float64"})
MOMENTS: frozenset[Plain] = frozenset({"date", "datetime"})

WHOLE_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
PLAIN_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def is_date(text: str) -> bool:
    """Whether this is a day of the calendar, written year-month-day."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_moment(text: str) -> bool:
    """Whether this is a day and a time of day, the day first and year-month-day."""
    return MOMENT.fullmatch(text) is not None and is_date(text[:10])


def plain_type(values: Iterable[str]) -> Plain:
    """The type that all these values have (blanks at the ends and missing values set aside beforehand)."""
    found = list(values)
    if not found:
        return "empty"
    if all(value.lower() in ("true", "false") for value in found):
        return "bool"
    if all(WHOLE_NUMBER.fullmatch(value) for value in found):
        return "int64"
    if all(PLAIN_NUMBER.fullmatch(value) for value in found):
        return "float64"
    if all(map(is_date, found)):
        return "date"
    return "datetime" if all(map(is_moment, found)) else "string"
