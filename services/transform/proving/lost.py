"""Values that steps could not carry over: they were there before, and nothing that was made of them is.

They are counted step by step and row by row: a value that becomes null and is filled behind that is lost all the same.
A row that a step sets aside is not: it waits with its record. And a value of which a step says that it stands for
nothing never was one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Replace
from services.transform.check import Stage, stages
from services.transform.errors import RecipeInvalid, engine_said
from services.transform.expressions.refusal import Witness
from services.transform.jobs import JobModule
from services.transform.running import Files, ModuleRun, Shared, verified
from services.transform.set_aside import SetAside
from services.transform.steps.kind import Site
from services.transform.table import Table

# Steps that give columns other names or places: no value is another behind them.
_MOVES = frozenset({"rename", "rename_style", "reorder"})


@dataclass(frozen=True)
class _Watched(Table):
    """A table that carries, unseen, whether a value was there, and whether it was lost since."""

    watch: dict[str, pl.DataType] = field(default_factory=dict)

    @property
    def frame_schema(self) -> dict[str, Any]:
        return super().frame_schema | self.watch

    @property
    def hidden(self) -> list[str]:
        return [*super().hidden, *self.watch]


def lost_values(paths: Sequence[str], schema: Schema, module: JobModule, output: Path) -> dict[str, int]:
    """Column → values of it that the module's steps lost; raises TransformError."""
    planned = stages(module.recipe, schema, module.pointer)
    _check(planned)
    descents = _descents(planned, schema)
    watched = _at_risk(planned, descents)
    if not watched:
        return {}
    verified(paths, schema)
    witness = Witness()
    run = ModuleRun(module, {}, Shared(SetAside(output), {}, silent=True))
    table = _watching(Table.over(Files(tuple(paths), schema).scan(), schema, first_row=1), watched)
    here, gone = _names(watched)
    held = {column: {column.name} for column in watched}
    for stage, made in zip(planned, descents, strict=True):
        table = stage.kind.plan(table, stage.step, Site(stage.pointer, 0, witness, run))
        named = _named(stage)
        empty = {
            one: pl.col(here[one]) & pl.all_horizontal(table.column(name).is_null() for name in left)
            for one in watched
            if held[one] & named and (left := sorted(made[one.name]))
        }
        if _means_nothing(stage):
            # The step says of a value that it stands for nothing: it was never there.
            told = [(pl.col(here[one]) & ~none).alias(here[one]) for one, none in empty.items()]
        else:
            told = [(pl.col(gone[one]) | none).alias(gone[one]) for one, none in empty.items()]
        table = table.then(table.lazy.with_columns(told))
        held = {one: made[one.name] for one in watched}
    with witness.heard():
        try:
            said = table.lazy.select(pl.col(name).sum() for name in gone.values()).collect(engine="streaming")
        except pl.exceptions.PolarsError as error:
            raise engine_said(error) from error
    counts = {one.name: int(said[gone[one]].item() or 0) for one in watched}
    return {name: count for name, count in counts.items() if count}


def _named(stage: Stage) -> set[str]:
    """The columns whose values may be others behind the step, or that it leaves out."""
    return set() if stage.step.kind in _MOVES else stage.kind.mentions(stage.before, stage.step)


def _means_nothing(stage: Stage) -> bool:
    return isinstance(stage.step, Replace) and all(one.new is None for one in stage.step.values)


def _check(planned: Sequence[Stage]) -> None:
    for stage in planned:
        if stage.kind.sees_all(stage.step) or stage.kind.adds:
            message = f"What adapts goes row by row, and a step {stage.step.kind!r} does not."
            raise RecipeInvalid.at(stage.pointer, "not_by_row", message)


def _descents(planned: Sequence[Stage], schema: Schema) -> list[dict[str, set[str]]]:
    """Behind each step: column of the input → the columns that are made of it."""
    found = []
    known = {name: {name} for name in schema.names}
    for stage in planned:
        made = stage.kind.sources(stage.before, stage.step)
        sources = {name: made.get(name, {name}) for name in stage.after.names}
        known = {first: {name for name, of in sources.items() if of & held} for first, held in known.items()}
        found.append(known)
    return found


def _at_risk(planned: Sequence[Stage], descents: Sequence[dict[str, set[str]]]) -> list[Column]:
    """The columns of the input of whose values some step makes others."""
    if not planned:
        return []
    first = planned[0].before
    touched: set[str] = set()
    held = {name: {name} for name in first.names}
    for stage, behind in zip(planned, descents, strict=True):
        named = _named(stage)
        touched |= {name for name, now in held.items() if now & named}
        held = behind
    return [column for column in first.columns if column.name in touched]


def _names(watched: Sequence[Column]) -> tuple[dict[Column, str], dict[Column, str]]:
    """What the two columns are called inside: no column of a table begins so."""
    return (
        {column: f"here{at}" for at, column in enumerate(watched)},
        {column: f"gone{at}" for at, column in enumerate(watched)},
    )


def _watching(table: Table, watched: Sequence[Column]) -> Table:
    here, gone = _names(watched)
    flags: dict[str, pl.DataType] = {name: pl.Boolean() for name in (*here.values(), *gone.values())}
    lazy = table.lazy.with_columns(
        *(_present(table, column).alias(here[column]) for column in watched),
        *(pl.lit(False).alias(name) for name in gone.values()),
    )
    whole = {name: getattr(table, name) for name in ("schema", "inner", "carries_row", "_numbers")}
    return _Watched(lazy=lazy, watch=flags, **whole)


def _present(table: Table, column: Column) -> pl.Expr:
    """A text of white space alone says nothing: the steps that read texts take it for a null, too."""
    value = table.column(column.name)
    if column.type is LogicalType.STRING:
        return value.str.contains(r"\S").fill_null(False)
    return value.is_not_null()
