"""Columns that were split into several, or put together into one: found by their parts."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date

from services.schema_drift.comparing.agreement import agreement
from services.schema_drift.comparing.notation import notation
from services.schema_drift.describing.column import Figures, figures
from services.schema_drift.describing.delivery import Delivery

_MARKS = (r"\s*[,;|]\s*", r"\s*/\s*", r"\s+-\s+", r"\s*[-_:T]\s*", r"\s*[()\[\]]\s*", r"\s+", r"(?<=[^\W\d_])(?=\d)")
_FIT = 0.7
_MOST = 12  # removed or added columns that are looked at


def derived(
    before: Delivery, after: Delivery, gone: Sequence[Figures], came: Sequence[Figures]
) -> dict[str, tuple[str, ...]]:
    """Old name → the new columns that carry its contents in parts, or together with another's."""
    gone, came = gone[:_MOST], came[:_MOST]
    found: dict[str, tuple[str, ...]] = {}
    for old in gone:
        parts = list(_parts(before.values(old.at)))
        carriers = [new for new in came if any(fits(part, new) for part in parts)]
        if len(carriers) >= 2:
            found[old.name] = tuple(new.name for new in carriers)
    for new in came:
        if new.type in ("float64", "bool"):
            continue
        parts = list(_parts(after.values(new.at)))
        merged = [old for old in gone if old.name not in found and any(fits(old, part) for part in parts)]
        if len(merged) >= 2 or (merged and _nested(new)):
            found |= {old.name: (new.name,) for old in merged}
    return found


def fits(old: Figures, new: Figures) -> bool:
    """Whether the values of a part might be those of a column."""
    written = notation(old, new)
    if not old.present or not new.present or not written.readable or new.distinct < 2:
        return False
    values = agreement(old, new, written)
    if values.kind == "open":
        return values.overlap >= 0.2 or (values.score >= _FIT and values.pattern >= 0.8)
    return values.kind != "truths" and values.score >= _FIT


def _nested(column: Figures) -> bool:
    return sum(many for text, many in column.counts.items() if text[:1] == "{") >= 0.8 * column.present


def _parts(values: Sequence[str]) -> Iterator[Figures]:
    known = [value for value in values if value]
    if not known:
        return
    if all(value[:1] == "{" for value in known):
        yield from _members(known)
        return
    yield from _calendar(known)
    for mark in _MARKS:
        split = [re.split(mark, value) for value in known]
        several = sum(len(parts) > 1 for parts in split)
        if several < 0.9 * len(known):
            continue
        yield figures("", 0, [parts[0] for parts in split])
        yield figures("", 0, [parts[1] if len(parts) > 1 else "" for parts in split])
        yield figures("", 0, [" ".join(part for part in parts[1:] if part) for parts in split])
        if any(len(parts) > 2 for parts in split):
            yield figures("", 0, [parts[2] if len(parts) > 2 else "" for parts in split])


def _members(known: Sequence[str]) -> Iterator[Figures]:
    objects = []
    for value in known:
        try:
            objects.append(json.loads(value))
        except ValueError:
            return
    for key in objects[0] if isinstance(objects[0], dict) else ():
        yield figures(key, 0, [str(one.get(key, "")) for one in objects if isinstance(one, dict)])


def _calendar(known: Sequence[str]) -> Iterator[Figures]:
    try:
        days = [date.fromisoformat(value[:10]) for value in known]
    except ValueError:
        return
    for part in ("year", "month", "day"):
        yield figures(part, 0, [str(getattr(day, part)) for day in days])
    yield figures("date", 0, [day.isoformat() for day in days])
    if all(len(value) >= 13 for value in known):
        yield figures("hour", 0, [str(int(value[11:13])) if value[11:13].isdigit() else "" for value in known])
        yield figures("time", 0, [value[11:16] for value in known])
