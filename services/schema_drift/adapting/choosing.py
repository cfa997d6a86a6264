"""Which column that came carries which needed one, as far as the differences tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.workflow import DriftMode
from services.schema_drift.adapting.parting import Parting
from services.schema_drift.adapting.ways import OnFailure
from services.schema_drift.detecting.difference import Told
from services.schema_drift.detecting.inputs import Compared
from services.schema_drift.matching.assignment import assign
from services.schema_drift.matching.candidates import candidate

_NOTHING = "missing written "


@dataclass(frozen=True)
class Chosen:
    """Needed column → the one that carries it; what stays open is in `missing`, what was a choice in `offered`."""

    mapping: dict[str, str]
    missing: dict[str, str]  # needed column → why nothing carries it
    offered: dict[str, tuple[str, ...]]  # needed column → those that it may be


def choose(
    needed: Sequence[str],
    compared: Compared,
    settled: Mapping[str, str] | None = None,
    parted: Sequence[Parting] = (),
) -> Chosen:
    """The mapping for a proposal. Where several fit, the likeliest is offered, and a person is asked.

    `settled` is what was decided about this very change before, `parted` what can be put together or taken apart.
    """
    mapping = compared.carried | dict(settled or {})
    differences = compared.differences
    missing: dict[str, str] = {}
    offered: dict[str, tuple[str, ...]] = {}
    wanted = frozenset(needed) - {name for one in parted for name in one.needed}
    apart = {one.column for one in differences if one.kind in ("split", "merged")}
    for one in differences:
        if one.column not in wanted or one.column in mapping:
            continue
        if one.kind == "renamed" and one.became is not None:
            mapping[one.column] = one.became
        elif one.kind == "removed" and (one.column in apart or not one.candidates):
            missing[one.column] = one.detail
        elif one.kind == "removed":
            offered[one.column] = one.candidates
    taken = set(mapping.values())
    mapping |= _likeliest(offered, compared, taken)
    missing |= {name: "others are likelier for what may carry it" for name in offered if name not in mapping}
    return Chosen(mapping, missing, offered)


def _likeliest(offered: Mapping[str, Sequence[str]], compared: Compared, taken: set[str]) -> dict[str, str]:
    rows = list(offered)
    columns = sorted({name for names in offered.values() for name in names} - taken)
    weights: dict[tuple[int, int], float] = {}
    for row, name in enumerate(rows):
        old = compared.before.get(name)
        for place, other in enumerate(columns):
            new = compared.after.get(other)
            if other not in offered[name] or old is None or new is None:
                continue
            found = candidate(old, new)
            # Named among the candidates, it has some weight, whatever speaks against it by itself.
            weights[row, place] = found.weight if found is not None else 0.01
    return {rows[row]: columns[place] for row, place in assign(weights).items()}


def rewritten(differences: Sequence[Told]) -> frozenset[str]:
    """The columns whose values are spelled in another way."""
    return frozenset(
        one.column for one in differences if one.kind == "format_changed" and not one.detail.startswith("missing ")
    )


def stopgaps(differences: Sequence[Told]) -> dict[str, str]:
    """Column → the value that stands for nothing in it, and did not before."""
    return {
        one.column: one.detail.removeprefix(_NOTHING)
        for one in differences
        if one.kind == "format_changed" and one.detail.startswith(_NOTHING)
    }


def on_failure(mode: DriftMode) -> OnFailure:
    """What becomes of values that do not fit: the row waits in quarantine, or the value is let go."""
    return "null" if mode == "discard_value" else "quarantine"
