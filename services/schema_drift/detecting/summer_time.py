"""Hours that moved against another column because the clocks were set, as the calendar of some time zone says."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_ENOUGH = 0.98
_FIRST = 12

Row = tuple[datetime, int]


def explained(before: tuple[Sequence[str], Sequence[str]], after: tuple[Sequence[str], Sequence[str]]) -> bool:
    """Whether one zone's clocks lie between the moments and the hours of both deliveries, row by row.

    Each side is the moments and the hours of the other column. Where this machine knows no zones nothing is explained.
    """
    rows = [_rows(*before), _rows(*after)]
    if not all(rows):
        return False
    return any(
        all(_fits(zone, way, side[:: 1 + len(side) // _FIRST]) and _fits(zone, way, side) for side in rows)
        for zone in _zones()
        for way in (_there, _back)
    )


def _rows(moments: Sequence[str], hours: Sequence[str]) -> list[Row]:
    """Distinct moments with their hours; whatever zone a moment names, its clock is read as it is written."""
    pairs = {(text[:16], hour) for text, hour in zip(moments, hours, strict=True) if text and hour.isdigit()}
    found = []
    for text, hour in sorted(pairs):
        try:
            found.append((datetime.fromisoformat(text).replace(tzinfo=UTC), int(hour) % 24))
        except ValueError:
            return []
    return found


@cache
def _zones() -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in sorted(available_timezones()))


def _there(zone: ZoneInfo, moment: datetime) -> int:
    """The hour there at a moment of universal time."""
    return moment.astimezone(zone).hour


def _back(zone: ZoneInfo, moment: datetime) -> int:
    """The universal hour of a moment of the clocks there."""
    return (moment - (zone.utcoffset(moment.replace(tzinfo=None)) or timedelta())).hour


def _fits(zone: ZoneInfo, way: Callable[[ZoneInfo, datetime], int], rows: Sequence[Row]) -> bool:
    return sum(way(zone, moment) == hour for moment, hour in rows) >= _ENOUGH * len(rows)
