"""Columns whose values are not written plainly: what all of them together mean, or which question they leave open."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute

from contracts.data import FormatQuestion, LogicalType
from services.chassis.arrow import arrow_type
from services.connector.formats.base import Answer
from services.connector.formats.csv_types import Converted
from services.connector.formats.spelled_dates import DateEvidence, DateSpelling
from services.connector.formats.spelled_numbers import NumberEvidence, NumberSpelling

pc: Any = pyarrow.compute  # its stubs know too few of its overloads

_PAIRS = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"))
_ORDERS: dict[str, tuple[str, str]] = {
    "dmy": ("day_first", "day first"),
    "dmy2": ("day_first", "day first"),
    "mdy": ("month_first", "month first"),
    "mdy2": ("month_first", "month first"),
    "ymd2": ("year_first", "year first"),
}


class Spelling(Protocol):
    """How the values of a column are written."""

    @property
    def text(self) -> str:
        """For people."""

    def value(self, text: str) -> Any:
        """What a text means; raises ValueError."""


@dataclass(frozen=True)
class TruthSpelling:
    """Two words, one for true and one for false."""

    words: tuple[str, str]

    @property
    def text(self) -> str:
        """For people."""
        return "/".join(self.words)

    def value(self, text: str) -> bool:
        """The truth value; raises ValueError."""
        return self.words.index(text.strip().lower()) == 0


class TruthEvidence:
    """Which pair of words all values are of."""

    def __init__(self) -> None:
        self.alive = True
        self._words: set[str] = set()

    def add(self, texts: Iterable[str]) -> None:
        """Take more values; `alive` says whether they can still be truth values."""
        for text in texts:
            self._words.add(text.strip().lower())
            if len(self._words) > 2:
                break
        self.alive = any(self._words <= set(pair) for pair in _PAIRS)

    def spellings(self) -> list[TruthSpelling]:
        """The pair; single letters only when both are there, because N alone may be anything."""
        if not self.alive or not self._words:
            return []
        pair = next(pair for pair in _PAIRS if self._words <= set(pair))
        return [TruthSpelling(pair)] if len(self._words) == 2 or len(pair[0]) > 1 else []


@dataclass(frozen=True)
class Verdict:
    """What a column is: a type with its spelling, or text, perhaps with a question."""

    type: LogicalType = LogicalType.STRING
    spelling: Spelling | None = None
    question: FormatQuestion | None = None


@dataclass(frozen=True)
class Context:
    """What the rest of the file says: which sign stands before decimals elsewhere, and between values."""

    decimal: str | None = None
    delimiter: str | None = None


class Evidence:
    """What the values of one column leave possible, collected value by value."""

    def __init__(self, *, words: bool = True) -> None:
        self._truths = TruthEvidence() if words else None
        self._dates: DateEvidence | None = DateEvidence()
        self._numbers: NumberEvidence | None = NumberEvidence()

    @property
    def alive(self) -> bool:
        """Whether the column can still be anything but text."""
        return any(part is not None for part in (self._truths, self._dates, self._numbers))

    def add(self, texts: Iterable[str]) -> None:
        """Take more values, markers for null not among them."""
        texts = list(texts)
        for name in ("_truths", "_dates", "_numbers"):
            part = getattr(self, name)
            if part is not None:
                part.add(texts)
                if not part.alive:
                    setattr(self, name, None)
            if not self.alive:
                return

    @property
    def decimal(self) -> str | None:
        """The sign before decimals, where this column alone proves it."""
        if self._numbers is None:
            return None
        found = self._numbers.spellings()
        if len(found) != 1 or (found[0].whole and not found[0].marks.group):
            return None
        return found[0].marks.decimal

    def verdict(self, column: str, context: Context, answer: Answer | None) -> Verdict:
        """What the column is, as far as it has been seen."""
        if answer == "text":
            return Verdict()
        if self._truths is not None and (truths := self._truths.spellings()):
            return Verdict(LogicalType.BOOLEAN, truths[0])
        if self._dates is not None and (dates := self._dates.spellings()):
            return _date(column, dates, answer)
        if self._numbers is not None and (numbers := self._numbers.spellings()):
            return _number(column, numbers, context, answer)
        return Verdict()


def _date(column: str, found: list[DateSpelling], answer: Answer | None) -> Verdict:
    if len(found) > 1:
        found = [one for one in found if answer is not None and _ORDERS.get(one.order, ("",))[0] == answer] or found
    if len(found) > 1:
        choices = {_ORDERS[one.order][0]: _ORDERS[one.order][1] for one in found if one.order in _ORDERS}
        text = f"Is {column!r} {' or '.join(choices.values())}? No value settles it."
        return Verdict(question=FormatQuestion(column=column, text=text, choices=choices))
    date = found[0]
    moment = LogicalType.TIMESTAMP_TZ if date.zone else LogicalType.TIMESTAMP
    return Verdict(moment if date.time else LogicalType.DATE, date)


def _number(column: str, found: list[NumberSpelling], context: Context, answer: Answer | None) -> Verdict:
    if len(found) > 1:
        wanted = {"decimal_comma": ",", "decimal_point": "."}.get(answer or "", context.decimal)
        if wanted is None and context.delimiter == ",":
            # Who separates values by commas and writes 1,234 in quotes means thousands.
            wanted = "."
        found = [one for one in found if one.marks.decimal == wanted] or found
    if len(found) > 1:
        text = f"Does the comma in {column!r} stand before decimals or between thousands? No value settles it."
        choices = {"decimal_comma": "before decimals", "decimal_point": "between thousands"}
        return Verdict(question=FormatQuestion(column=column, text=text, choices=choices))
    return Verdict(LogicalType.INTEGER if found[0].whole else LogicalType.FLOAT, found[0])


def convert_spelled(values: Any, type: LogicalType, spelling: Spelling) -> Converted:
    """Texts as values of a type, each different text looked at once. A text that is none becomes null and is marked."""
    encoded = pc.dictionary_encode(values)
    found, wrong = [], []
    for text in encoded.dictionary.to_pylist():
        try:
            found.append(spelling.value(text))
            wrong.append(False)
        except (ValueError, OverflowError):
            found.append(None)
            wrong.append(True)
    taken = pa.array(found, type=arrow_type(type)).take(encoded.indices)
    if True not in wrong:
        return Converted(taken)
    bad = pc.fill_null(pa.array(wrong).take(encoded.indices), False)
    return Converted(taken, bad if pc.any(bad).as_py() else None)
