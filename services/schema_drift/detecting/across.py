"""What only shows across columns: contents that changed places, and relations between columns that hold no more."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from services.schema_drift.comparing.agreement import Agreement, agreement
from services.schema_drift.comparing.notation import notation
from services.schema_drift.comparing.spread import distance
from services.schema_drift.comparing.units import Conversion
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import LEAST_ROWS, Delivery
from services.schema_drift.describing.plain import MOMENTS, NUMERIC
from services.schema_drift.detecting.summer_time import explained

Pairs = Sequence[tuple[Figures, Figures]]
# Looking at each with each is quadratic.
_MOST = 24
_OWN = 0.1


def exchanged(pairs: Pairs, own: dict[str, Agreement]) -> dict[str, str]:
    """Earlier name → what the column holds now, for columns that look like another one's past, not their own."""
    moved = [pair for pair in pairs if own[pair[0].name].score < 0.7 and pair[1].present >= LEAST_ROWS]
    likely: dict[str, str] = {}
    for old, new in moved[:_MOST]:
        best, name = 0.0, ""
        for other, _ in pairs[:200]:
            if other is old or other.type != new.type or not other.present:
                continue
            values = agreement(other, new, notation(other, new))
            fits = values.score if values.kind in ("numbers", "closed", "open") else 0.0
            if fits > best:
                best, name = fits, other.name
        if best >= 0.85 and best >= own[old.name].score + 0.2:
            likely[old.name] = name
    # A column alone that came to look like another is a season; two that changed places, or most of them, are not.
    many = len(likely) >= 3 and len(likely) >= 0.5 * len(pairs)
    return {old: f"holds {other}" for old, other in likely.items() if likely.get(other) == old or many}


@dataclass(frozen=True)
class _Aligned:
    """The values of the same columns in both deliveries, row by row; None where there is none."""

    before: dict[str, Sequence[float | None]]
    after: dict[str, Sequence[float | None]]


def disordered(before: Delivery, after: Delivery, pairs: Pairs, own: dict[str, Agreement]) -> dict[str, str]:
    """Columns one of which was never above the other, and now is: earlier name → what it holds."""
    aligned = _numbers(before, after, pairs)
    places = {old.name: (old.at, new.at) for old, new in pairs}
    found: dict[str, str] = {}
    for a, b in combinations(aligned.before, 2):
        if own[a].distance + own[b].distance <= _OWN:
            continue  # each looks like its own past: spares most tables a look at their rows
        was = before.above(places[a][0], places[b][0])
        if was is None or 0.01 < was < 0.85:
            continue
        now = after.above(places[a][1], places[b][1])
        if now is None:
            continue
        turned = (was <= 0.01 and now >= 0.85) or (was >= 0.85 and now <= 0.01)
        if turned and _changed_places(aligned, a, b):
            found.setdefault(a, f"holds {b}")
            found.setdefault(b, f"holds {a}")
    return found


def confirmed(
    before: Delivery, after: Delivery, pairs: Pairs, suspected: Mapping[str, Sequence[Conversion]]
) -> dict[str, bool]:
    """Columns whose numbers may be in another unit → whether they go with others again once that is undone.

    Says nothing of a column that went with none.
    """
    aligned = _numbers(before, after, pairs)
    votes: dict[str, list[bool]] = defaultdict(list)
    for a, b in combinations(aligned.before, 2):
        if (a in suspected) == (b in suspected):
            continue
        line = _line(_both(aligned.before[a], aligned.before[b]))
        if line is None:
            continue
        slope, start, spread = line
        rows = _both(aligned.after[a], aligned.after[b])
        if len(rows) < LEAST_ROWS:
            continue
        name = a if a in suspected else b
        off = _off(rows, slope, start)
        undone = ([(one.undo(x), y) if name == a else (x, one.undo(y)) for x, y in rows] for one in suspected[name])
        back = min(_off(these, slope, start) for these in undone)
        votes[name].append((back < 0.6 * off and back <= 3 * spread) or off > 10 * spread)
    return {name: sum(held) * 2 >= len(held) for name, held in votes.items()}


