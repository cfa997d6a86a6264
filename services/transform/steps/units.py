"""Units of measure: how large each is, exactly, and by which names it goes."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Unit:
    """How many of the kind's base unit it is. `zero`: what is added to its own degrees before they are scaled."""

    kind: str
    size: Fraction
    zero: Fraction = Fraction(0)


def _unit(kind: str, size: str, zero: str = "0") -> Unit:
    return Unit(kind, Fraction(size), Fraction(zero))


UNITS: dict[str, Unit] = {
    "mm": _unit("length", "0.001"), "cm": _unit("length", "0.01"), "m": _unit("length", "1"),
    "km": _unit("length", "1000"), "inch": _unit("length", "0.0254"), "foot": _unit("length", "0.3048"),
    "yard": _unit("length", "0.9144"), "mile": _unit("length", "1609.344"),
    "nautical_mile": _unit("length", "1852"),
    "mg": _unit("mass", "0.001"), "g": _unit("mass", "1"), "kg": _unit("mass", "1000"), "t": _unit("mass", "1000000"),
    "ounce": _unit("mass", "28.349523125"), "pound": _unit("mass", "453.59237"), "stone": _unit("mass", "6350.29318"),
    "celsius": _unit("temperature", "1", "273.15"), "kelvin": _unit("temperature", "1"),
    "fahrenheit": _unit("temperature", "5/9", "459.67"),
    "ml": _unit("volume", "0.001"), "cl": _unit("volume", "0.01"), "l": _unit("volume", "1"),
    "m3": _unit("volume", "1000"), "us_gallon": _unit("volume", "3.785411784"),
    "uk_gallon": _unit("volume", "4.54609"), "us_pint": _unit("volume", "0.473176473"),
    "uk_pint": _unit("volume", "0.56826125"), "us_fluid_ounce": _unit("volume", "0.0295735295625"),
    "m2": _unit("area", "1"), "hectare": _unit("area", "10000"), "km2": _unit("area", "1000000"),
    "acre": _unit("area", "4046.8564224"), "square_foot": _unit("area", "0.09290304"),
    "square_mile": _unit("area", "2589988.110336"),
    "m/s": _unit("speed", "1"), "km/h": _unit("speed", "5/18"), "mph": _unit("speed", "0.44704"),
    "knot": _unit("speed", "463/900"),
    "ms": _unit("time", "0.001"), "second": _unit("time", "1"), "minute": _unit("time", "60"),
    "hour": _unit("time", "3600"), "day": _unit("time", "86400"), "week": _unit("time", "604800"),
    "byte": _unit("data", "1"), "kb": _unit("data", "1000"), "mb": _unit("data", "1000000"),
    "gb": _unit("data", "1000000000"), "kib": _unit("data", "1024"), "mib": _unit("data", "1048576"),
    "gib": _unit("data", "1073741824"),
    "pa": _unit("pressure", "1"), "hpa": _unit("pressure", "100"), "kpa": _unit("pressure", "1000"),
    "bar": _unit("pressure", "100000"), "psi": _unit("pressure", "6894.757293168"),
    "joule": _unit("energy", "1"), "kj": _unit("energy", "1000"), "kcal": _unit("energy", "4184"),
    "kwh": _unit("energy", "3600000"),
}  # fmt: skip
_OTHER_NAMES = {
    "millimeter": "mm", "millimetre": "mm", "centimeter": "cm", "centimetre": "cm", "meter": "m", "metre": "m",
    "kilometer": "km", "kilometre": "km", "in": "inch", "inches": "inch", "ft": "foot", "feet": "foot", "yd": "yard",
    "mi": "mile", "nmi": "nautical_mile", "milligram": "mg", "gram": "g", "kilogram": "kg", "kilo": "kg",
    "tonne": "t", "ton": "t", "oz": "ounce", "lb": "pound", "lbs": "pound", "c": "celsius", "°c": "celsius",
    "f": "fahrenheit", "°f": "fahrenheit", "k": "kelvin", "milliliter": "ml", "millilitre": "ml", "liter": "l",
    "litre": "l", "gallon": "us_gallon", "ha": "hectare", "kmh": "km/h", "kph": "km/h", "kt": "knot", "s": "second",
    "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "b": "byte",
    "square_metre": "m2", "square_meter": "m2", "m²": "m2", "km²": "km2", "m³": "m3", "sqft": "square_foot",
    "pascal": "pa", "j": "joule",
}  # fmt: skip


def find(name: str) -> Unit | None:
    """The unit of that name, in the singular or plural."""
    spelled = name.strip().lower().replace(" ", "_")
    for form in (spelled, spelled.removesuffix("s")):
        form = _OTHER_NAMES.get(form, form)
        if form in UNITS:
            return UNITS[form]
    return None
