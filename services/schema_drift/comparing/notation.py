"""Whether a column that came says the same facts in another way: which way it is, and whether the values prove it."""

import re
from dataclasses import dataclass
from datetime import date

from services.schema_drift.comparing.spread import distance
from services.schema_drift.describing.column import FOLDS, Figures
from services.schema_drift.describing.dates import counted
from services.schema_drift.describing.plain import MOMENT, MOMENTS, NUMERIC

# Numbers that lie further apart are hardly of one column.
_OTHERS = 0.4
# Words for true and false that everybody reads the same.
_CONVENTIONAL = {("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("1", "0")}
_SAFE_NUMBERS = {
    "percent sign", "decimal comma", "thousands comma", "thousands point", "thousands apostrophe", "thousands space",
}  # fmt: skip


@dataclass(frozen=True)
class Notation:
    """How a pair of columns differs in writing.

    `text` says it (nothing differs when it is empty), `safe` that one can be turned into the other without a doubt,
    `widened` that it is no other way of writing but a type that holds more, and `readable` is False when the new
    values are no values of the old kind at all.
    """

    text: str = ""
    safe: bool = True
    widened: bool = False
    readable: bool = True
    lossy: bool = False
    numbers: tuple[float, ...] | None = None


SAME = Notation()
UNREADABLE = Notation("values of another kind", safe=False, readable=False)


def notation(before: Figures, after: Figures) -> Notation:
    """Compare how two columns are written."""
    if not before.present or not after.present:
        return SAME
    if after.wrapped >= 0.9 and before.wrapped < 0.1 and before.type not in NUMERIC:
        return Notation("text inside JSON", safe=False)
    if before.truths and after.truths and (before.type != after.type or before.truths != after.truths):
        return _truths(before, after)
    if before.type in NUMERIC:
        return _from_numbers(before, after)
    if before.type in MOMENTS:
        return _from_moments(before, after)
    if before.type == "bool":
        if after.type == "bool":
            return SAME
        few = after.distinct <= 2 and before.distinct <= 2
        return Notation("other codes for true and false", safe=False) if few else UNREADABLE
    return _from_text(before, after)


def _truths(before: Figures, after: Figures) -> Notation:
    assert before.truths is not None  # noqa: S101 - the caller looked
    assert after.truths is not None  # noqa: S101
    if before.type in NUMERIC and after.type in NUMERIC:
        return SAME
    text = "/".join(before.truths) + " to " + "/".join(after.truths)
    return Notation(text, safe={before.truths, after.truths} <= _CONVENTIONAL)


def _from_numbers(before: Figures, after: Figures) -> Notation:
    if after.type in NUMERIC:
        return _numbers(before, after)
    if after.type == "bool":
        return UNREADABLE
    if before.dates and (after.type in MOMENTS or after.dates):
        return Notation("eight digits to a date", safe=after.type == "date" or bool(after.dates and after.dates.proven))
    if after.type in MOMENTS:
        low, high = _span(after)
        origin = counted(before.numbers, low, high)
        return Notation(f"{origin} to a date", safe=False) if origin else UNREADABLE
    found = after.numerals
    if found is None:
        return _words_among(before, after)
    safe = found.way in _SAFE_NUMBERS and found.proven
    lossy = before.whole is False and after.whole and after.distinct > 5
    return Notation(found.way, safe and not lossy, lossy=lossy, numbers=after.numbers)


def _numbers(before: Figures, after: Figures) -> Notation:
    if before.type == after.type:
        return SAME
    if after.type == "int64":
        if before.whole:
            return Notation("a point and zero dropped", widened=True)
        return Notation("digits lost", safe=False, lossy=True)
    pointed = all(re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", text) for text in after.counts)
    if pointed and not after.whole and distance(before.numbers, [1000 * number for number in after.numbers]) < 0.35:
        return Notation("thousands point", safe=False, numbers=tuple(1000 * number for number in after.numbers))
    fractions = sum(number != int(number) for number in after.numbers if abs(number) < 1e15)
    if fractions > 0.5 * after.present:
        # Things that were counted have no fractions: it is measured now, or in other units.
        return Notation("fractions in most values", safe=False)
    if fractions and distance(before.numbers, after.numbers) > _OTHERS:
        return Notation("fractions, and other numbers", safe=False)
    return Notation("decimals", widened=True)


def _words_among(before: Figures, after: Figures) -> Notation:
    def number(text: str) -> float | None:
        try:
            return float(text)
        except ValueError:
            return None

    known = sorted(value for text, many in after.counts.items() for value in [number(text)] * many if value is not None)
    words = sum(number(text) is None for text in after.counts)
    if len(known) < 0.4 * after.present and not (words == 1 and before.empty_share > 0.4 and len(known) >= 10):
        return UNREADABLE
    return Notation("words among the numbers", safe=False, numbers=tuple(known))


def _from_moments(before: Figures, after: Figures) -> Notation:
    if after.type == before.type:
        return _zones(before, after) if after.type == "datetime" else SAME
    if after.type == "date":
        midnight = all(_midnight(text) for text in before.counts)
        return Notation("time of day dropped", safe=midnight, lossy=not midnight)
    if after.type == "datetime":
        return Notation("a time of day added", safe=all(_midnight(text) for text in after.counts), widened=True)
    if after.type in NUMERIC:
        if after.dates:
            lossy = before.type == "datetime" and not all(_midnight(text) for text in before.counts)
            return Notation("eight digits, year first", safe=not lossy, lossy=lossy)
        low, high = _span(before)
        origin = counted(after.numbers, low, high)
        return Notation(origin, safe=False) if origin else UNREADABLE
    if after.dates is None:
        partly = sum(many for text, many in after.counts.items() if text[:4].isdigit())
        return Notation("words among the dates", safe=False) if partly > 0.4 * after.present else UNREADABLE
    timed = any(":" in text for text in after.counts)
    lossy = before.type == "datetime" and not timed and not all(_midnight(text) for text in before.counts)
    zoned = before.type == "datetime" and timed  # what the zone is, a bare time of day does not say
    text = f"ISO date to {after.dates.way}"
    return Notation(text, safe=after.dates.proven and not lossy and not zoned, lossy=lossy)


def _zones(before: Figures, after: Figures) -> Notation:
    old, new = _marks(before), _marks(after)
    if old == new or not (new - old):
        return _finer(before, after)
    if "" in new and "" not in old:
        return Notation("no zone is stated any more", safe=False)
    if "" in old and "" not in new:
        return Notation("a zone is stated that was not", safe=False)
    if {"Z", "offset"} >= old | new:
        return Notation("another mark of the zone", safe=True)
    return Notation("another mark of the zone", safe=False)


def _finer(before: Figures, after: Figures) -> Notation:
    """Seconds or minutes that were there and are not."""
    for text, place in (("time of day cut to hours", slice(14, 16)), ("seconds cut", slice(17, 19))):
        old, new = ([value[place] for value in side.counts] for side in (before, after))
        varied = len(set(old)) >= 5 and sum(part in ("00", "") for part in old) < 0.5 * len(old)
        if varied and len(new) >= 10 and all(part in ("00", "", "Z") for part in new):
            return Notation(text, safe=False, lossy=True)
    return SAME


def _marks(column: Figures) -> set[str]:
    found = set()
    for text in column.counts:
        match = MOMENT.fullmatch(text)
        zone = match[6] if match else None
        found.add("Z" if zone == "Z" else "offset" if zone else "")
    return found


def _midnight(text: str) -> bool:
    return len(text) <= 10 or re.fullmatch(r".{10}[T ]00:00(:00(\.0+)?)?.*", text) is not None


def _span(column: Figures) -> tuple[date, date]:
    days = sorted(text[:10] for text in column.counts)
    return date.fromisoformat(days[0]), date.fromisoformat(days[-1])


def _from_text(before: Figures, after: Figures) -> Notation:
    if after.type in NUMERIC:
        return _to_numbers(before, after)
    if after.type in MOMENTS:
        if before.dates is None:
            return UNREADABLE
        return Notation(f"{before.dates.way} to ISO date", safe=before.dates.proven and after.type == "date")
    if after.type == "bool":
        few = before.distinct <= 2
        return Notation("other codes for true and false", safe=False) if few else UNREADABLE
    if before.dates or after.dates:
        return _dates(before, after)
    if before.numerals or after.numerals:
        return _numerals(before, after)
    return _texts(before, after)


def _to_numbers(before: Figures, after: Figures) -> Notation:
    if before.numerals is not None:
        way, proven = before.numerals.way, before.numerals.proven
        if way == "leading zeros":
            return Notation("leading zeros lost", safe=False, lossy=True)
        return Notation(f"{way} dropped", safe=proven and way in _SAFE_NUMBERS, numbers=after.numbers)
    if before.dates is not None:
        low, high = min(before.dates.days.values()), max(before.dates.days.values())
        if after.dates:
            return Notation(f"{before.dates.way} to eight digits", safe=before.dates.proven)
        origin = counted(after.numbers, low, high)
        return Notation(origin, safe=False) if origin else UNREADABLE
    digits = sum(many for text, many in before.counts.items() if len(re.findall(r"\d", text)) >= 2)
    if digits >= 0.97 * before.present and before.distinct > 20:
        return Notation("a part of the text lost", safe=False, lossy=True)
    return UNREADABLE


def _dates(before: Figures, after: Figures) -> Notation:
    old, new = before.dates, after.dates
    if old is None or new is None:
        return UNREADABLE if old is not None else SAME
    if old.way == new.way:
        return SAME
    orders = {way.way.replace(" of two digits", "")[:3] for way in (old, new)}
    if orders == {"day", "mon"} and "month names" not in (old.way, new.way):
        return Notation(f"{old.way} to {new.way}", safe=False)
    return Notation(f"{old.way} to {new.way}", safe=old.proven and new.proven)


def _numerals(before: Figures, after: Figures) -> Notation:
    old, new = before.numerals, after.numerals
    if old is None:
        return SAME
    if new is None:
        # A few odd ones among values that were there before.
        known = sum(many for text, many in after.counts.items() if text in before.counts)
        return SAME if known >= 0.8 * after.present else UNREADABLE
    if old.way == new.way or {old.way, new.way} <= {"leading zeros", "word after number"}:
        return SAME
    safe = old.proven and new.proven and {old.way, new.way} <= _SAFE_NUMBERS
    return Notation(f"{old.way} to {new.way}", safe=safe, numbers=after.numbers)


def _texts(before: Figures, after: Figures) -> Notation:
    fresh = {value: many for value, many in after.counts.items() if value not in before.counts}
    if len(fresh) >= 2 and sum(fresh.values()) > 0.5 * after.present:
        for text, known, folded in zip(FOLDS, before.folded, after.folds, strict=True):
            back = sum(many for value, many in fresh.items() if folded[value] in known)
            if back >= 0.8 * sum(fresh.values()):
                return Notation(text, safe=False)
    if before.cased != after.cased and None not in (before.cased, after.cased) and _worded(before, after):
        return Notation("other letter case in values", safe=False)
    return _shortened(before, after)


def _worded(before: Figures, after: Figures) -> bool:
    """Whether texts begin with words that they began with before."""
    starts = {text.casefold().split(" ")[0] for text in before.counts}
    return sum(text.casefold().split(" ")[0] in starts for text in after.counts) >= 0.2 * after.distinct


def _shortened(before: Figures, after: Figures) -> Notation:
    """Texts that are cut at a length."""
    longest = after.longest
    if before.longest > longest + 2:
        cut = [value for value in after.counts if len(value) == longest]
        starts = {value[:longest].rstrip() for value in before.counts if len(value) > longest}
        known = len(cut) >= 2 and starts and sum(value.rstrip() in starts for value in cut) >= 0.5 * len(cut)
        if known or _heaped(before, after, longest):
            return Notation(f"texts cut at {longest} letters", safe=False, lossy=True)
    return SAME


def _heaped(before: Figures, after: Figures, longest: int) -> bool:
    """Whether texts end at a length where few ended before."""
    was_longer, was_at, now_at = (
        sum(many for text, many in side.counts.items() if low <= len(text) <= high) / side.present
        for side, low, high in (
            (before, longest + 1, 1_000_000),
            (before, longest, longest),
            (after, longest, longest),
        )
    )
    ends = [text for text in after.counts if len(text) == longest]
    fresh = sum(text not in before.counts for text in ends)
    starts = {text[:3] for text in before.counts}
    if sum(text[:3] in starts for text in ends) < 0.3 * len(ends):
        return False
    many = min(before.present, after.present) >= 40 and longest >= 5 and len(ends) >= 5 and fresh >= 0.8 * len(ends)
    return many and was_longer >= 0.1 and now_at >= 0.08 and now_at >= 2 * was_at + 0.02
