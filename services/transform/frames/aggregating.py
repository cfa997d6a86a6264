"""The steps that make one row of each group: what is counted or summed, what is rounded, what is taken away again."""

from contracts.data import LogicalType
from contracts.recipe import Aggregate, Derivation, Derive, Drop, Filter, Measure, Round, Step
from services.transform.frames.base import Act, act, unused
from services.transform.frames.measures import Figure, Keys
from services.transform.planner.reading import NUMERIC, Reader, quoted
from services.transform.planner.view import ask


def aggregated(reader: Reader, keys: Keys, wanted: tuple[Figure, ...]) -> Act | None:
    """The steps that make one row of each group."""
    steps: list[Step] = list(keys.steps)
    measures: list[Measure] = []
    rounded: dict[int, list[str]] = {}
    after: list[Derivation] = []
    helpers: list[str] = []
    used: list[str] = []
    made: list[str] = []
    taken = set(keys.columns)
    for one in wanted:
        if one.column is not None and one.column in keys.columns and one.function != "count":
            return None
        numeric = one.function in ("mean", "sum", "median", "std", "var", "quantile", "range")
        if one.column is not None and numeric and reader.column(one.column).type not in (*NUMERIC, LogicalType.BOOLEAN):
            if one.function == "sum" and reader.column(one.column).type is LogicalType.STRING:
                return None
            raise ask(
                "contradictory",
                f"'{one.column}' holds no numbers, so it has no {_SAID.get(one.function, one.function)}. Which column is meant?",
                reader.of_type(NUMERIC),
            )
        if (
            one.function in ("max", "min", "range")
            and one.column
            and reader.column(one.column).type is LogicalType.STRING
        ):
            return None  # of texts, none is the greatest: the best wine is a row
        name = one.name or unused(_default(one), taken)
        if name in taken:
            raise ask("contradictory", f"Two columns cannot both be called '{name}'. What is the figure to be called?")
        taken.add(name)
        made.append(name)
        if one.where is not None and one.function == "counted":
            steps.append(Filter(where=one.where.sql))
            measures.append(Measure(function="count", name=name))
        elif one.where is not None:
            flag = unused(f"is_{name}", taken | set(reader.view.names))
            high, low = ("1", "0") if one.whole else ("1.0", "0.0")
            steps.append(
                Derive(
                    columns=(
                        Derivation(column=flag, expression=f"CASE WHEN {one.where.sql} THEN {high} ELSE {low} END"),
                    )
                )
            )
            measures.append(Measure(function="sum" if one.whole else "mean", column=flag, name=name))
            if one.q == 100.0:
                after.append(Derivation(column=name, expression=f"{quoted(name)} * 100"))
        elif one.function == "range":
            low_name, high_name = unused(f"{name}_low", taken), unused(f"{name}_high", taken)
            helpers += [low_name, high_name]
            measures += [
                Measure(function="min", column=one.column, name=low_name),
                Measure(function="max", column=one.column, name=high_name),
            ]
            after.append(Derivation(column=name, expression=f"{quoted(high_name)} - {quoted(low_name)}"))
        else:
            measures.append(Measure(function=one.function, column=one.column, name=name, q=one.q))
        if one.column is not None:
            used.append(one.column)
        if one.digits is not None:
            rounded.setdefault(one.digits, []).append(name)
    if len([one for one in wanted if one.function == "counted"]) > 1:
        return None
    steps.append(Aggregate(keys=keys.columns, measures=tuple(measures)))
    if after:
        steps.append(Derive(columns=tuple(after)))
    if helpers:
        steps.append(Drop(columns=tuple(helpers)))
    steps += [Round(columns=tuple(names), digits=digits) for digits, names in rounded.items()]
    return act(*steps, made=tuple(made), used=tuple(used))


_SAID = {"mean": "average", "sum": "total", "std": "standard deviation", "var": "variance"}


def _default(one: Figure) -> str:
    if one.column is None:
        return "count" if one.function in ("count", "counted") else "share"
    return f"{one.function}_{one.column}"
