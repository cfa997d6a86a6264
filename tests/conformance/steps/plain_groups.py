"""Oracles in plain Python: groups of rows."""

import math
import statistics
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from tests.conformance.steps.plain_columns import compare, keyed, ordered
from tests.conformance.steps.subject import TABLE, Case, Row

FIGURES = ["count", "count_distinct", "sum", "mean", "min", "max", "first", "last"]


def total(values: list[Any]) -> Any:
    if not isinstance(values[0], float):
        with localcontext(prec=80):
            return sum(int(v) if isinstance(v, bool) else v for v in values)
    special: list[float] = [value for value in values if not math.isfinite(value)]
    return sum(special) if special else rounded_off(sum(map(Fraction, values)))


def rounded_off(value: Fraction | int) -> float:
    """The float nearest to a number."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def spread(values: list[float]) -> float:
    """The standard deviation of a sample."""
    if not all(map(math.isfinite, values)):
        return math.nan
    try:
        return statistics.stdev(values)
    except OverflowError:
        return math.inf


def quantile(values: list[float], q: float) -> float:
    if all(map(math.isfinite, values)):
        return rounded_off(between(list(map(Fraction, values)), q))
    ordered = sorted(values, key=lambda value: (math.isnan(value), value))
    place = (len(ordered) - 1) * q
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] if place == low else ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def between(values: list[Fraction], q: float) -> Fraction:
    """The quantile of numbers, to the last digit."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * Fraction(place - low)