def contradicted(before: Delivery, after: Delivery, pairs: Pairs) -> dict[str, str]:
    """Columns that others told before, and that those tell to be something else now."""
    few = [pair for pair in pairs if 2 <= pair[0].distinct <= 60 and pair[1].present >= LEAST_ROWS][:_MOST]
    texts = {old.name: (before.values(old.at), after.values(new.at)) for old, new in few}
    found: dict[str, str] = {}
    for told, came in few:
        if (
            told.distinct > 12
            or max(told.counts.values()) > 0.9 * told.present
            or told.truths is None != came.truths is None
        ):
            continue
        for teller, _ in few:
            if teller is told:
                continue
            rule = _rule(texts[teller.name][0], texts[told.name][0])
            if rule is None:
                continue
            met = [
                (rule[by], value)
                for by, value in zip(texts[teller.name][1], texts[told.name][1], strict=True)
                if by in rule and value
            ]
            if told.truths and came.truths:
                held = sum(told.means(x) == came.means(y) for x, y in met)
            else:
                held = sum(x == y for x, y in met)
            if len(met) >= LEAST_ROWS and held <= 0.35 * len(met) and len({x for x, _ in met}) > 1:
                known = set(told.counts) >= set(came.counts) or told.truths is not None
                if known:
                    found[told.name] = f"contradicts {teller.name}"
    return found


def _rule(tellers: Sequence[str], told: Sequence[str]) -> dict[str, str] | None:
    """Value → the value that goes with it (nearly) always, if there is such a rule."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for by, value in zip(tellers, told, strict=True):
        if by and value:
            seen[by][value] += 1
    rows = sum(sum(counts.values()) for counts in seen.values())
    usual = {by: counts.most_common(1)[0] for by, counts in seen.items() if sum(counts.values()) >= 3}
    held = sum(many for _, many in usual.values())
    if rows < LEAST_ROWS or held < 0.93 * rows or len({value for value, _ in usual.values()}) < 2:
        return None
    return {by: value for by, (value, _) in usual.items()}


def _numbers(before: Delivery, after: Delivery, pairs: Pairs) -> _Aligned:
    chosen = [
        (old, new)
        for old, new in pairs
        if old.type in NUMERIC and new.type in NUMERIC and old.distinct > 5 and new.present >= LEAST_ROWS
    ][:_MOST]
    return _Aligned(
        {old.name: before.numbers(old.at) for old, _ in chosen},
        {old.name: after.numbers(new.at) for old, new in chosen},
    )


def _both(one: Sequence[float | None], other: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(one, other, strict=True) if x is not None and y is not None]


def _changed_places(aligned: _Aligned, a: str, b: str) -> bool:
    """Whether each looks more like the other's past than like its own."""
    old_a, old_b, new_a, new_b = (
        sorted(value for value in side[name] if value is not None)
        for side in (aligned.before, aligned.after)
        for name in (a, b)
    )
    own = distance(old_a, new_a) + distance(old_b, new_b)
    crossed = distance(old_a, new_b) + distance(old_b, new_a)
    return crossed + _OWN < own and crossed < 0.8


def _off(rows: Sequence[tuple[float, float]], slope: float, start: float) -> float:
    """How far numbers usually are from a line."""
    return sorted(abs(y - slope * x - start) for x, y in rows)[len(rows) // 2]


def _line(rows: Sequence[tuple[float, float]]) -> tuple[float, float, float] | None:
    """Slope, start and usual distance of the line that numbers lie on, if they do."""
    if len(rows) < LEAST_ROWS:
        return None
    size = len(rows)
    mean_x, mean_y = sum(x for x, _ in rows) / size, sum(y for _, y in rows) / size
    xx = sum((x - mean_x) ** 2 for x, _ in rows)
    yy = sum((y - mean_y) ** 2 for _, y in rows)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in rows)
    if xx <= 0 or yy <= 0 or xy * xy < 0.8 * xx * yy:
        return None
    slope = xy / xx
    start = mean_y - slope * mean_x
    return slope, start, max(_off(rows, slope, start), 1e-9 + 1e-6 * abs(mean_y))


