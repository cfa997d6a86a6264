"""Readers of superlatives: which end of what is meant, and of which column where the word says that itself."""

from collections.abc import Iterator

from services.transform.frames.amounts import measured
from services.transform.planner.lexicon import AGENTS, MEASURES, TIMES
from services.transform.planner.pace import timed
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, slot
from services.transform.planner.verbs import about
from services.transform.planner.words import parts


@slot("Extreme")
def extreme(reader: Reader, at: int) -> Iterator[Result]:
    """Whether the greatest or the smallest values are meant."""
    pace = timed(reader, at)
    if pace is not None:
        yield at + 1, pace, 0.0
        return
    for end, _, _ in reader.match("@most", at):
        if reader.low(at) not in ("best", "top") or end - at > 1:
            yield end, True, 0.0
    for end, _, _ in reader.match("@least", at):
        if reader.low(at) not in ("worst", "bottom", "min") or end - at > 1:
            yield end, False, 0.0


@slot("Superlative")
def superlative(reader: Reader, at: int) -> Iterator[Result]:
    """A superlative that is followed by what it is about."""
    for end, _, _ in reader.match("@most|best", at):
        yield end, True, 0.0
    for end, _, _ in reader.match("@least|worst", at):
        yield end, False, 0.0


@slot("Measured")
def measured_slot(reader: Reader, at: int) -> Iterator[Result]:
    """A superlative that says by itself what it is about."""
    word = reader.low(at)
    if word == "most" and reader.low(at + 1) in ("expensive", "recent", "powerful", "populous"):
        twin = {"expensive": "dearest", "recent": "latest", "powerful": "strongest", "populous": "populous"}[
            reader.low(at + 1)
        ]
        found = measured(reader, twin, at + 2)
        if found is not None:
            yield at + 2, found, 0.3
        return
    if word == "least" and reader.low(at + 1) in ("expensive", "powerful", "populous"):
        twin = {"expensive": "dearest", "powerful": "strongest", "populous": "populous"}[reader.low(at + 1)]
        found = measured(reader, twin, at + 2)
        if found is not None:
            yield at + 2, (found[0], not found[1]), 0.3
        return
    if word in ("most", "least"):
        for end, name, cost in reader.slot("Kin", at + 1):
            yield end, (name, word == "most"), cost
        if reader.low(at + 1) == "recently":
            when = [name for name in about(reader, reader.low(at + 2)) if reader.column(name).type in TEMPORAL]
            if len(when) == 1:
                yield at + 3, (when[0], word == "most"), 0.2
    if word in ("highest", "best", "top", "biggest", "lowest", "most", "least") and reader.low(at + 1) in AGENTS:
        wanted = AGENTS[reader.low(at + 1)]
        doing = [one.name for one in reader.view.columns if one.type in NUMERIC and wanted & set(parts(one.name))]
        if len(doing) == 1:
            yield at + 2, (doing[0], word not in ("lowest", "least")), 0.2
    if word in ("highest", "best", "top", "lowest", "worst", "most", "least") and reader.low(at + 1).endswith(
        ("ed", "ing", "id")
    ):
        columns = [name for name in about(reader, reader.low(at + 1)) if reader.column(name).type in NUMERIC]
        if len(columns) == 1:
            yield at + 2, (columns[0], word not in ("lowest", "worst", "least")), 0.3
        return
    if word.endswith("est") and (word in MEASURES or word in TIMES):
        found = measured(reader, word, at + 1)
        if found is not None:
            yield at + 1, found, 0.3
