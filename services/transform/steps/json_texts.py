"""JSON in texts: paths, values, and the elements of arrays; as operations of the engine on whole batches."""

import re

import polars as pl

from contracts.data import LogicalType
from services.transform.conversions import convert
from services.transform.expressions.refusal import Refusal
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.kind import Site

_PATH = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\[\"((?:[^\"\\]|\\.)*)\"\]|\.?\[?'([^']*)'\]?")
_WORD = r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\[\]{},:"\s]+'


def json_path(path: str) -> str:
    """The engine's form of `a.b[0]["c d"]`; raises ExpressionInvalid."""
    at, parts = 0, []
    text = path.removeprefix("$")
    while at < len(text):
        found = _PATH.match(text, at)
        if found is None:
            hint = 'it is written like address.lines[0] or a["b c"]'
            raise ExpressionInvalid("invalid_path", f"The path {path[:100]!r} cannot be read; {hint}.")
        name, index, quoted, other = found.groups()
        parts.append(f"[{index}]" if index is not None else field(name or quoted or other or ""))
        at = found.end()
    if not parts:
        raise ExpressionInvalid("invalid_path", "The path leads nowhere.")
    return "$" + "".join(parts)


def field(name: str) -> str:
    """One step of a path: the field of that name."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def checked_json(value: pl.Expr, site: Site, place: str, *, array: bool = False) -> pl.Expr:
    """The text, which must be JSON: it is refused where it is none. JSON's own null is null."""
    text = pl.when(value.str.strip_chars() != "null").then(value)

    def compute(given: pl.Expr) -> pl.Expr:
        there = given.str.json_path_match("$").is_not_null()
        if array:
            there &= given.str.strip_chars().str.starts_with("[")
        return pl.when(there).then(given)

    what = "no JSON array" if array else "no JSON"
    refusal = Refusal(site.pointer + place, site.witness)
    return refusal.checked([text], [LogicalType.STRING], LogicalType.STRING, compute, f"{{}} is {what}")


def value_at(text: pl.Expr, path: str, type: LogicalType) -> pl.Expr:
    """The value at a path, as a type; null where there is none, or where it is of another type."""
    found = text.str.json_path_match(path)
    return convert(found, LogicalType.STRING, type)


def elements(text: pl.Expr) -> pl.Expr:
    """The elements of arrays, each as JSON text; none where the text is no array."""
    return text.map_batches(_elements, return_dtype=pl.List(pl.String()), is_elementwise=True)


def _elements(texts: pl.Series) -> pl.Series:
    """Cuts the text into words and signs, and joins again what lies between the commas of the outermost array."""
    tokens = texts.to_frame("t").with_row_index("row").with_columns(pl.col("t").str.extract_all(_WORD))
    words = tokens.explode("t").filter(pl.col("t").is_not_null())
    opening, closing = pl.col("t").is_in(["[", "{"]), pl.col("t").is_in(["]", "}"])
    depth = (opening.cast(pl.Int32) - closing.cast(pl.Int32)).cum_sum().over("row")
    words = words.with_columns(depth=depth, first=pl.col("t").first().over("row"))
    border = (pl.col("t") == ",") & (pl.col("depth") == 1)
    words = words.with_columns(element=border.cum_sum().over("row"), border=border)
    # The bracket that opens the outermost array is its first word; another one at that depth belongs to an element.
    outermost = pl.int_range(pl.len()).over("row") == 0
    inside = words.filter(
        (pl.col("first") == "[") & ~pl.col("border") & ~outermost & ~((pl.col("depth") == 0) & closing)
    )
    joined = (
        inside.group_by("row", "element", maintain_order=True)
        .agg(pl.col("t").str.join(""))
        .group_by("row", maintain_order=True)
        .agg(pl.col("t"))
    )
    return (
        tokens.select("row").join(joined, on="row", how="left", maintain_order="left").get_column("t").alias(texts.name)
    )
