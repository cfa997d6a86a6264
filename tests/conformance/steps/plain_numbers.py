"""Oracles in plain Python: numbers."""

import math
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    localcontext,
)
from fractions import Fraction
from typing import Any

from tests.conformance.steps.plain_groups import between, deviation, quantile, rounded_off, total
from tests.conformance.steps.plain_texts import put, several
from tests.conformance.steps.subject import Case, Row

_MOST = sys.float_info.max
_MODES = {
    "half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP,
    "floor": ROUND_FLOOR, "ceil": ROUND_CEILING,
}  # fmt: skip


def number(
    text: str, *, comma: bool = False, group: str = "", money: bool = False, percent: str = "none"
) -> Decimal | None:
    """Written from the description: sign, groups of three, decimal sign, and what may stand around."""
    text = text.strip()
    minus = False
    if money:
        text = re.sub(r"^[$€]\s*|\s*[$€]$", "", text)
        if re.fullmatch(r"\(.*\)", text):
            minus, text = True, re.sub(r"^[$€]\s*|\s*[$€]$", "", text[1:-1])
    if text[:1] in ("+", "-"):
        if minus:
            return None
        minus, text = text[0] == "-", re.sub(r"^[$€]\s*", "", text[1:]) if money else text[1:]
    parts = percent != "none" and text.endswith("%")
    if parts:
        text = text[:-1].rstrip()
    sign = "," if comma else "."
    whole = rf"\d{{1,3}}({re.escape(group)}\d{{3}})+|\d+" if group else r"\d+"
    if not re.fullmatch(rf"(({whole})({re.escape(sign)}\d*)?|{re.escape(sign)}\d+)", text):
        return None
    value = Decimal((text.replace(group, "") if group else text).replace(sign, ".").rstrip("."))
    value = -value if minus else value
    return value / 100 if parts and percent == "fraction" else value


def numbers(rows: list[Row], read: Callable[[str], Any], on_failure: str) -> list[Row]:
    found = []
    for row in rows:
        text = row["txt"]
        value = None if text is None or not text.strip() else read(text)
        if on_failure == "quarantine" and value is None and text is not None and text.strip():
            continue
        found.append(row | {"txt": value})
    return found


def whole(text: str) -> int | None:
    value = number(text, group=",", percent="number")
    return int(value) if value is not None and value == int(value) else None


def rounded(value: Any, digits: int, mode: str) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return value
    unit = Decimal(1).scaleb(-digits)
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    with localcontext(prec=400):
        found = (exact / unit).quantize(Decimal(1), rounding=_MODES[mode]) * unit
    return type(value)(found)


def nearest(value: Fraction, digits: int) -> Decimal:
    """A fraction to so many digits after the point; halves go away from zero."""
    units = abs(value) * 10**digits
    whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-digits, Context(prec=60))


def fences(rows: list[Row], name: str, method: str, far: float) -> tuple[Fraction, Fraction] | None:
    """The last numbers that are not far from the others, where there is such a thing."""
    values = [Fraction(row[name]) for row in rows if row[name] is not None and math.isfinite(row[name])]
    if values and method == "iqr":
        one, three = between(values, 0.25), between(values, 0.75)
        return one - (three - one) * Fraction(far), three + (three - one) * Fraction(far)
    if len(values) < 2 or method == "iqr":
        return None
    mean, off = sum(values) / len(values), deviation(values) * Fraction(far)
    return mean - off, mean + off


def at_a_fence(rows: list[Row], name: str, method: str, far: float) -> bool:
    """Whether a value is so near a fence that only more digits than a float has can tell on which side it is."""
    found = fences(rows, name, method, far)
    values = [Fraction(row[name]) for row in rows if row[name] is not None and math.isfinite(row[name])]
    size = max((abs(value) for value in (*values, *(found or ()))), default=Fraction(0)) / 10**12
    return any(0 < abs(value - fence) <= size for fence in found or () for value in values)


def outliers(rows: list[Row], name: str, method: str, far: float, action: str) -> list[Row]:
    bounds = fences(rows, name, method, far)
    low, high = (-math.inf, math.inf) if bounds is None else bounds
    found = []
    for row in rows:
        # NaN and an empty cell are far from nothing.
        out = row[name] is not None and (row[name] < low or row[name] > high)
        if action == "flag":
            found.append(row | {f"{name}_outlier": out})
        elif not out:
            found.append(row)
        elif action == "null":
            found.append(row | {name: None})
        elif action == "clip":
            bound = low if row[name] < low else high
            whole = math.ceil(bound) if bound == low else math.floor(bound)
            cut = max(-_MOST, min(_MOST, rounded_off(bound)))
            found.append(row | {name: whole if isinstance(row[name], int) else cut})
    return found


def classed(value: float | None, edges: list[float], labels: list[str], closed: str, outside: str) -> str | None:
    if value is None or math.isnan(value) or (outside == "null" and not edges[0] <= value <= edges[-1]):
        return None
    inner = edges if outside == "open" else edges[1:-1]
    return labels[sum(value >= edge if closed == "left" else value > edge for edge in inner)]


def by_count(rows: list[Row], count: int, method: str, closed: str) -> list[Row]:
    values = [row["v"] for row in rows if row["v"] is not None and math.isfinite(row["v"])]
    labels = [str(at) for at in range(count)]
    if not values:
        return [row | {"class": None} for row in rows]
    low, high = min(values), max(values)
    step = [(high / count - low / count) * at + low for at in range(count)] + [high]
    edges = step if method == "width" else [quantile(values, at / count) for at in range(count + 1)]
    return [row | {"class": classed(row["v"], edges, labels, closed, "null")} for row in rows]


