"""The exact difference between two tables: by key where there is one, else by counting whole rows.

Both tables are streamed, and may be made while they are. What is held is the one side of the join, and what differs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.differences import ColumnDifference, DataDifference
from services.chassis.isolation.letting_go import let_go
from services.transform.differing.aggregates import aggregates
from services.transform.differing.pairing import KeysFrom, Pair, chosen, find, pairs, repeated
from services.transform.dtypes import frame_schema
from services.transform.errors import TransformError
from services.transform.running import PASSING, scan

LEFT, RIGHT, CHANGED = "left:", "right:", "changed"
MAX_COLUMNS = 8_000
_HERE_LEFT, _HERE_RIGHT, _TURN, _COUNT = "here_left", "here_right", "turn", "count"
_GROUP = 65_536


class Side(Protocol):
    """One of the two tables."""

    @property
    def schema(self) -> Schema:
        """Its columns."""

    @property
    def rows(self) -> int:
        """How many rows it has: asked when they were read `once`."""

    def scan(self, *, once: bool = False) -> pl.LazyFrame:
        """Its rows. All of them are read `once`, which is when they are counted, and may be read again."""


@dataclass(frozen=True)
class Stored:
    """A table in finished files of one schema."""

    parts: Sequence[Path]
    schema: Schema
    rows: int

    def scan(self, *, once: bool = False) -> pl.LazyFrame:
        """The rows."""
        return scan(self.parts) if self.parts else pl.LazyFrame(schema=frame_schema(self.schema))


def _named(side: Side, prefix: str, *, once: bool = False) -> pl.LazyFrame:
    """The rows, under names that we make."""
    columns = range(len(side.schema.columns))
    return side.scan(once=once).select(pl.nth(at).alias(f"{prefix}{at}") for at in columns)


@dataclass(frozen=True)
class Written:
    """Rows that differ, as a file; None where there are none."""

    only_left: Path | None
    only_right: Path | None
    changed: Path | None
    changed_schema: Schema


def differ(
    left: Side, right: Side, folder: Path, *, keys: Sequence[str] | None, contract: Sequence[Sequence[str]] = ()
) -> tuple[DataDifference, Written]:
    """The difference in figures, and the rows that differ as files in the folder; raises TransformError."""
    if max(len(left.schema.columns), len(right.schema.columns)) > MAX_COLUMNS:
        raise TransformError(f"Tables of more than {MAX_COLUMNS:,} columns are not compared.")
    found = pairs(left.schema, right.schema)
    names, source = chosen(keys, contract, left.schema, right.schema)
    if names is None:
        key = find(_named(left, "l"), _named(right, "r"), found)
        names, source = ((key.name,), source) if key is not None else ((), "none")
    if not names:
        return _by_counting(left, right, folder, found)
    return _by_key(left, right, folder, found, names, source)


def _by_key(
    left: Side, right: Side, folder: Path, found: list[Pair], names: tuple[str, ...], source: KeysFrom
) -> tuple[DataDifference, Written]:
    by_name = {pair.name: pair for pair in found}
    keys = [by_name[name] for name in names]
    values = [pair for pair in found if pair.name not in names]
    here, there = _named(left, "l"), _named(right, "r")
    left_on, right_on = [pair.left for pair in keys], [pair.right for pair in keys]
    said = [repeated(side, on) for side, on in ((here, left_on), (there, right_on)) if source != "found"]
    several, nulls = any(twice for twice, _ in said), any(null for _, null in said)
    here, there = _named(left, "l", once=True), _named(right, "r", once=True)
    if several:
        # The first row of a key is compared with the first, the second with the second.
        here = here.with_columns(pl.int_range(pl.len()).over(left_on).alias(f"l{_TURN}"))
        there = there.with_columns(pl.int_range(pl.len()).over(right_on).alias(f"r{_TURN}"))
        left_on, right_on = [*left_on, f"l{_TURN}"], [*right_on, f"r{_TURN}"]
    marks = ((_HERE_LEFT, left_on[0]), (_HERE_RIGHT, right_on[0]))
    if nulls:
        # A key may be null on its own side.
        here, there = (
            side.with_columns(pl.lit(True).alias(mark)) for side, (mark, _) in zip((here, there), marks, strict=True)
        )
    joined = here.join(there, left_on=left_on, right_on=right_on, how="full", coalesce=False, nulls_equal=True)
    alone = pl.any_horizontal(pl.col(mark if nulls else key).is_null() for mark, key in marks)
    different = joined.filter(pl.any_horizontal(alone, *(pair.differs for pair in values)) if values else alone)
    if not nulls:
        different = different.with_columns(
            pl.when(pl.col(key).is_not_null()).then(True).alias(mark) for mark, key in marks
        )
    store = folder / f"different{PASSING}"
    _store(different, store)
    written, counts, changed = _split(store, folder, left, right, keys, values, left_on, right_on)
    let_go(store)
    difference = DataDifference(
        left_rows=left.rows,
        right_rows=right.rows,
        keys=names,
        keys_from=source,
        repeated_keys=several,
        equal=left.rows - counts[0] - counts[2],
        only_left=counts[0],
        only_right=counts[1],
        changed=counts[2],
        columns=tuple(_column(pair, "key", 0) for pair in keys)
        + tuple(_column(pair, "value" if pair.by_value else "text", changed[pair.name]) for pair in values),
        **_beside(left, right),
    )
    if difference.equal != right.rows - counts[1] - counts[2]:
        raise TransformError("The rows that were paired do not add up on both sides.")
    return difference, written


def _split(
    store: Path,
    folder: Path,
    left: Side,
    right: Side,
    keys: list[Pair],
    values: list[Pair],
    left_on: list[str],
    right_on: list[str],
) -> tuple[Written, tuple[int, int, int], dict[str, int]]:
    """What differs in three files, ordered by key; how many rows each has, and how often each column differs."""
    rows = scan([store])
    no_left, no_right = pl.col(_HERE_LEFT).is_null(), pl.col(_HERE_RIGHT).is_null()
    both = ~no_left & ~no_right
    sums = [(both & pair.differs).sum().alias(f"{at}") for at, pair in enumerate(values)]
    said = rows.select(
        no_right.sum().alias(_HERE_LEFT), no_left.sum().alias(_HERE_RIGHT), both.sum().alias(_COUNT), *sums
    ).collect(engine="streaming")
    counts = (int(said[_HERE_LEFT].item()), int(said[_HERE_RIGHT].item()), int(said[_COUNT].item()))
    changed_schema = _changed_schema([*keys, *values])
    twice = [(pair, side) for pair in (*keys, *values) for side in (LEFT, RIGHT)]
    which = (
        pl.concat_list(pl.when(pair.differs).then(pl.lit(json.dumps(pair.name, ensure_ascii=False))) for pair in values)
        if values
        else None
    )
    listed = pl.lit("[]") if which is None else pl.format("[{}]", which.list.drop_nulls().list.join(", "))
    changed = (
        rows.filter(both)
        .sort(left_on, nulls_last=True)
        .select(
            listed.alias(CHANGED),
            *(pl.col(pair.left if side == LEFT else pair.right).alias(side + pair.name) for pair, side in twice),
        )
    )
    written = Written(
        only_left=_kept(rows.filter(no_right).sort(left_on, nulls_last=True), left, "l", folder / "left.parquet")
        if counts[0]
        else None,
        only_right=_kept(rows.filter(no_left).sort(right_on, nulls_last=True), right, "r", folder / "right.parquet")
        if counts[1]
        else None,
        changed=_sink(changed, folder / "changed.parquet") if counts[2] else None,
        changed_schema=changed_schema,
    )
    return written, counts, {pair.name: int(said[f"{at}"].item()) for at, pair in enumerate(values)}


def _by_counting(left: Side, right: Side, folder: Path, found: list[Pair]) -> tuple[DataDifference, Written]:
    """Whole rows are counted on both sides; a row that the other side has less often is too many here."""
    columns = [f"c{at}" for at in range(len(found))]
    if not found:
        for side, prefix in ((left, "l"), (right, "r")):
            _named(side, prefix, once=True).select(pl.len()).collect(engine="streaming")
        extra = {1: left.rows, -1: right.rows}
        frame = pl.DataFrame({_COUNT: [count * sign for sign, count in extra.items() if count]})
        different = frame.lazy()
    else:
        both = [
            _named(side, prefix, once=True).select(
                *(pair.counted(prefix).alias(name) for pair, name in zip(found, columns, strict=True)),
                pl.lit(sign, dtype=pl.Int64()).alias(_COUNT),
            )
            for side, prefix, sign in ((left, "l", 1), (right, "r", -1))
        ]
        different = pl.concat(both).group_by(columns).agg(pl.col(_COUNT).sum()).filter(pl.col(_COUNT) != 0)
    store = folder / f"different{PASSING}"
    _store(different, store)
    rows = scan([store])
    sums = rows.select(
        pl.col(_COUNT).clip(lower_bound=0).sum().alias("l"), (-pl.col(_COUNT)).clip(lower_bound=0).sum().alias("r")
    ).collect(engine="streaming")
    only_left, only_right = int(sums["l"].item() or 0), int(sums["r"].item() or 0)
    written = Written(
        only_left=_repeated(rows, 1, columns, found, folder / "left.parquet") if only_left and found else None,
        only_right=_repeated(rows, -1, columns, found, folder / "right.parquet") if only_right and found else None,
        changed=None,
        changed_schema=_changed_schema([]),
    )
    let_go(store)
    difference = DataDifference(
        left_rows=left.rows,
        right_rows=right.rows,
        keys=(),
        keys_from="none",
        equal=left.rows - only_left,
        only_left=only_left,
        only_right=only_right,
        changed=0,
        columns=tuple(_column(pair, "value" if pair.by_value else "text", 0) for pair in found),
        **_beside(left, right),
    )
    if difference.equal != right.rows - only_right:
        raise TransformError("The rows that were counted do not add up on both sides.")
    return difference, written


def counted_schema(found: Sequence[Pair]) -> Schema:
    """The columns of rows that were counted: those of both sides."""
    return Schema(
        columns=tuple(
            Column(name=pair.name, type=pair.left_type if pair.same_type else LogicalType.STRING) for pair in found
        )
    )


def _repeated(rows: pl.LazyFrame, sign: int, columns: list[str], found: list[Pair], target: Path) -> Path:
    several = rows.filter(pl.col(_COUNT) * sign > 0).sort(columns, nulls_last=True)
    times = several.select(*columns, pl.int_ranges(0, pl.col(_COUNT) * sign).alias(_COUNT)).explode(_COUNT)
    named = (pl.col(name).alias(pair.name) for name, pair in zip(columns, found, strict=True))
    return _sink(times.select(*named), target)


def _kept(rows: pl.LazyFrame, side: Side, prefix: str, target: Path) -> Path:
    named = (pl.col(f"{prefix}{at}").alias(column.name) for at, column in enumerate(side.schema.columns))
    return _sink(rows.select(*named), target)


def _changed_schema(found: Sequence[Pair]) -> Schema:
    sides = [
        Column(name=side + pair.name, type=pair.left_type if side == LEFT else pair.right_type)
        for pair in found
        for side in (LEFT, RIGHT)
    ]
    return Schema(columns=(Column(name=CHANGED, type=LogicalType.STRING), *sides))


def _column(pair: Pair, compared: Any, changed: int) -> ColumnDifference:
    return ColumnDifference(
        column=pair.name, left_type=pair.left_type, right_type=pair.right_type, compared=compared, changed=changed
    )


def _beside(left: Side, right: Side) -> dict[str, Any]:
    return {
        "columns_only_left": tuple(name for name in left.schema.names if right.schema.column(name) is None),
        "columns_only_right": tuple(name for name in right.schema.names if left.schema.column(name) is None),
        "aggregates": aggregates(_named(left, "l"), left.schema, _named(right, "r"), right.schema),
    }


def _store(rows: pl.LazyFrame, target: Path) -> None:
    """Rows in any order, until they are put in one: waiting for an order costs as much as the join."""
    rows.sink_ipc(target, maintain_order=False, engine="streaming")


def _sink(rows: pl.LazyFrame, target: Path) -> Path:
    rows.sink_parquet(
        target, compression="zstd", compression_level=1, row_group_size=_GROUP, maintain_order=True, engine="streaming"
    )
    return target
