"""Operations that can refuse a value: they run as a whole on a batch, and name the first value that has no result."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import polars as pl

from contracts.data import LogicalType
from services.transform.conversions import convert, to_text
from services.transform.dtypes import DTYPES
from services.transform.errors import ValueRefused
from services.transform.expressions.tree import named

Compute = Callable[..., pl.Expr]
_MAX_SHOWN = 100


class Witness:
    """Keeps the first refusal as it was said: the engine passes on an exception's text, but not what else it holds."""

    def __init__(self) -> None:
        self.refused: ValueRefused | None = None

    def refuse(self, message: str, pointer: str) -> NoReturn:
        """End the query; `heard` raises the same again outside of it."""
        if self.refused is None:
            self.refused = ValueRefused(message, pointer)
        raise self.refused

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Run a query in this block: a refusal comes out of it whole."""
        try:
            yield
        except BaseException:
            if self.refused is not None:
                raise self.refused from None
            raise


class Refusal:
    """Where a value is refused: the place in the recipe, and the rows that count."""

    def __init__(self, pointer: str, witness: Witness, guard: pl.Expr | None = None) -> None:
        self._pointer = pointer
        self._witness = witness
        self._guard = guard

    def converted(self, value: pl.Expr, source: LogicalType, target: LogicalType) -> pl.Expr:
        """The value as another type."""
        return self.checked(
            [value], [source], target, lambda column: convert(column, source, target), f"{{}} is not {named(target)}"
        )

    def checked(
        self,
        operands: Sequence[pl.Expr],
        types: Sequence[LogicalType],
        result: LogicalType,
        compute: Compute,
        complaint: str,
        plain: Callable[[Sequence[pl.Series]], pl.Series | None] | None = None,
    ) -> pl.Expr:
        """What `compute` makes of the operands; null although no operand is null is a refusal.

        `plain` may give the result at once where it is sure that nothing can go wrong.
        """
        pointer, witness, count = self._pointer, self._witness, len(operands)

        def run(series: Sequence[pl.Series]) -> pl.Series:
            # A written value comes as one row, whether the batch has many or none.
            height = next((len(one) for one in series if len(one) != 1), 1)
            series = [_stretched(one, height) for one in series]
            done = plain(series[:count]) if plain is not None else None
            if done is not None:
                return done
            frame = pl.DataFrame([one.alias(f"{at}") for at, one in enumerate(series)])
            names = [f"{at}" for at in range(count)]
            computed = frame.select(r=compute(*(pl.col(name) for name in names))).to_series()
            if computed.null_count():
                missing = computed.is_null()
                for name in names:
                    missing &= frame[name].is_not_null()
                if len(series) > count:
                    missing &= frame[f"{count}"].fill_null(False)
                if missing.any():
                    witness.refuse(_complain(frame.filter(missing), names, types, complaint), pointer)
            return computed

        inputs = [*operands] if self._guard is None else [*operands, self._guard]
        return pl.map_batches(inputs, run, return_dtype=DTYPES[result], is_elementwise=True)


def _stretched(series: pl.Series, height: int) -> pl.Series:
    return series.new_from_index(0, height) if len(series) == 1 and height != 1 else series


def _complain(refused: pl.DataFrame, names: list[str], types: Sequence[LogicalType], complaint: str) -> str:
    first = refused.head(1)
    shown = []
    for name, type in zip(names, types, strict=True):
        if type is LogicalType.BINARY:
            shown.append("a value of bytes")
            continue
        text = str(first.select(to_text(pl.col(name), type)).item())
        text = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
        shown.append(f"'{text}'" if type is LogicalType.STRING else text)
    return f"{complaint.format(*shown)}."
