"""Which columns of its input a recipe needs: those that come out, and those on which what comes out depends."""

from collections.abc import Sequence

from contracts.data import Schema
from services.transform.check import Stage


def needed_columns(stages: Sequence[Stage], schema: Schema) -> Schema:
    """The columns that the output is made of or depends on: the input contract. The others are not demanded."""
    wanted = set(stages[-1].after.names if stages else schema.names)
    for stage in reversed(stages):
        wanted = stage.kind.before(stage.before, stage.step, wanted) | stage.kind.mentions(stage.before, stage.step)
    return Schema(columns=tuple(column for column in schema.columns if column.name in wanted))


def read_columns(stages: Sequence[Stage], schema: Schema) -> Schema:
    """The columns that must be read. One at least: a table without columns would have no rows."""
    needed = needed_columns(stages, schema)
    return needed if needed.columns else Schema(columns=schema.columns[:1])
