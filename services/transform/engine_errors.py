"""What the engine says of a plan that it cannot run, as a failure with a sentence for people."""

import re

import polars as pl

from services.transform.errors import TransformError

# Sums and products of decimals, in the words of the engine.
_DECIMALS = re.compile(r"overflow in decimal|doesn't fit Decimal|to `decimal\[", re.IGNORECASE)


def engine_failure(error: pl.exceptions.PolarsError) -> TransformError:
    """The failure that an error of the engine means."""
    text = str(error).strip()
    if _DECIMALS.search(text):
        return TransformError("A number becomes too large for a decimal, which has 29 digits before the point.")
    return TransformError(f"The engine could not run this: {text.splitlines()[0][:300] if text else '?'}")
