"""What a model is shown when the rules know no way, or a doubtful one: names, types and figures.

No sentence of the findings is handed on: they quote values. Values themselves are shown only where the workflow says
so, and those of personal columns never; of these, not even the shape.
"""

from collections.abc import Collection, Mapping, Sequence

from contracts.adaptation import PreludeQuestion, ShownColumn
from contracts.data import Schema
from services.schema_drift.describing.column import Figures
from services.schema_drift.detecting.difference import Difference

MOST_COLUMNS = 300
_SHAPES, _VALUES, _LONGEST = 3, 5, 80


def question(
    needed: Schema,
    incoming: Schema,
    before: Mapping[str, Figures],
    after: Mapping[str, Figures],
    differences: Sequence[Difference],
    personal: Collection[str],
    *,
    values: bool,
) -> PreludeQuestion | None:
    """The question; None where there are more columns than can be asked about. `personal` names those of both sides."""
    if max(len(needed.columns), len(incoming.columns)) > MOST_COLUMNS:
        return None
    sides = [
        tuple(
            _shown(column.name, column.type.value, figures.get(column.name), column.name in personal, values)
            for column in schema.columns
        )
        for schema, figures in ((needed, before), (incoming, after))
    ]
    return PreludeQuestion(needed=sides[0], came=sides[1], changes=tuple(map(_sentence, differences[:MOST_COLUMNS])))


def _shown(name: str, type: str, figures: Figures | None, personal: bool, values: bool) -> ShownColumn:
    known: dict[str, object] = {"name": name, "type": type}
    if figures is not None and figures.rows:
        known |= {"empty": round(figures.empty_share, 3), "distinct": figures.distinct}
        if not personal:
            # Of a shape, only what stands for letters and digits is told, and what separates them.
            known["shapes"] = tuple(list(figures.shapes)[:_SHAPES])
        if not personal and values:
            often = sorted(figures.counts.items(), key=lambda pair: (-pair[1], pair[0]))
            known["values"] = tuple(text[:_LONGEST] for text, _ in often[:_VALUES])
    return ShownColumn.model_validate(known)


def _sentence(one: Difference) -> str:
    others = [one.became] if one.became is not None else list(one.candidates)
    return f"{one.column}: {one.kind}" + (f", perhaps {', '.join(others[:5])}" if others else "")