def filled(rows: list[Row], name: str, method: str, by: str | None) -> list[Row]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[by] if by else None, []).append(row[name])

    def put_in(row: Row, at: int) -> Any:
        values = [value for value in groups[row[by] if by else None] if value is not None]
        if not values:
            return None
        if method == "mode":
            return Counter(values).most_common(1)[0][0]
        if isinstance(values[0], float):
            return total(values) / len(values) if method == "mean" else quantile(values, 0.5)
        exact = [Fraction(value) for value in values]
        middle = Fraction(sum(exact) / len(exact) if method == "mean" else statistics.median(exact))
        return nearest(middle, 9) if isinstance(values[0], Decimal) else int(nearest(middle, 0))

    if method in ("forward", "backward"):
        last: dict[Any, Any] = {}
        done = []
        for row in rows if method == "forward" else reversed(rows):
            group = row[by] if by else None
            last[group] = row[name] if row[name] is not None else last.get(group)
            done.append(row | {name: last[group]})
        return done if method == "forward" else done[::-1]
    return [row if row[name] is not None else row | {name: put_in(row, at)} for at, row in enumerate(rows)]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


CASES = [
    Case(
        {"kind": "parse_number", "columns": ["txt"], "thousands": ",", "on_failure": "null"},
        lambda rows: numbers(rows, lambda t: _float(number(t, group=",")), "null"),
    ),
    Case(
        {
            "kind": "parse_number",
            "columns": ["txt"],
            "decimal": ",",
            "thousands": ".",
            "to": "decimal",
            "currency": True,
            "on_failure": "null",
        },
        lambda rows: numbers(rows, lambda t: number(t, comma=True, group=".", money=True), "null"),
    ),
    Case(
        {
            "kind": "parse_number",
            "columns": ["txt"],
            "percent": "fraction",
            "currency": True,
            "to": "decimal",
            "on_failure": "quarantine",
        },
        lambda rows: numbers(rows, lambda t: number(t, money=True, percent="fraction"), "quarantine"),
    ),
    Case(
        {
            "kind": "parse_number",
            "columns": ["txt"],
            "percent": "number",
            "thousands": ",",
            "to": "integer",
            "on_failure": "null",
        },
        lambda rows: numbers(rows, whole, "null"),
    ),
    Case(
        {"kind": "fill_null", "columns": ["k", "price"], "value": 7},
        several(
            put("k", lambda r: 7 if r["k"] is None else r["k"]),
            put("price", lambda r: Decimal(7) if r["price"] is None else r["price"]),
        ),
    ),
    *(
        Case(
            {"kind": "fill_null", "columns": [name], "method": method, **({"by": [by]} if by else {})},
            lambda rows, name=name, method=method, by=by: filled(rows, name, method, by),
        )
        for method in ("mean", "median", "mode", "forward", "backward")
        for name in (("k", "v", "price") if method in ("mean", "median") else ("k", "name"))
        for by in (None, "ok")
    ),
    *(
        Case(
            {
                "kind": "bin",
                "column": name,
                "into": "class",
                "edges": [-1, 0.5, 7],
                "labels": labels,
                "closed": closed,
                "outside": outside,
            },
            lambda rows, name=name, labels=labels, closed=closed, outside=outside: put(
                "class",
                lambda row: classed(
                    None if row[name] is None else float(row[name]), [-1, 0.5, 7], labels, closed, outside
                ),
            )(rows),
        )
        for name in ("k", "x")
        for closed in ("left", "right")
        for outside, labels in (("open", ["a", "b", "c", "d"]), ("null", ["low", "high"]))
    ),
    Case(
        {"kind": "bin", "column": "v", "into": "class", "edges": [0, 1.5], "outside": "open"},
        put("class", lambda row: classed(row["v"], [0, 1.5], ["< 0", "[0, 1.5)", "≥ 1.5"], "left", "open")),
    ),
    *(
        Case(
            {
                "kind": "bin",
                "column": "v",
                "into": "class",
                "count": 3,
                "method": method,
                "closed": closed,
                "labels": ["0", "1", "2"],
            },
            lambda rows, method=method, closed=closed: by_count(rows, 3, method, closed),
        )
        for method in ("width", "quantile")
        for closed in ("left", "right")
    ),
    *(
        Case(
            {"kind": "outliers", "columns": [name], "method": method, "factor": 0.75, "action": action},
            lambda rows, name=name, method=method, action=action: outliers(rows, name, method, 0.75, action),
        )
        for name in ("k", "v")
        for method in ("iqr", "zscore")
        for action in ("drop", "clip", "flag", "null")
    ),
    *(
        Case(
            {"kind": "round", "columns": ["v", "price", "n", "x"], "digits": digits, "mode": mode},
            lambda rows, digits=digits, mode=mode: [
                row | {name: rounded(row[name], digits, mode) for name in ("v", "price", "n", "x")} for row in rows
            ],
            roughly="x",
        )
        for mode in _MODES
        for digits in (1, 0)
    ),
    *(
        Case(
            {"kind": "round", "columns": ["price", "k"], "digits": -1, "mode": mode},
            lambda rows, mode=mode: [
                row | {name: rounded(row[name], -1, mode) for name in ("price", "k")} for row in rows
            ],
        )
        for mode in _MODES
    ),
    Case(
        {"kind": "convert_unit", "columns": ["k", "v"], "from": "miles", "to": "km"},
        lambda rows: [
            row | {name: None if row[name] is None else row[name] * 1.609344 for name in ("k", "v")} for row in rows
        ],
    ),
    Case(
        {"kind": "convert_unit", "columns": ["v"], "from": "°F", "to": "celsius"},
        put("v", lambda row: None if row["v"] is None else (row["v"] - 32) / 1.8),
    ),
]