def deviation(values: list[Fraction]) -> Fraction:
    """The standard deviation of a sample of numbers, to more digits than a float has."""
    mean = sum(values) / len(values)
    variance = Fraction(sum((value - mean) ** 2 for value in values), len(values) - 1)
    # So many bits more that the root of the whole number has enough of them.
    more = max(0, 200 + variance.denominator.bit_length() - variance.numerator.bit_length()) // 2
    return Fraction(math.isqrt((variance.numerator << 2 * more) // variance.denominator), 1 << more)


def figure(function: str, values: list[Any], q: float = 0.5) -> Any:
    """One figure of a group; nulls are passed over."""
    there = [value for value in values if value is not None]
    if function == "count":
        return len(there)
    if function == "count_distinct":
        return len({keyed(value) for value in there})
    if not there:
        return None
    if function == "sum":
        return total(there)
    if function == "mean":
        if isinstance(there[0], float) and not all(map(math.isfinite, there)):
            return total(there)
        return rounded_off(sum(map(Fraction, there)) / len(there))
    if function in ("min", "max"):
        best = there[0]
        for value in there:
            found = compare(value, best)
            best = value if (found < 0 if function == "min" else found > 0) else best
        return best
    if function in ("first", "last"):
        return there[0 if function == "first" else -1]
    if function in ("median", "quantile"):
        return quantile([float(value) for value in there], 0.5 if function == "median" else q)
    if len(there) < 2:
        return None
    found = spread([float(value) for value in there])
    return found if function == "std" else found * found


def grouped(rows: list[Row], keys: list[str]) -> list[tuple[Row, list[Row]]]:
    """The groups in the order of their first row."""
    groups: dict[Any, list[Row]] = {} if keys else {(): []}
    for row in rows:
        groups.setdefault(tuple(keyed(row[name]) for name in keys), []).append(row)
    return [({name: members[0][name] for name in keys}, members) for members in groups.values()]


def aggregate(
    rows: list[Row], keys: list[str], measures: list[tuple[str, str | None, str]], q: float = 0.5
) -> list[Row]:
    found = []
    for key, members in grouped(rows, keys):
        values = {
            name: len(members) if column is None else figure(function, [row[column] for row in members], q)
            for function, column, name in measures
        }
        found.append(key | values)
    return found


def monthly(rows: list[Row]) -> list[Row]:
    brought = [row | {"day": None if row["day"] is None else row["day"].replace(day=1)} for row in rows]
    return aggregate(brought, ["day", "ok"], [("count", None, "rows"), ("sum", "price", "total")])


def measures(column: str, functions: list[str]) -> list[dict[str, Any]]:
    return [
        {"function": one, "column": column, "name": f"the {one}", **({"q": 0.3} if one == "quantile" else {})}
        for one in functions
    ]


def named(column: str, functions: list[str]) -> list[tuple[str, str | None, str]]:
    return [(one, column, f"the {one}") for one in functions]


def pivot(rows: list[Row], keys: list[str], names: list[Any], function: str) -> list[Row]:
    found = []
    for key, members in grouped(rows, keys):
        cells = {
            f"k={'null' if name is None else name}": figure(
                function, [row["price"] for row in members if row["k"] == name]
            )
            for name in names
        }
        found.append(key | cells)
    return found


def unpivot(rows: list[Row], keys: list[str], columns: list[str], make: Callable[[Any], Any]) -> list[Row]:
    return [
        {name: row[name] for name in keys}
        | {"what": column, "much": None if row[column] is None else make(row[column])}
        for row in rows
        for column in columns
    ]


def window(
    rows: list[Row],
    by: list[str],
    order: list[tuple[str, bool]],
    column: str,
    functions: list[str],
    size: int,
    offset: int,
) -> list[Row]:
    """Row by row over its own group, by the definition."""
    numbered = [row | {"#": at} for at, row in enumerate(rows)]
    found: dict[int, Row] = {}
    for _, group in grouped(numbered, by):
        members = ordered(group, order)
        values = [row[column] for row in members]
        ranks = [0] * len(members)
        dense = [0] * len(members)
        for at, row in enumerate(members):
            tied = at > 0 and all(keyed(row[name]) == keyed(members[at - 1][name]) for name, _ in order)
            ranks[at] = ranks[at - 1] if tied else at + 1
            dense[at] = dense[at - 1] + (0 if tied else 1) if at else 1
        for at, row in enumerate(members):
            new = {name: _looked(name, values, at, size, offset, ranks, dense) for name in functions}
            found[row["#"]] = {name: value for name, value in row.items() if name != "#"} | new
    return [found[at] for at in range(len(rows))]


def _looked(name: str, values: list[Any], at: int, size: int, offset: int, ranks: list[int], dense: list[int]) -> Any:
    if name == "row_number":
        return at + 1
    if name == "rank":
        return ranks[at]
    if name == "dense_rank":
        return dense[at]
    if name == "percent_rank":
        return (ranks[at] - 1) / (len(values) - 1) if len(values) > 1 else 0.0
    if name in ("lag", "lead"):
        place = at - offset if name == "lag" else at + offset
        return values[place] if 0 <= place < len(values) else None
    if name in ("first", "last"):
        return values[0 if name == "first" else -1]
    way, _, one = name.rpartition("_")
    seen = (
        values[: at + 1] if way == "running" else values[max(0, at + 1 - size) : at + 1] if way == "moving" else values
    )
    return figure(one, seen)


def gaps(rows: list[Row], column: str, by: list[str], following: Callable[[Any], Any], fill: str) -> list[Row]:
    """Each series from its first to its last moment; what is missing is made."""
    found: list[Row] = []
    for key, members in grouped(rows, by):
        dated = sorted([row for row in members if row[column] is not None], key=lambda row: row[column])
        there = {row[column] for row in dated}
        new, moment = [], dated[0][column] if dated else None
        while dated and moment <= dated[-1][column]:
            if moment not in there:
                zero = {name: _zero(name) for name in rows[0]} if fill == "zero" else {}
                new.append(dict.fromkeys(rows[0]) | zero | key | {column: moment, "#": True})
            try:
                moment = following(moment)
            except OverflowError:
                break
        last: Row = {}
        for row in sorted([*dated, *new], key=lambda row: row[column]):
            if row.pop("#", False) and fill == "forward":
                row |= {name: value for name, value in last.items() if name not in (column, *by)}
            last = row
            found.append(row)
        found += [row for row in members if row[column] is None]
    return found


def _zero(name: str) -> Any:
    column = TABLE.column(name)
    return {"integer": 0, "float": 0.0, "decimal": Decimal(0)}.get(column.type.value if column else "")


def weekly(moment: Any) -> Any:
    return moment + timedelta(weeks=9)


ORDER = [{"column": "day", "descending": True}, {"column": "v"}]
LOOKS = ["row_number", "rank", "dense_rank", "percent_rank", "lag", "lead", "first", "last", "sum", "mean", "min",
         "max", "count", "running_sum", "running_mean", "running_min", "running_max", "running_count",
         "moving_sum", "moving_mean", "moving_min", "moving_max"]  # fmt: skip


def looking(column: str, functions: list[str], size: int, offset: int) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "function": name,
            "column": column,
            "offset": offset,
            **({"size": size} if "moving" in name else {}),
        }
        for name in functions
    ]