_PARTS = {"hour": slice(11, 13), "day": slice(8, 10), "month": slice(5, 7)}


def shifted(before: Delivery, after: Delivery, pairs: Pairs) -> dict[str, str]:
    """Moments that moved against the parts of them that other columns hold, or against their own hours of the day."""
    found: dict[str, str] = {}
    moments = [(old, new) for old, new in pairs if old.type in MOMENTS and new.type == old.type][:_MOST]
    small = [
        (old, new)
        for old, new in pairs
        if old.type == new.type == "int64" and old.numbers and old.numbers[0] >= 0 and 4 <= old.numbers[-1] <= 31
    ][:_MOST]
    for old, new in moments:
        was, now = before.values(old.at), after.values(new.at)
        for part, place in _PARTS.items():
            if part == "hour" and old.type == "date":
                continue
            round_ = {"hour": 24, "day": 31, "month": 12}[part]
            if len({text[place] for text in was}) < 5:
                continue
            for other, came in small:
                then, there = before.values(other.at), after.values(came.at)
                earlier, later = _differences(was, then, place, round_), _differences(now, there, place, round_)
                moved = earlier and later and _settled(earlier) and _apart(earlier, later) > 0.6
                if moved and not (part == "hour" and explained((was, then), (now, there))):
                    found[old.name] = f"its {part} does not go with {other.name} any more"
        if old.name not in found and old.type == "date" and _turned(was, now):
            found[old.name] = "day and month have changed places"
        if old.name not in found and old.type == "datetime":
            by = _clock_shift(was, now)
            if by:
                found[old.name] = f"the times of day moved by {by} hours"
    return found


def _differences(texts: Sequence[str], numbers: Sequence[str], place: slice, round_: int) -> Counter[int] | None:
    found: Counter[int] = Counter()
    for text, number in zip(texts, numbers, strict=True):
        part = text[place]
        if part.isdigit() and number.isdigit():
            found[(int(part) - int(number)) % round_] += 1
    return found if sum(found.values()) >= LEAST_ROWS else None


def _settled(counts: Counter[int]) -> bool:
    top = sum(many for _, many in counts.most_common(2))
    return top >= 0.9 * sum(counts.values())


def _apart(one: Counter[int], other: Counter[int]) -> float:
    a, b = sum(one.values()), sum(other.values())
    return 1 - sum(min(one[key] / a, other[key] / b) for key in one)


def _turned(was: Sequence[str], now: Sequence[str]) -> bool:
    """Whether the rows came in the order of their dates, and do only with day and month exchanged."""
    before, after = ([text[:10] for text in texts if text] for texts in (was, now))
    if len(after) < LEAST_ROWS or _sorted(before) < 0.98 or _sorted(after) > 0.9:
        return False
    back = [f"{text[:4]}-{text[8:10]}-{text[5:7]}" if int(text[8:10]) <= 12 else text for text in after]
    return _sorted(back) > 0.95


def _sorted(texts: Sequence[str]) -> float:
    steps = list(pairwise(texts))
    up = sum(x <= y for x, y in steps)
    return max(up, sum(x >= y for x, y in steps)) / max(1, len(steps))


def _clock_shift(was: Sequence[str], now: Sequence[str]) -> int:
    before, after = (Counter(int(text[11:13]) for text in texts if text[11:13].isdigit()) for texts in (was, now))
    if min(sum(before.values()), sum(after.values())) < 100 or len(before) < 6:
        return 0
    by_shift = {
        shift: _apart(before, Counter({(hour + shift) % 24: many for hour, many in after.items()}))
        for shift in range(24)
    }
    best = min(by_shift, key=lambda shift: by_shift[shift])
    if by_shift[0] > 0.5 and by_shift[best] < 0.25 and best:
        return best if best <= 12 else best - 24
    return 0
