"""One column of a delivery in figures: made once when it is read, compared without the data ever after."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.schema_drift.describing.dates import Dates, dates
from services.schema_drift.describing.numerals import Numerals, numerals
from services.schema_drift.describing.plain import MISSING, NUMERIC, Plain, plain_type

# A set of values with at most so many members, each of which comes again, is closed; beyond the other it is open.
CLOSED, OPEN = 12, 20
TRUTHS: tuple[tuple[str, str], ...] = (
    ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("1", "0"), ("on", "off"), ("ja", "nein"),
    ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não"), ("x", ""),
)  # fmt: skip
_CONVENTIONAL = TRUTHS[:5]
_ACCENTS = str.maketrans("áàâäãåéèêëíìîïóòôöõúùûüçñ", "aaaaaaeeeeiiiiooooouuuucn")
# What may differ in the texts of a column without another fact being meant.
FOLDS: dict[str, Callable[[str], str]] = {
    "other letter case in values": str.casefold,
    "other separators in values": lambda value: re.sub(r"[\W_]+", "", value.casefold()),
    "accents lost in values": lambda value: value.casefold().translate(_ACCENTS),
}
_RUNS = ((re.compile(r"[^\W\d_]+"), "a"), (re.compile(r"\d+"), "9"))


@dataclass(frozen=True)
class Figures:
    """A column: its place, how often values are missing and how that is written, and the values with their counts."""

    name: str
    at: int
    rows: int
    missing: dict[str, int]
    counts: dict[str, int]
    type: Plain
    padded: bool = False  # blanks stand around some values

    @cached_property
    def present(self) -> int:
        """How many values there are."""
        return sum(self.counts.values())

    @cached_property
    def empty_share(self) -> float:
        """The share of rows without a value."""
        return 1 - self.present / self.rows if self.rows else 0.0

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.counts)

    @cached_property
    def uniqueness(self) -> float:
        """1 when no value comes twice."""
        return self.distinct / self.present if self.present else 0.0

    @cached_property
    def numerals(self) -> Numerals | None:
        """How numbers are written, where they are not plain; None for other columns."""
        return numerals(list(self.counts)) if self.type == "string" else None

    @cached_property
    def dates(self) -> Dates | None:
        """How dates are written, where they are not year-month-day."""
        return dates(list(self.counts)) if self.type in ("string", "int64") else None

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers in order, as often as they come; nothing for a column that has none."""
        if self.type in NUMERIC:
            pairs = [(float(text), many) for text, many in self.counts.items()]
        elif self.numerals is not None:
            known = self.numerals.numbers
            pairs = [(known[text], many) for text, many in self.counts.items() if text in known]
        else:
            return ()
        return tuple(number for number, many in sorted(pairs) for _ in range(many))

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole ones."""
        return bool(self.numbers) and all(number == int(number) for number in self.numbers if abs(number) < 1e15)

    @cached_property
    def places(self) -> int:
        """The most digits behind the point."""
        return max((len(text.partition(".")[2]) for text in self.counts), default=0) if self.type == "float64" else 0

    @cached_property
    def decimals(self) -> dict[int, int]:
        """Digits behind the point that say something, and how many values have so many."""
        found: dict[int, int] = {}
        for text, many in self.counts.items():
            size = len(text.partition(".")[2].rstrip("0")) if "e" not in text.lower() else 0
            found[size] = found.get(size, 0) + many
        return found

    @cached_property
    def multiples(self) -> dict[int, float]:
        """The shares of whole tens, hundreds and thousands among the numbers."""
        return {
            step: sum(number % step == 0 for number in self.numbers) / max(1, self.present) for step in (10, 100, 1000)
        }

    @cached_property
    def closed(self) -> bool:
        """Whether the values are few, and come again."""
        if not self.counts or self.distinct > CLOSED:
            return False
        again = sum(many > 1 for many in self.counts.values())
        return again >= 0.8 * self.distinct and self.present >= 5 * self.distinct

    @cached_property
    def truths(self) -> tuple[str, str] | None:
        """The words for true and false, as they are written here."""
        low = {text.casefold().removesuffix(".0") for text in self.counts}
        for pair in TRUTHS:
            if low and low <= set(pair) and (pair in _CONVENTIONAL or len(low) == 2):
                return pair
        return None

    def means(self, text: str) -> bool:
        """Whether a value of a column of two truths stands for true."""
        return self.truths is not None and text.casefold().removesuffix(".0") == self.truths[0]

    @cached_property
    def true_share(self) -> float | None:
        """The share of values that mean true."""
        if self.truths is None or not self.present:
            return None
        true = sum(many for text, many in self.counts.items() if self.means(text))
        return true / self.present

    @cached_property
    def shapes(self) -> dict[str, float]:
        """Shapes of the texts and the share of values of each: `N515MQ` and `N7AA` are both `a9a`."""
        found: Counter[str] = Counter()
        # All at once: a pattern is dear to begin with, and cheap to go on.
        texts = "\n".join(text[:60].replace("\n", " ") for text in self.counts)
        for pattern, sign in _RUNS:
            texts = pattern.sub(sign, texts)
        for shape, many in zip(texts.split("\n"), self.counts.values(), strict=False):
            found[shape[:24]] += many
        return {shape: many / self.present for shape, many in found.most_common(200)}

    @cached_property
    def folds(self) -> tuple[dict[str, str], ...]:
        """The texts as each of FOLDS leaves them."""
        return tuple({text: fold(text) for text in self.counts} for fold in FOLDS.values())

    @cached_property
    def folded(self) -> tuple[frozenset[str], ...]:
        """What each of FOLDS leaves of the texts."""
        return tuple(frozenset(one.values()) for one in self.folds)

    @cached_property
    def wrapped(self) -> float:
        """The share of values that look like JSON objects or lists."""
        found = sum(many for text, many in self.counts.items() if text[:1] + text[-1:] in ("{}", "[]"))
        return found / self.present if self.present else 0.0

    @cached_property
    def cased(self) -> bool | None:
        """Whether texts have small letters; None where that says nothing."""
        small, large = self.letters[:2]
        if self.distinct < 3 or (small + large) * self.length < 4:
            return None
        return True if small > 0.3 * (small + large) else False if small == 0 else None

    @cached_property
    def longest(self) -> int:
        """The length of the longest text."""
        return max(map(len, self.counts), default=0)

    @cached_property
    def letters(self) -> tuple[float, ...]:
        """The shares of small letters, large letters, digits, blanks and of everything else in the texts."""
        alike: dict[int, list[str]] = {}
        for text, many in self.counts.items():
            alike.setdefault(many, []).append(text[:60])
        kinds, size = [0] * 4, 0
        for many, texts in alike.items():
            signs = "".join(texts)
            counted = (sum(map(kind, signs)) for kind in (str.islower, str.isupper, str.isdigit))
            kinds = [before + many * now for before, now in zip(kinds, (*counted, signs.count(" ")), strict=True)]
            size += many * len(signs)
        total = size or 1
        return (*(kind / total for kind in kinds), (size - sum(kinds)) / total)

    @cached_property
    def length(self) -> float:
        """The mean length of a value."""
        return sum(len(text) * many for text, many in self.counts.items()) / self.present if self.present else 0.0


def figures(name: str, at: int, values: Sequence[str]) -> Figures:
    """Describe a column by its texts as they were read; blanks at the ends of a value are no part of it."""
    missing: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    padded = False
    for value, many in Counter(values).items():
        text = value.strip()
        padded = padded or (text != value and bool(text))
        (missing if text in MISSING else counts)[text] += many
    return Figures(name, at, len(values), dict(missing), dict(counts), plain_type(counts), padded)