PLAIN = [name for name in LOOKS if "rank" not in name]
CASES = [
    Case(
        {"kind": "aggregate", "keys": ["k", "name"], "measures": [{"function": "count", "name": "rows"}]},
        lambda rows: aggregate(rows, ["k", "name"], [("count", None, "rows")]),
    ),
    *(
        Case(
            {"kind": "aggregate", "keys": keys, "measures": measures(column, FIGURES)},
            lambda rows, keys=keys, column=column: aggregate(rows, keys, named(column, FIGURES)),
        )
        for keys in (["k"], ["x", "ok"], [])
        for column in ("price", "v", "x")
    ),
    Case(
        {
            "kind": "aggregate",
            "keys": ["ok"],
            "measures": measures("k", [*FIGURES, "median", "quantile", "std", "var"]),
        },
        lambda rows: aggregate(rows, ["ok"], named("k", [*FIGURES, "median", "quantile", "std", "var"]), 0.3),
    ),
    Case(
        {"kind": "aggregate", "keys": ["ok"], "measures": measures("v", ["median", "quantile", "std", "var"])},
        lambda rows: aggregate(rows, ["ok"], named("v", ["median", "quantile", "std", "var"]), 0.3),
    ),
    Case(
        {
            "kind": "aggregate",
            "keys": [],
            "measures": measures("name", ["count", "count_distinct", "min", "max", "first", "last"]),
        },
        lambda rows: aggregate(rows, [], named("name", ["count", "count_distinct", "min", "max", "first", "last"])),
    ),
    Case({"kind": "aggregate", "keys": ["name", "at"]}, lambda rows: aggregate(rows, ["name", "at"], [])),
    Case(
        {"kind": "aggregate", "keys": ["day"], "measures": measures("ok", ["sum", "mean"])},
        lambda rows: aggregate(rows, ["day"], named("ok", ["sum", "mean"])),
    ),
    Case(
        {
            "kind": "aggregate",
            "keys": ["day", "ok"],
            "grain": {"day": "month"},
            "measures": [
                {"function": "count", "name": "rows"},
                {"function": "sum", "column": "price", "name": "total"},
            ],
        },
        monthly,
    ),
    *(
        Case(
            {"kind": "window", "partition_by": by, "order_by": ORDER, "columns": looking(column, LOOKS, 2, 1)},
            lambda rows, by=by, column=column: window(rows, by, [("day", True), ("v", False)], column, LOOKS, 2, 1),
            roughly="v",
        )
        for by in (["ok"], [])
        for column in ("k", "v", "price")
    ),
    Case(
        {"kind": "window", "columns": looking("k", PLAIN, 3, 2)},
        lambda rows: window(rows, [], [], "k", PLAIN, 3, 2),
    ),
    Case(
        {
            "kind": "window",
            "partition_by": ["k", "name"],
            "columns": looking("x", ["sum", "mean", "min", "max", "lead"], 3, 0),
        },
        lambda rows: window(rows, ["k", "name"], [], "x", ["sum", "mean", "min", "max", "lead"], 3, 0),
        roughly="x",
    ),
    *(
        Case(
            {
                "kind": "pivot",
                "keys": keys,
                "names_from": "k",
                "values_from": "price",
                "function": function,
                "names": [1, None, -2],
                "prefix": "k=",
            },
            lambda rows, keys=keys, function=function: pivot(rows, keys, [1, None, -2], function),
        )
        for keys in (["ok"], [])
        for function in FIGURES
    ),
    Case(
        {"kind": "unpivot", "keys": ["name", "at"], "columns": ["v", "k"], "names_to": "what", "values_to": "much"},
        lambda rows: unpivot(rows, ["name", "at"], ["v", "k"], float),
    ),
    Case(
        {"kind": "unpivot", "columns": ["name", "txt", "js"], "names_to": "what", "values_to": "much"},
        lambda rows: unpivot(rows, [], ["name", "txt", "js"], str),
    ),
    *(
        Case(
            {"kind": "fill_gaps", "column": "day", "every": 9, "unit": "week", "by": by, "fill": fill},
            lambda rows, by=by, fill=fill: gaps(rows, "day", by, weekly, fill),
        )
        for by in ([], ["ok"])
        for fill in ("null", "forward", "zero")
    ),
    Case(
        {"kind": "fill_gaps", "column": "at", "every": 1000, "unit": "hour", "fill": "zero"},
        lambda rows: gaps(rows, "at", [], lambda moment: moment + timedelta(hours=1000), "zero"),
    ),
]
