"""Patterns in steps: judged by the engine before they meet a row."""

import polars as pl

from services.transform.expressions import patterns
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.kind import Report


def check_pattern(pattern: str, place: str, report: Report) -> None:
    """A problem for a pattern that the engine does not take."""
    try:
        patterns.check_regex(pattern, None, "")
        pl.Series([""]).str.contains(pattern)
    except ExpressionInvalid as error:
        report.add(place, error.code, error.message)
    except pl.exceptions.ComputeError as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.startswith("error: ")), "")
        detail = reason.removeprefix("error: ") or "it is too large"
        report.add(place, "invalid_pattern", f"The pattern cannot be used: {detail[:200]}.")


def groups(pattern: str) -> int:
    """How many groups a pattern has that was checked."""
    found = pl.LazyFrame({"t": [""]}).select(pl.col("t").str.extract_groups(pattern)).collect_schema()["t"]
    return len(found.fields) if isinstance(found, pl.Struct) else 0
