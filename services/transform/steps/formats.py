"""How dates and times are written: the signs that a format may hold, and what a text of it looks like.

The engine alone is lenient: it takes 7 for %Y and reads on where a text goes on. So a text is compared with the shape
of its format first.
"""

import re

from services.transform.expressions.patterns import quote
from services.transform.expressions.tree import ExpressionInvalid

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
SHAPES: dict[str, str] = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
    "j": "[0-9]{3}",
    "b": "(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "B": f"(?i:{_MONTHS})",
    "a": "(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "A": f"(?i:{_DAYS})",
    "p": "(?i:AM|PM)",
    "z": "(?:[+-][0-9]{2}:?[0-9]{2})",
    "f": "[0-9]{1,6}",
    "%": "%",
}
_SIGN = re.compile(r"%(\.f|.?)", re.DOTALL)
_CLOCK = frozenset("HIMSpf")
_WRITABLE = frozenset("YymdHIMSjbBaApf%")


def signs(format: str, *, writing: bool = False) -> set[str]:
    """The signs of a format; raises ExpressionInvalid where it holds one that is not known."""
    found = {match[1].removeprefix(".") for match in _SIGN.finditer(format)}
    for sign in sorted(found):
        if sign not in SHAPES or (writing and sign not in _WRITABLE):
            known = ", ".join(f"%{name}" for name in sorted(_WRITABLE if writing else SHAPES))
            raise ExpressionInvalid("invalid_format", f"%{sign} is none of the signs there are: {known}.")
    return found


def check_reading(format: str, *, clock: bool = False, day: bool = True) -> None:
    """Refuse a format that does not say a whole date (or, with `clock`, a time)."""
    found = signs(format)
    if day and not (found & {"Y", "y"} and ((found & {"m", "b", "B"} and "d" in found) or "j" in found)):
        raise ExpressionInvalid("invalid_format", f"The format {format!r} does not say a year, a month and a day.")
    if "I" in found and "p" not in found:
        raise ExpressionInvalid("invalid_format", "%I, the hour up to 12, needs %p.")
    if clock and not found & {"H", "I"}:
        raise ExpressionInvalid("invalid_format", f"The format {format!r} does not say an hour.")
    if found & {"M", "S", "p", "f"} and not found & {"H", "I"}:
        raise ExpressionInvalid("invalid_format", f"The format {format!r} has minutes and no hour.")


def has_clock(format: str) -> bool:
    """Whether it says more than a day."""
    return bool(signs(format) & _CLOCK)


def has_offset(format: str) -> bool:
    """Whether it says how far from UTC."""
    return "z" in signs(format)


def shape(format: str) -> str:
    """The regular expression of texts in a format."""
    parts, at = [], 0
    for match in _SIGN.finditer(format):
        parts.append(quote(format[at : match.start()]))
        sign = match[1]
        parts.append(r"(?:\.[0-9]{1,6})?" if sign == ".f" else SHAPES[sign])
        at = match.end()
    parts.append(quote(format[at:]))
    return f"^{''.join(parts)}$"


def engine(format: str) -> str:
    """The format as the engine writes it: %f are microseconds there only with `6`."""
    return _SIGN.sub(lambda match: "%.f" if match[1] == ".f" else "%6f" if match[1] == "f" else match[0], format)
