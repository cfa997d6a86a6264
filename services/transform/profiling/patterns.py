"""The shapes of texts: letters and digits stand for their kind, so that a shape tells of no value."""

import polars as pl

LOOKED_AT = 2_000  # of the most frequent values
_SHOWN = 3
_LEAST = 0.05
_LONGEST = 60
_RUN = 5


def shape(text: pl.Expr) -> pl.Expr:
    """`Anna-12` as `Aaaa-99`; runs of five and more as one letter and a plus."""
    found = text.str.slice(0, 200)
    for letters, sign in ((r"\p{Lu}", "A"), (r"\p{Nd}", "9"), (r"[\p{L}--A]", "a")):
        found = found.str.replace_all(letters, sign)
    for sign in "Aa9":
        found = found.str.replace_all(f"{sign}{{{_RUN},}}", f"{sign}+")
    return found.str.slice(0, _LONGEST)


def patterns(counts: pl.DataFrame) -> tuple[tuple[str, float], ...]:
    """The most frequent shapes, with the share of values that have them."""
    total = int(counts["n"].sum())
    if not total:
        return ()
    found = (
        counts.lazy()
        .group_by(shape(pl.col("v")).alias("shape"))
        .agg(pl.col("n").cast(pl.Int64).sum())
        .sort(["n", "shape"], descending=[True, False])
        .head(_SHOWN)
        .collect()
    )
    shares = ((text, round(many / total, 4)) for text, many in found.iter_rows())
    return tuple((text, share) for text, share in shares if share >= _LEAST)
