"""Numbers as people write them: thousands, decimal commas, currencies, percent; and what a column of them says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_SYMBOLS = "€$£¥₹₽₩₺₴₪฿₫₱₦₡₲₵₸₮"
_WORDS = (
    "USD EUR GBP JPY CHF CAD AUD NZD CNY RMB INR BRL MXN SEK NOK DKK PLN CZK HUF RON BGN TRY RUB UAH ZAR KRW SGD HKD "
    "TWD THB MYR IDR PHP ILS AED SAR EGP NGN KES ARS CLP COP PEN VND"
)
_LOCAL = r"R\$|US\$|A\$|C\$|NZ\$|HK\$|S\$|kr\.?|zł|Kč|Ft|Fr\.?|руб\.?|лв\.?|元|円|Rs\.?"
_CURRENCY = rf"(?:[{_SYMBOLS}]|{_LOCAL}|(?:{'|'.join(_WORDS.split())})\b)"
_NUMBER = re.compile(
    rf"""^(?P<open>\()?\s*(?P<sign>[-+−–])?\s*(?P<before>{_CURRENCY})?\s*(?P<open2>\()?\s*(?P<sign2>[-+−–])?\s*
    (?P<body>\d[\d.,' ]*|[.,]\d+)(?P<exponent>[eE][-+]?\d{{1,3}})?\s*(?P<percent>[%٪])?\s*(?P<sign3>[-−])?
    \s*(?P<after>{_CURRENCY})?\s*(?P<percent2>%)?\s*(?P<close>\))?$""",
    re.VERBOSE,
)
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "’": "'", "ʼ": "'"})
_SAME = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "RMB": "CNY", "zł": "PLN", "Kč": "CZK", "US$": "USD"}
_DIGITS = 18  # what a 64-bit integer surely holds
_EXACT = 15  # what a 64-bit float surely holds


@dataclass(frozen=True)
class Marks:
    """Which sign stands before the decimals, and which one between thousands."""

    decimal: str
    group: str

    @property
    def text(self) -> str:
        """For people."""
        said = "decimal comma" if self.decimal == "," else "decimal point"
        names = {",": "comma", ".": "point", " ": "blank", "'": "apostrophe"}
        return said + (f", thousands {names[self.group]}" if self.group else "")


def _form(marks: Marks) -> re.Pattern[str]:
    group, decimal = re.escape(marks.group), re.escape(marks.decimal)
    whole = r"(?:0|[1-9]\d*)"
    if group:
        whole = rf"(?:0|[1-9]\d*|[1-9]\d{{0,2}}(?:{group}\d{{3}})+|[1-9]\d?(?:{group}\d\d)+{group}\d{{3}})"
    return re.compile(rf"^(?:{whole}(?:{decimal}\d*)?|{decimal}\d+)$")


# Simple ones first: of several that say the same, the first is named.
_FORMS = {
    marks: _form(marks)
    for marks in (
        *(Marks(decimal, "") for decimal in ".,"),
        *(Marks(decimal, group) for decimal in ".," for group in ".,' " if group != decimal),
    )
}


@dataclass(frozen=True)
class Shape:
    """A written number taken apart."""

    negative: bool
    signed: bool
    body: str
    exponent: str
    percent: bool
    currency: str | None


def shape_of(text: str) -> Shape | None:
    """The parts of a written number; None when it is none."""
    found = _NUMBER.match(text.translate(_BLANKS).strip())
    if found is None:
        return None
    opened, closed = found["open"] or found["open2"], found["close"]
    signs = [sign for sign in (found["sign"], found["sign2"], found["sign3"]) if sign]
    if bool(opened) != bool(closed) or len(signs) > 1 or (signs and opened) or (found["open"] and found["open2"]):
        return None
    if (found["before"] and found["after"]) or (found["percent"] and found["percent2"]):
        return None
    currency = found["before"] or found["after"]
    percent = bool(found["percent"] or found["percent2"])
    if currency and percent:
        return None
    negative = bool(opened) or bool(signs and signs[0] != "+")
    body = found["body"].strip()
    return Shape(negative, bool(signs), body, found["exponent"] or "", percent, _SAME.get(currency or "", currency))


def is_number(text: str) -> bool:
    """Whether this is one number, with thousands only where they can be."""
    shape = shape_of(text)
    return shape is not None and any(form.match(shape.body) for form in _FORMS.values())


@dataclass(frozen=True)
class NumberSpelling:
    """How the numbers of a column are written."""

    marks: Marks
    percent: bool
    currency: str | None
    whole: bool

    @property
    def text(self) -> str:
        """For people."""
        said = [self.marks.text] if self.marks != Marks(".", "") else []
        said += ["percent as a fraction"] if self.percent else []
        said += [f"currency {self.currency}"] if self.currency else []
        return ", ".join(said) or "signs and blanks around plain numbers"

    def value(self, text: str) -> int | float:
        """The number; raises ValueError."""
        shape = shape_of(text)
        if shape is None or shape.percent != self.percent or (shape.currency or None) != self.currency:
            raise ValueError(text)
        if not _FORMS[self.marks].match(shape.body):
            raise ValueError(text)
        digits = _plain(shape.body, self.marks)
        if self.whole:
            if "." in digits or shape.exponent or len(digits) > _DIGITS:
                raise ValueError(text)
            return -int(digits) if shape.negative else int(digits)
        number = Decimal(digits + shape.exponent)
        found = float(number / 100 if self.percent else number)
        if found in (float("inf"), float("-inf")):
            raise ValueError(text)
        return -found if shape.negative else found


def _plain(body: str, marks: Marks) -> str:
    digits = body.replace(marks.group, "") if marks.group else body
    return digits.replace(marks.decimal, ".")


class NumberEvidence:
    """What the values of a column leave possible."""

    def __init__(self) -> None:
        self.alive = True
        self._possible = list(_FORMS)
        self._percent: bool | None = None
        self._currency: str | None = None
        self._seen = 0
        self._telling: list[str] = []
        self._whole = dict.fromkeys(_FORMS, True)
        self._plus_only = True
        self._longest = 0

    def add(self, texts: Iterable[str]) -> None:
        """Take more values; `alive` says whether they can still be numbers."""
        for text in texts:
            shape = shape_of(text)
            if shape is None or not self._agrees(shape):
                self.alive = False
                return
            self._seen += 1
            self._possible = [marks for marks in self._possible if _FORMS[marks].match(shape.body)]
            if not self._possible:
                self.alive = False
                return
            if len(self._telling) < 50 and not shape.body.isdigit():
                self._telling.append(shape.body)
            for marks in self._possible:
                digits = _plain(shape.body, marks)
                if "." in digits or shape.exponent or len(digits) > _DIGITS:
                    self._whole[marks] = False
            if "." not in shape.body and len(shape.body) > _DIGITS and shape.body.isdigit():
                self.alive = False
                return
            digits = sum(character.isdigit() for character in re.split(r"[.,](?=\d*$)", shape.body)[0])
            self._longest = max(self._longest, digits)
            # A plus before bare digits is how telephone numbers begin.
            self._plus_only = self._plus_only and shape.signed and not shape.negative and shape.body.isdigit()

    def _agrees(self, shape: Shape) -> bool:
        if self._percent is None:
            self._percent, self._currency = shape.percent, shape.currency
        return shape.percent == self._percent and shape.currency == self._currency

    def spellings(self) -> list[NumberSpelling]:
        """One for each way of reading that gives other numbers."""
        if not self.alive or not self._seen or self._plus_only:
            return []
        found: dict[tuple[str, ...], Marks] = {}
        lengths = {len(body) for body in self._telling}
        for marks in self._possible:
            if marks.group == " " and len(lengths) == 1 and min(lengths) > 8 and self._seen > 2 and self._whole[marks]:
                # Groups of three of one length throughout are telephone numbers rather than amounts.
                continue
            if not self._whole[marks] and self._longest > _EXACT:
                continue  # a number with decimals would not keep all digits of the longest
            found.setdefault(tuple(_plain(body, marks).rstrip(".") for body in self._telling), marks)
        return [
            NumberSpelling(marks, bool(self._percent), self._currency, self._whole[marks] and not self._percent)
            for marks in found.values()
        ]
