"""Numbers with a magnitude behind them: $94.71 bn, 3.2M, 15 k. What they are to become is said, or shown by an example."""

import re
from collections.abc import Sequence

_SIZES = {
    **dict.fromkeys(("k", "thousand", "thousands", "tsd"), 1_000),
    **dict.fromkeys(("m", "mn", "mio", "mil", "million", "millions"), 1_000_000),
    **dict.fromkeys(("b", "bn", "mrd", "billion", "billions"), 1_000_000_000),
    **dict.fromkeys(("t", "tn", "trillion"), 1_000_000_000_000),
}
_BARE = re.compile(
    r"\b(?:just|only|keep|want|leave|plain|bare) (?:\w+ ){0,3}?(?:the )?(?:number|figure|amount|value)s?\b"
    r"|\b(?:without|strip|drop|remove|lose|take off|cut|ignore|no|minus|rid of|off) (?:[^.;]{0,30}?)\b(?:unit|suffix|letters?|k|m|mn|bn|b|million|billion|thousand)\b",
    re.I,
)
_SAID = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?![\w%])")


def bare_wanted(values: Sequence[str], unit: str, said: str) -> bool | None:
    """Whether the numbers are wanted without their magnitude; None where nothing in the instruction settles it."""
    size = _SIZES.get(unit.casefold())
    if size is None:
        return True
    wanted = {float(found.replace(",", "")) for found in _SAID.findall(_without(values, said))}
    for value in values:
        if value in said:
            digits = re.search(r"\d[\d,]*(?:\.\d+)?", value)
            if digits is not None and wanted:
                plain = float(digits[0].replace(",", ""))
                if plain in wanted:
                    return True
                if any(abs(plain * size - one) < 0.5 for one in wanted):
                    return False
    return True if _BARE.search(said) else None


def _without(values: Sequence[str], said: str) -> str:
    for value in sorted((one for one in values if one in said), key=len, reverse=True):
        said = said.replace(value, " ")
    return said
