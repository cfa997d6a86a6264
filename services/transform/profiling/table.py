"""Describes a table: all rows are read once, piece by piece, and each column is described by its values' counts."""

import polars as pl

from contracts.data import Column, LogicalType
from contracts.profile import ColumnProfile, Estimated, Profile
from services.transform.conversions import to_text
from services.transform.jobs import Profiled, ProfileJob
from services.transform.profiling.across import EqualRows, Keys, Spread, correlations
from services.transform.profiling.patterns import LOOKED_AT, patterns
from services.transform.profiling.scan import column_name, pieces
from services.transform.profiling.semantics import Evidence, judged
from services.transform.profiling.shape import SPREAD, histogram, quantiles
from services.transform.profiling.values import NUMBERS, Values

TOP = 10
MAX_SHOWN = 200
# A profile travels as one message, which has a largest size.
MAX_DOCUMENT = 1_000_000


def profile(job: ProfileJob) -> Profiled:
    """The figures of the table; raises DatasetUnreadable."""
    schema = job.table_schema
    values = [Values(column.type, columns=len(schema.columns)) for column in schema.columns]
    equal, keys = EqualRows(), Keys()
    spread = Spread([at for at, column in enumerate(schema.columns) if column.type in SPREAD])
    rows = 0
    for piece in pieces(job.inputs, schema):
        rows += piece.height
        _count(piece, values)
        spread.add(piece)
        if piece.width:
            keys.add(piece, equal.add(piece), values)
    for one in values:
        one.finish()
    sample = spread.rows()
    names = [column.name for column in schema.columns]
    estimated: list[Estimated] = []
    if rows and not equal.exact:
        estimated.append("duplicates")
    related = correlations(sample, schema)
    if related and not spread.whole:
        estimated.append("correlations")
    found = Profile(
        rows=rows,
        columns=tuple(
            _column(column, one, sample, column_name(at))
            for at, (column, one) in enumerate(zip(schema.columns, values, strict=True))
        ),
        duplicates=equal.count(),
        key_candidates=tuple(tuple(names[at] for at in group) for group in keys.found(values, rows)),
        correlations=related,
        estimated=tuple(estimated),
    )
    return Profiled(profile=fitted(found))


def fitted(found: Profile, most: int = MAX_DOCUMENT) -> Profile:
    """The profile, with less of each column where it would be too large to travel."""
    if len(found.model_dump_json()) <= most:
        return found
    details = {"histogram": None, "quantiles": (), "patterns": (), "lengths": None}
    columns = [
        column.model_copy(update=details | {"top": tuple((_cut(text, 40), many) for text, many in column.top[:3])})
        for column in found.columns
    ]
    found = found.model_copy(update={"columns": tuple(columns), "correlations": (), "reduced": True})
    if len(found.model_dump_json()) <= most:
        return found
    bare = {"top": (), "semantic": None, "estimated": ()}
    return found.model_copy(update={"columns": tuple(column.model_copy(update=bare) for column in columns)})


def _count(piece: pl.DataFrame, values: list[Values]) -> None:
    """Count the values of each column, several columns at once."""
    counted = pl.collect_all(
        [piece.lazy().select(pl.col(name).alias("v")).group_by("v").agg(pl.len().alias("n")) for name in piece.columns]
    )
    for one, counts in zip(values, counted, strict=True):
        one.add(counts)


def _column(column: Column, values: Values, sample: pl.DataFrame, name: str) -> ColumnProfile:
    counts, type = values.counts, column.type
    estimated: list[Estimated] = [] if values.exact else ["distinct", "top"]
    shaped = counts
    if type in SPREAD and not values.exact:
        shaped = sample[name].drop_nulls().value_counts(name="n").rename({name: "v"})
        estimated += ["quantiles", "histogram"]
    low, high = _text(values.minimum, type), _text(values.maximum, type)
    usual = counts.sort(["n", "v"], descending=[True, False]) if counts.height else counts
    texts = type is LogicalType.STRING
    frequent = usual.head(LOOKED_AT)
    if texts and usual.height > LOOKED_AT:
        estimated.append("patterns")
    lengths = values.lengths
    return ColumnProfile(
        name=column.name,
        type=type.value,
        nulls=values.nulls,
        distinct=values.distinct,
        minimum=low,
        maximum=high,
        mean=_number(values.moments.mean) if type in NUMBERS and values.moments.count else None,
        deviation=_number(values.moments.deviation),
        top=() if type is LogicalType.BINARY else _top(usual, type),
        quantiles=quantiles(shaped, type) if type in SPREAD else (),
        histogram=histogram(shaped, type) if type in SPREAD else None,
        lengths=None
        if lengths is None or not values.present
        else (lengths.shortest, lengths.longest, round(lengths.total / values.present, 3)),
        patterns=patterns(frequent) if texts and frequent.height else (),
        semantic=judged(
            Evidence(
                column.name, type, frequent, values.nulls, values.present, values.distinct, values.exact, low, high
            )
        ),
        estimated=tuple(estimated),
    )


def _top(usual: pl.DataFrame, type: LogicalType) -> tuple[tuple[str, int], ...]:
    if not usual.height:
        return ()
    shown = usual.head(TOP).select(to_text(pl.col("v"), type), pl.col("n"))
    return tuple((_cut(str(value), MAX_SHOWN), int(many)) for value, many in shown.iter_rows())


def _text(value: pl.Series | None, type: LogicalType) -> str | None:
    if value is None:
        return None
    found = value.to_frame("v").select(to_text(pl.col("v"), type)).item()
    return None if found is None else _cut(str(found), MAX_SHOWN)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


def _number(value: float | None) -> float | None:
    """Numbers that are none have no place in a document."""
    return value if value is not None and value == value and abs(value) != float("inf") else None
