"""Details that a column of the same type had and has no more, and missing values that are written in a new way."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from services.schema_drift.comparing.notation import Notation
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.plain import NUMERIC, PLAIN_NUMBER

# Words that people write where a value is missing; a reader cannot tell them from data.
_WORDS = frozenset(
    "unknown unk missing n.a. n.a n/v n.v. tbd tba nil none given not available unavailable unspecified unbekannt"
    " k.a. inconnu desconocido sconosciuto desconhecido onbekend fehlt keine angabe na. void blank . .. ... * ** x xx"
    " undefined (null) <null> <na> (blank) #n/v #nv empty leer".split()
) | {"not available", "none given", "keine angabe", "not applicable"}
_STOPGAPS = {float(sign + digits) for digits in ("99", "999", "9999", "99999", "999999") for sign in ("", "-")} | {
    -1.0, 0.0, 8888.0, -9998.0, 1e9,
}  # fmt: skip

# A marker that comes as often as this in a column of texts is no slip.
_SEVERAL = 3


def fresh_marker(before: Figures, after: Figures) -> Notation | None:
    """Missing values that were written in one of the usual ways, and are in another."""
    fresh = fresh_markers(before, after)
    if not fresh:
        return None
    text, many = max(fresh.items(), key=lambda pair: (pair[1], pair[0]))
    told = Notation(f"missing written {text}" if text else "missing left empty")
    if sum(fresh.values()) >= 0.5 * sum(after.missing.values()) and before.missing:
        # In a text the marker might be a word: it is none if it came where nothing was.
        gap = sum(after.missing.get(old, 0) for old in before.missing) / after.rows
        return told if not _texts(after) or gap <= 0.5 * before.empty_share else replace(told, safe=False)
    return replace(told, safe=False) if _texts(after) and text and many >= _SEVERAL else None


def fresh_markers(before: Figures, after: Figures) -> dict[str, int]:
    """The usual markers for a missing value that were not there, and how often they came."""
    return {text: many for text, many in after.missing.items() if text not in before.missing}


def _texts(column: Figures) -> bool:
    """Whether a reader takes whatever stands there for a text: of numbers and dates it sees which are missing."""
    return column.type == "string" and column.numerals is None and column.dates is None


def stopgap(before: Figures, after: Figures) -> Notation | None:
    """A value that stands where nothing stood before."""
    if not after.present or not before.present:
        return None
    filled = before.empty_share - after.empty_share
    usual = sorted(after.counts.items(), key=lambda pair: -pair[1])
    for text, many in (*usual[:5], *(pair for pair in usual[5:] if _suspect(after, pair[0]))):
        share = many / after.present
        earlier = _earlier(before, text) / before.present
        if share < 0.008 or many < 3 or earlier > 0.2 * share:
            continue
        gap = before.empty_share >= 0.008 and filled >= 0.5 * before.empty_share and share >= 0.35 * before.empty_share
        if text.casefold() in _WORDS or (gap and before.type == "string" and _alone(before, after, text, share)):
            return Notation(f"missing written {text}", safe=False)
        # Nothing is a number like others: it has to be among the usual ones, and no gap may be left.
        heaped = gap and many >= 5 and (text, many) in usual[:5] and filled >= 0.8 * before.empty_share
        if after.type in NUMERIC and before.numbers:
            number = float(text)
            outside = number < before.numbers[0] or number > before.numbers[-1]
            far = outside and _far(before.numbers, number)
            if number in _STOPGAPS and ((outside and (gap or (far and number != 0))) or (number == 0 and heaped)):
                return Notation(f"missing written {text}", safe=False)
    return None


def filled(before: Figures, after: Figures) -> Notation | None:
    """One value in every row of a column that never held any."""
    if before.present or before.rows < 20 or after.distinct != 1 or after.present < 0.9 * after.rows:
        return None
    return Notation(f"{next(iter(after.counts))[:40]} in every row, where nothing was", safe=False)


# A delivery of another season has other months and days of the week.
_CALENDAR = frozenset(
    "jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun win spr sum fal aut".split()
)


def _alone(before: Figures, after: Figures, text: str, share: float) -> bool:
    """Whether one new value stands out: no other is new, or none comes half as often."""
    if text in before.counts:
        return False
    fresh = sorted((many for value, many in after.counts.items() if value not in before.counts), reverse=True)
    return len(fresh) == 1 or (share >= 0.02 and fresh[0] == after.counts[text] and fresh[1] < 0.5 * fresh[0])


def _suspect(column: Figures, text: str) -> bool:
    return float(text) in _STOPGAPS if column.type in NUMERIC else text.casefold() in _WORDS


def _earlier(before: Figures, text: str) -> int:
    if before.numbers and PLAIN_NUMBER.fullmatch(text):
        return bisect_right(before.numbers, float(text)) - bisect_left(before.numbers, float(text))
    return before.counts.get(text, 0)


def _far(numbers: Sequence[float], number: float) -> bool:
    low, high = numbers[0], numbers[-1]
    margin = max(high - low, 1.0)
    return number < low - 0.5 * margin or number > high + 0.5 * margin


def rounded(before: Figures, after: Figures) -> Notation | None:
    """Digits behind the point, or whole tens, that were exact and are not."""
    if before.type not in NUMERIC or after.type != before.type or before.distinct < 12 or after.present < 30:
        return None
    if before.type == "float64":
        old, new = before.decimals, after.decimals
        for places in range(max(old, default=0), 0, -1):
            had, has = (sum(many for size, many in side.items() if size >= places) for side in (old, new))
            if had >= 0.5 * before.present and has == 0:  # not one, of so many
                return Notation(f"rounded to {places - 1} decimals", safe=False, lossy=True)
        return None
    for step in (1000, 100, 10):
        was, now = before.multiples[step], after.multiples[step]
        if now == 1 and was < 0.5 and after.distinct >= 5:
            return Notation(f"rounded to whole {step}s", safe=False, lossy=True)
    return None


def fresh_code(before: Figures, after: Figures) -> Notation | None:
    """A new value in a set that was closed, too often to have been missed before."""
    if not before.closed or before.distinct < 2 or after.truths or before.type not in ("string", "bool", "int64"):
        return None
    if before.type == "int64" and (before.truths is None or before.distinct != 2):
        return None
    fresh = {text: many for text, many in after.counts.items() if text not in before.counts}
    if not fresh or len(fresh) > 12 or all(text.casefold()[:3] in _CALENDAR for text in after.counts):
        return None
    # So many values of one kind would hardly all have fallen into the later of two samples.
    many = max(fresh.values())
    if (after.present / (after.present + before.present)) ** many > 0.004:
        return None
    if before.type == "int64" and many < 0.05 * after.present:
        return None  # what comes seldom is counted, not coded
    known = sum(count for text, count in after.counts.items() if text in before.counts)
    if known == 0:
        return Notation("other codes for the same classes", safe=False)
    text = max(fresh, key=lambda one: fresh[one])
    return Notation(f"new code {text}", safe=False)
