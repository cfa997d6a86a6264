"""Fast and slow: of speeds the fast ones are great, of times they are small."""

from services.transform.planner.reading import NUMERIC, Reader
from services.transform.planner.words import parts

# Whether the greatest time is meant.
PACE = {
    **dict.fromkeys(("fastest", "quickest", "faster", "quicker", "fast", "quick"), False),
    **dict.fromkeys(("slowest", "slower", "slow"), True),
}
_SPENT = frozenset("time times duration seconds secs sec minutes mins min elapsed runtime lap laps finish".split())


def measures_time(reader: Reader, name: str) -> bool:
    """Whether a column says how long something took."""
    return bool(_SPENT & set(parts(name))) and reader.column(name).type in NUMERIC


def timed(reader: Reader, at: int) -> bool | None:
    """Whether the greatest is meant where a pace is said right before a column of times; None where it is not."""
    if reader.low(at) not in PACE or at + 1 >= len(reader.tokens):
        return None
    found = any(measures_time(reader, name) for _, name, _ in reader.slot("Col", at + 1))
    return PACE[reader.low(at)] if found else None


def only_time(reader: Reader, word: str) -> tuple[str, bool] | None:
    """The one column of times that a pace is said of, and whether its greatest is meant."""
    names = [name for name in reader.view.names if measures_time(reader, name)]
    return (names[0], PACE[word]) if word in PACE and len(names) == 1 else None


def turned(reader: Reader, column: str, start: int, end: int) -> bool:
    """Whether a direction said in words of pace is the other one, because the column holds times."""
    return measures_time(reader, column) and any(reader.low(step) in PACE for step in range(start, end))
