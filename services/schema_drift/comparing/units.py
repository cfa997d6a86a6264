"""What numbers may have been turned into: other units, other scales, another sign."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Conversion:
    """What numbers may have been turned into: by which rule, and how they look when it is undone."""

    text: str
    undo: Callable[[float], float]


def _times(factor: float) -> Callable[[float], float]:
    return lambda number: number / factor


_FACTORS: tuple[tuple[float, str], ...] = (
    (100, "a hundred times as large"), (0.01, "a hundredth"), (1000, "a thousand times as large"),
    (0.001, "a thousandth"), (1e6, "a million times as large"), (1e-6, "a millionth"),
    (10, "ten times as large"), (0.1, "a tenth"), (1e4, "ten thousand times as large"),
    (1e-4, "a ten-thousandth"), (1.609344, "kilometres for miles"), (1 / 1.609344, "miles for kilometres"),
    (0.45359237, "kilograms for pounds"), (1 / 0.45359237, "pounds for kilograms"),
    (0.3048, "metres for feet"), (1 / 0.3048, "feet for metres"), (2.54, "centimetres for inches"),
    (1 / 2.54, "inches for centimetres"), (25.4, "millimetres for inches"), (1 / 25.4, "inches for millimetres"),
    (0.09290304, "square metres for square feet"), (1 / 0.09290304, "square feet for square metres"),
    (1.852, "kilometres for nautical miles"), (1 / 1.852, "nautical miles for kilometres"),
    (28.349523, "grams for ounces"), (1 / 28.349523, "ounces for grams"), (3.785412, "litres for gallons"),
    (1 / 3.785412, "gallons for litres"), (0.514444, "metres a second for knots"), (1 / 0.514444, "knots for metres a second"),
    (0.44704, "metres a second for miles an hour"), (1 / 0.44704, "miles an hour for metres a second"),
    (3.6, "kilometres an hour for metres a second"), (1 / 3.6, "metres a second for kilometres an hour"),
    (1.943844, "knots for metres a second"),
    (33.8639, "hectopascals for inches of mercury"), (1 / 33.8639, "inches of mercury for hectopascals"),
    (6.894757, "kilopascals for psi"), (1 / 6.894757, "psi for kilopascals"),
    (4.184, "joules for calories"), (1 / 4.184, "calories for joules"),
    (16.387064, "cubic centimetres for cubic inches"),
    (1 / 16.387064, "cubic inches for cubic centimetres"), (0.4251437, "kilometres a litre for miles a gallon"),
    (0.40468564, "hectares for acres"), (1 / 0.40468564, "acres for hectares"), (2.589988, "square kilometres for square miles"),
    (60, "sixty times as large (minutes, seconds)"), (1 / 60, "a sixtieth (minutes, hours)"), (3600, "seconds for hours"),
    (1 / 3600, "hours for seconds"), (24, "hours for days"), (1 / 24, "days for hours"), (7, "days for weeks"),
    (1 / 7, "weeks for days"), (12, "months for years"), (1 / 12, "years for months"), (365.25, "days for years"),
    (1 / 365.25, "years for days"), (52, "weeks for years"), (1 / 52, "years for weeks"), (86400, "seconds for days"),
    (0.0174533, "radians for degrees"), (57.29578, "degrees for radians"),
    (18.0182, "mg/dl for mmol/l"), (1 / 18.0182, "mmol/l for mg/dl"),
)  # fmt: skip
CONVERSIONS: tuple[Conversion, ...] = (
    *(Conversion(text, _times(factor)) for factor, text in _FACTORS),
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
