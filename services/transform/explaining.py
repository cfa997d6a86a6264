"""What each step of a recipe does: in English, and of which columns the columns that come out are made."""

from collections.abc import Mapping, Sequence

from contracts.data import Schema
from services.transform.check import Stage
from services.transform.jobs import Explained

# A wider table has too many pairs of columns to say of each what became of it.
MAX_COLUMNS = 2_000


def explained(checked: Sequence[Stage]) -> tuple[Explained, ...]:
    """Each step: its line of English, the columns it makes of others, and those that decide which rows come out."""
    return tuple(_explained(stage) for stage in checked)


def origins(
    checked: Sequence[Stage], schema: Schema, inputs: Mapping[str, Schema]
) -> dict[str, tuple[str, ...]] | None:
    """Column of the last step's output → columns of the first step's input on which it depends; nothing if too many."""
    known: dict[str, set[str]] = {name: {name} for name in schema.names}
    for stage in checked:
        if len(stage.before.columns) > MAX_COLUMNS or len(stage.after.columns) > MAX_COLUMNS:
            return None
        lineage = stage.kind.lineage(stage.before, stage.step, inputs)
        known = {name: {first for source in sources for first in known[source]} for name, sources in lineage.items()}
    place = {name: at for at, name in enumerate(schema.names)}
    return {name: tuple(sorted(sources, key=place.__getitem__)) for name, sources in known.items()}


def _explained(stage: Stage) -> Explained:
    kind, before = stage.kind, stage.before
    made = {name: sources for name, sources in kind.sources(before, stage.step).items() if sources != {name}}
    return Explained(
        english=kind.english(stage.step, before),
        whole=kind.sees_all(stage.step),
        made={name: tuple(sorted(sources)) for name, sources in made.items()},
        rows_by=tuple(sorted(kind.decides(before, stage.step))),
    )
