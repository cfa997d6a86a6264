"""How far two sets of numbers lie apart, and whether one is the other in another unit."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_POINTS = 40


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest difference between two distributions, at quantiles of both: 0 the same, 1 nothing in common.

    Both sequences are sorted.
    """
    if not one or not other:
        return 1.0
    worst = 0.0
    for numbers in (one, other):
        for at in range(_POINTS + 1):
            x = numbers[round(at * (len(numbers) - 1) / _POINTS)]
            low = bisect_left(one, x) / len(one) - bisect_left(other, x) / len(other)
            high = bisect_right(one, x) / len(one) - bisect_right(other, x) / len(other)
            worst = max(worst, abs(low), abs(high))
    return worst


@dataclass(frozen=True)
class Conversion:
    """What numbers may have been turned into: by which rule, and how they look when it is undone."""

    text: str
    undo: Callable[[float], float]
    round: bool = False  # a step of ten: nothing but a change of scale makes it


def _times(factor: float) -> Callable[[float], float]:
    return lambda number: number / factor


_FACTORS: tuple[tuple[float, str, bool], ...] = (
    (100, "a hundred times as large", True), (0.01, "a hundredth", True), (1000, "a thousand times as large", True),
    (0.001, "a thousandth", True), (1e6, "a million times as large", True), (1e-6, "a millionth", True),
    (10, "ten times as large", True), (0.1, "a tenth", True), (1e4, "ten thousand times as large", True),
    (1e-4, "a ten-thousandth", True), (1.609344, "kilometres for miles", False), (1 / 1.609344, "miles for kilometres", False),
    (0.45359237, "kilograms for pounds", False), (1 / 0.45359237, "pounds for kilograms", False),
    (0.3048, "metres for feet", False), (1 / 0.3048, "feet for metres", False), (2.54, "centimetres for inches", False),
    (1 / 2.54, "inches for centimetres", False), (25.4, "millimetres for inches", False), (1 / 25.4, "inches for millimetres", False),
    (0.09290304, "square metres for square feet", False), (1 / 0.09290304, "square feet for square metres", False),
    (0.9144, "metres for yards", False), (1.852, "kilometres for nautical miles", False), (1 / 1.852, "nautical miles for kilometres", False),
    (28.349523, "grams for ounces", False), (1 / 28.349523, "ounces for grams", False), (3.785412, "litres for gallons", False),
    (1 / 3.785412, "gallons for litres", False), (0.514444, "metres a second for knots", False), (1 / 0.514444, "knots for metres a second", False),
    (0.44704, "metres a second for miles an hour", False), (1 / 0.44704, "miles an hour for metres a second", False),
    (3.6, "kilometres an hour for metres a second", False), (1 / 3.6, "metres a second for kilometres an hour", False),
    (1.943844, "knots for metres a second", False), (0.868976, "knots for miles an hour", False), (1.150779, "miles an hour for knots", False),
    (33.8639, "hectopascals for inches of mercury", False), (1 / 33.8639, "inches of mercury for hectopascals", False),
    (6.894757, "kilopascals for psi", False), (1 / 6.894757, "psi for kilopascals", False), (0.75006, "mm of mercury for hectopascals", False),
    (1.33322, "hectopascals for mm of mercury", False), (4.184, "joules for calories", False), (1 / 4.184, "calories for joules", False),
    (0.7457, "kilowatts for horsepower", False), (1 / 0.7457, "horsepower for kilowatts", False), (16.387064, "cubic centimetres for cubic inches", False),
    (1 / 16.387064, "cubic inches for cubic centimetres", False), (0.4251437, "kilometres a litre for miles a gallon", False),
    (0.40468564, "hectares for acres", False), (1 / 0.40468564, "acres for hectares", False), (2.589988, "square kilometres for square miles", False),
    (60, "sixty times as large (minutes, seconds)", False), (1 / 60, "a sixtieth (minutes, hours)", False), (3600, "seconds for hours", False),
    (1 / 3600, "hours for seconds", False), (24, "hours for days", False), (1 / 24, "days for hours", False), (7, "days for weeks", False),
    (1 / 7, "weeks for days", False), (12, "months for years", False), (1 / 12, "years for months", False), (365.25, "days for years", False),
    (1 / 365.25, "years for days", False), (52, "weeks for years", False), (1 / 52, "years for weeks", False), (86400, "seconds for days", False),
    (0.0174533, "radians for degrees", False), (57.29578, "degrees for radians", False),
    (18.0182, "mg/dl for mmol/l", False), (1 / 18.0182, "mmol/l for mg/dl", False),
)  # fmt: skip
CONVERSIONS: tuple[Conversion, ...] = (
    *(Conversion(text, _times(factor), whole) for factor, text, whole in _FACTORS),
    Conversion("degrees Celsius for Fahrenheit", lambda c: c * 1.8 + 32),
    Conversion("degrees Fahrenheit for Celsius", lambda f: (f - 32) / 1.8),
    Conversion("kelvins for degrees Celsius", lambda k: k - 273.15),
    Conversion("degrees Celsius for kelvins", lambda c: c + 273.15),
    Conversion("kelvins for degrees Fahrenheit", lambda k: (k - 273.15) * 1.8 + 32),
    Conversion("litres a hundred kilometres for miles a gallon", lambda x: 235.215 / x if x else 0.0),
    Conversion("the sign turned round", lambda number: -number),
    Conversion("what is left of one", lambda number: 1 - number),
    Conversion("what is left of a hundred", lambda number: 100 - number),
)


def conversion(before: Sequence[float], after: Sequence[float], most: float) -> tuple[Conversion, float] | None:
    """The rule that makes the numbers that came look most like the earlier ones, at most `most` apart; or None."""
    found = [(distance(before, sorted(map(one.undo, after))), at) for at, one in enumerate(CONVERSIONS)]
    apart, at = min(found)
    return (CONVERSIONS[at], apart) if apart <= most else None
