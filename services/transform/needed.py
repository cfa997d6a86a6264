"""Which columns of its input a recipe demands, and which of them its output is made of."""

from collections.abc import Sequence

from contracts.data import Schema
from services.transform.check import Stage


def needed_columns(stages: Sequence[Stage], schema: Schema) -> Schema:
    """The input contract: the columns that steps name before something else is made under the name.

    Columns that are only handed through are not demanded: the recipe runs without them.
    """
    origins: dict[str, str | None] = {name: name for name in schema.names}
    needed: set[str] = set()
    for stage in stages:
        mentioned = stage.kind.mentions(stage.before, stage.step)
        needed |= {origin for name in mentioned if (origin := origins.get(name)) is not None}
        made: dict[str, str | None] = {}
        for name in stage.after.names:
            before = stage.kind.origin(stage.step, name)
            made[name] = None if before is None else origins.get(before)
        origins = made
    return Schema(columns=tuple(column for column in schema.columns if column.name in needed))


def read_columns(stages: Sequence[Stage], schema: Schema) -> Schema:
    """The columns that must be read: those of the output, and those on which its rows depend. Never none."""
    wanted = set(stages[-1].after.names if stages else schema.names)
    for stage in reversed(stages):
        wanted = stage.kind.before(stage.step, wanted) | stage.kind.mentions(stage.before, stage.step)
    kept = tuple(column for column in schema.columns if column.name in wanted)
    return Schema(columns=kept or schema.columns[:1])
