"""Describes a table: all rows are read once, piece by piece, and each column is described by its values' counts."""

import polars as pl

from contracts.data import NUMBERS, Column, LogicalType
from contracts.profile import ColumnProfile, Estimated, Profile
from services.transform.conversions import to_text
from services.transform.jobs import Profiled, ProfileJob
from services.transform.profiling.across import EqualRows, Keys, Spread, correlations
from services.transform.profiling.patterns import LOOKED_AT, patterns
from services.transform.profiling.scan import column_name, pieces
from services.transform.profiling.semantics import Evidence, judged
from services.transform.profiling.shape import QUANTILES, SPREAD, histogram, quantiles
from services.transform.profiling.together import Asking, together
from services.transform.profiling.values import Values

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
        del piece  # the next one is put together in its place
    sample = spread.rows()
    described = together(
        [
            _described(column, one, sample, column_name(at))
            for at, (column, one) in enumerate(zip(schema.columns, values, strict=True))
        ]
    )
    names = [column.name for column in schema.columns]
    duplicates = equal.count()
    estimated: list[Estimated] = []
    if rows and not equal.exact:
        estimated.append("duplicates")
    related = correlations(sample, schema)
    if related and not spread.whole:
        estimated.append("correlations")
    found = Profile(
        rows=rows,
        columns=tuple(described),
        duplicates=duplicates,
        key_candidates=tuple(
            tuple(names[at] for at in group)
            for group in keys.found(values, rows, repeated=equal.exact and duplicates > 0)
        ),
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


def _described(column: Column, values: Values, sample: pl.DataFrame, name: str) -> Asking[ColumnProfile]:
    yield from values.finish()
    counts, type = values.counts.lazy(), column.type
    if not values.present:
        return ColumnProfile(name=column.name, type=type.value, nulls=values.nulls, distinct=0)
    estimated: list[Estimated] = [] if values.exact else ["distinct", "top"]
    shaped = counts
    if type in SPREAD and not values.exact:
        shaped = sample.lazy().group_by(pl.col(name).alias("v")).agg(pl.len().alias("n")).drop_nulls("v").sort("v")
        estimated += ["quantiles", "histogram"]
    texts, spread = type is LogicalType.STRING, type in SPREAD
    many = LOOKED_AT if texts else TOP
    usual = counts.top_k(many, by=["n", "v"], reverse=[False, True]).sort(["n", "v"], descending=[True, False])
    frequent, *places = yield [usual, *([quantiles(shaped, type)] if spread else [])]
    # Everything that is told of values, as text.
    ends = [end.alias("v") for end in (values.minimum, values.maximum) if end is not None]
    told = [*ends, frequent["v"].head(TOP), *(place["v"] for place in places)]
    (shown,) = yield [pl.LazyFrame({"v": pl.concat(told)}).select(to_text(pl.col("v"), type))]
    words = shown.to_series().to_list()
    low, high = (_cut(words.pop(0), MAX_SHOWN), _cut(words.pop(0), MAX_SHOWN)) if ends else (None, None)
    top, at = tuple(zip(words, frequent["n"].head(TOP), strict=False)), min(TOP, frequent.height)
    lengths = values.lengths
    if texts and values.counts.height > LOOKED_AT:
        estimated.append("patterns")
    return ColumnProfile(
        name=column.name,
        type=type.value,
        nulls=values.nulls,
        distinct=values.distinct,
        minimum=low,
        maximum=high,
        mean=_number(values.moments.mean) if type in NUMBERS and values.moments.count else None,
        deviation=_number(values.moments.deviation),
        top=() if type is LogicalType.BINARY else tuple((_cut(word, MAX_SHOWN), times) for word, times in top),
        quantiles=tuple(zip(QUANTILES, words[at:], strict=True)) if words[at:] else (),
        histogram=(yield from histogram(shaped, type)) if spread else None,
        lengths=None
        if lengths is None
        else (lengths.shortest, lengths.longest, round(lengths.total / values.present, 3)),
        patterns=patterns(frequent) if texts else (),
        semantic=judged(
            Evidence(
                column.name, type, frequent, values.nulls, values.present, values.distinct, values.exact, low, high
            )
        ),
        estimated=tuple(estimated),
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


def _number(value: float | None) -> float | None:
    """Numbers that are none have no place in a document."""
    return value if value is not None and value == value and abs(value) != float("inf") else None
