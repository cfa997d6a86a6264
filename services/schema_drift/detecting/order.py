"""Which columns moved: all but a longest part that kept its order."""

from bisect import bisect_left
from collections.abc import Sequence


def longest_ascending(positions: Sequence[int]) -> set[int]:
    """Indexes of a longest ascending part of a sequence without repetitions."""
    tails: list[int] = []  # positions that end the best part of each length
    ends: list[int] = []  # their indexes
    before: list[int | None] = []
    for index, position in enumerate(positions):
        length = bisect_left(tails, position)
        before.append(ends[length - 1] if length else None)
        if length == len(tails):
            tails.append(position)
            ends.append(index)
        else:
            tails[length] = position
            ends[length] = index
    kept: set[int] = set()
    at: int | None = ends[-1] if ends else None
    while at is not None:
        kept.add(at)
        at = before[at]
    return kept
