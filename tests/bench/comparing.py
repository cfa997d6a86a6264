"""What it costs to compare a delivery with an earlier one, beside the pull that brings it and beside Polars by hand."""

import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import polars as pl

from contracts.commands.connector import PulledGroup
from contracts.data import FormatFacts, Schema
from services.chassis.storage import Storage
from services.connector.formats.base import Limits
from services.connector.formats.registry import Formats
from services.connector.progress import Progress
from services.connector.reading import Collected, Reader
from services.schema_drift.deciding.decide import Classes, decide
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import MOST_ROWS, Delivery
from services.schema_drift.describing.sample import delivery_of
from services.schema_drift.detecting.detect import detect
from services.schema_drift.score_drift import document
from tests.bench.effort import Effort, taken
from tests.bench.figures import Figure, best
from tests.bench.flights import repeated
from tests.unit.connector.reading import Silent

TENANT = uuid.UUID(int=1)
ROWS, COLUMNS = 500_000, 200
ROUNDS = 5
SHARE, SECONDS, BY_HAND = 0.01, 1.0, 1.5
Found = TypeVar("Found")


def figures() -> list[Figure]:
    """All of them."""
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as name:
        folder = Path(name).resolve()
        place: Any = SimpleNamespace(storage=f"file://{folder}/store", storage_s3_endpoint=None)
        storage = Storage(place, scratch=folder / "scratch")
        tables = list(_tables(storage, folder))
    return [*_no_drift(tables), *_wide()]


def _tables(storage: Storage, folder: Path) -> Iterator[tuple[Effort, PulledGroup, list[list[str | None]]]]:
    """Two deliveries of the flights, each with what its pull took: read, typed, stored, but over no network."""
    whole = repeated(2 * ROWS)
    for number in range(2):
        path = folder / f"flights-{number}.csv"
        whole.gather_every(2, number).head(ROWS).write_csv(path, null_value="NA")

        def pull(path: Path = path) -> PulledGroup:
            progress = Progress(Silent())
            with Collected(storage, TENANT, progress) as collected:
                landed = Reader(Formats(), Limits()).file(path, path.name, None, None, progress)
                collected.take(landed, path.stat().st_size, None)
                return collected.finish(None).groups[0]

        effort, group = min((taken(pull) for _ in range(2)), key=lambda one: one[0].computing)
        if group.sample is None or group.dataset.rows != ROWS:
            raise AssertionError("the pull did not give what it should")
        yield (
            effort,
            group,
            [list(row.values()) for batch in storage.batches(group.sample) for row in batch.to_pylist()],
        )


def _no_drift(tables: Sequence[tuple[Effort, PulledGroup, list[list[str | None]]]]) -> list[Figure]:
    (_, old, old_rows), (pull, new, new_rows) = tables
    before, after = (
        delivery_of(group.dataset.table_schema.names, rows, group.facts)
        for group, rows in ((old, old_rows), (new, new_rows))
    )
    schema = new.dataset.table_schema
    if detect(before, after):
        raise AssertionError("two halves of one table are no drift")

    def shape() -> bool:
        return Schema(columns=schema.columns).fingerprint == old.dataset.fingerprint

    name = f"no drift in {ROWS:,} × 19"
    costs = [("names and types", shape), ("values, of two ready profiles", lambda: detect(before, after))]
    return [
        Figure(f"{name}: {what}", "s", SHARE, _least(run), pull.computing, "of the pull, processors")
        for what, run in costs
    ]


