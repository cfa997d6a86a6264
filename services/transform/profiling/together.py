"""Asks the engine for the figures of several columns at once: each question alone costs more to ask than to answer."""

from collections.abc import Generator, Sequence
from typing import TypeVar

import polars as pl

Found = TypeVar("Found")
# Yields what it asks for, is sent what came of it, and returns what it was after.
Asking = Generator[list[pl.LazyFrame], list[pl.DataFrame], Found]
_AT_ONCE = 8  # columns whose figures are in memory together


def together(columns: Sequence[Asking[Found]], at_once: int = _AT_ONCE) -> list[Found]:
    """What each of them returns."""
    found: list[Found] = []
    for start in range(0, len(columns), at_once):
        found += _rounds(columns[start : start + at_once])
    return found


def _rounds(asking: Sequence[Asking[Found]]) -> list[Found]:
    found: dict[int, Found] = {}
    answers: dict[int, list[pl.DataFrame] | None] = dict.fromkeys(range(len(asking)))
    while answers:
        asked: dict[int, list[pl.LazyFrame]] = {}
        for at, said in answers.items():
            try:
                asked[at] = next(asking[at]) if said is None else asking[at].send(said)
            except StopIteration as end:
                found[at] = end.value
        told = iter(pl.collect_all([plan for plans in asked.values() for plan in plans]))
        answers = {at: [next(told) for _ in plans] for at, plans in asked.items()}
    return [found[at] for at in range(len(asking))]