def _wide() -> list[Figure]:
    """Two hundred columns, of which some got other names, types and notations, some went and some came."""
    rows = [_wide_rows(seed) for seed in (1, 2)]
    names = [list(table) for table in rows]
    texts = [list(zip(*table.values(), strict=True)) for table in rows]
    facts = FormatFacts(format="csv")

    def described(at: int) -> Delivery:
        return _ready(delivery_of(names[at], texts[at], facts))

    def compared() -> list[Any]:
        found = detect(before, after)
        return [len(found), document(decide(found, Classes(frozenset(names[0]))))]

    times = []
    for _ in range(ROUNDS):
        # Ready profiles hold their figures; what only a comparison makes of them is made anew each time.
        before, after = described(0), described(1)
        began = time.process_time()
        many, _ = compared()
        times.append(time.process_time() - began)
        if many < COLUMNS // 10:
            raise AssertionError(f"only {many} differences")
    ours, hand = [], []
    for _ in range(ROUNDS):
        ours.append(taken(lambda: described(1))[0])
        hand.append(taken(lambda: _by_hand(names[1], texts[1]))[0])
    name = f"{COLUMNS} columns × {ROWS:,} rows"
    return [
        Figure(f"{name}: detect, match, decide and report", "s", SECONDS, min(times)),
        *best(f"{name}: profile of the first {MOST_ROWS:,}", ours, hand, "Polars", limit=BY_HAND),
    ]


def _wide_rows(seed: int) -> dict[str, list[str]]:
    chance = random.Random(seed)
    made: list[Callable[[], str]] = [
        lambda: str(chance.randint(0, 5_000)),
        lambda: f"{chance.gauss(50, 12):.2f}",
        lambda: chance.choice(["north", "south", "east", "west", ""]),
        lambda: f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        lambda: f"K{chance.randint(10_000, 99_999)}",
    ]
    words = ["order", "customer", "stock", "unit", "tax", "margin", "route", "gate", "crew", "fuel"]
    table = {}
    for at in range(COLUMNS):
        name = f"{words[at % 10]}_{words[at // 10 % 10]}_{at // 100}{'abc'[at % 3]}"
        values = [made[at % 5]() for _ in range(MOST_ROWS)]
        if seed == 2 and at % 9 == 0:
            name = name.title().replace("_", " ")
        if seed == 2 and at % 20 == 1:
            values = [text.replace(".", ",") for text in values]
        if seed == 1 or at % 40 != 7:
            table[name] = values
    return table | ({"came_lately": next(iter(table.values()))} if seed == 2 else {})


def _ready(delivery: Delivery) -> Delivery:
    """With every figure of each column; only folded texts are made when two are compared."""
    lazy = [name for name, made in vars(Figures).items() if isinstance(made, cached_property) and "fold" not in name]
    for column in delivery.columns:
        for name in lazy:
            getattr(column, name)
    return delivery


def _by_hand(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[object]:
    """The figures of a profile as they are written in Polars: counts of values, types, numbers in order, shapes."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    found: list[object] = []
    for name in names:
        text = frame.get_column(name).str.strip_chars()
        filled = text.filter(text.is_in(["", "NA", "N/A", "n/a", "na", "NULL", "null", "None", "-"]).not_())
        counts = filled.value_counts(sort=True)
        found.append((name, text.len() - filled.len(), filled.n_unique(), counts.rows()))
        for pattern in (r"^[+-]?(0|[1-9]\d*)$", r"^[+-]?\d*\.?\d+([eE][+-]?\d+)?$", r"^\d{4}-\d\d-\d\d$"):
            found.append(filled.str.contains(pattern).all())
        numbers = filled.cast(pl.Float64, strict=False)
        if not numbers.null_count():
            found.append(numbers.sort().to_list())
            found.append([numbers.quantile(at / 40) for at in range(41)])
        shapes = filled.str.replace_all(r"\p{L}+", "a").str.replace_all(r"\d+", "9")
        found.append((shapes.value_counts(sort=True).rows(), filled.str.len_chars().mean()))
    return found


def _least(run: Callable[[], object]) -> float:
    """Processor seconds of the best of some rounds; short ones are run many times each."""
    began = time.process_time()
    run()
    times = max(1, min(1_000, round(0.02 / max(time.process_time() - began, 1e-6))))
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            run()
        found.append((time.process_time() - began) / times)
    return min(found)
