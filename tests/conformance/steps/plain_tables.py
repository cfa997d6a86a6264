"""Oracles in plain Python: two tables."""

from decimal import Decimal

from tests.conformance.steps.subject import TABLE, Case, Row

NAMES = list(TABLE.names)


def matches(row: Row, other: Row, on: list[tuple[str, str]]) -> bool:
    return all(row[one] is not None and other[two] is not None and row[one] == other[two] for one, two in on)


def brought(other: Row | None) -> Row:
    return {"label": None, "v_right": None, "n_right": None} if other is None else {
        "label": other["label"], "v_right": other["v"], "n_right": other["n"]
    }  # fmt: skip


def alone(other: Row) -> Row:
    return dict.fromkeys(NAMES) | {"k": other["key"]}


def join(rows: list[Row], others: list[Row], how: str) -> list[Row]:
    on = [("k", "key")]
    if how in ("semi", "anti"):
        return [row for row in rows if any(matches(row, one, on) for one in others) == (how == "semi")]
    found: list[Row] = []
    if how == "right":
        for one in others:
            mine = [row for row in rows if matches(row, one, on)]
            found += [row | brought(one) for row in mine or [alone(one)]]
        return found
    for row in rows:
        partners: list[Row | None] = [one for one in others if matches(row, one, on)]
        found += [row | brought(one) for one in partners or ([None] if how != "inner" else [])]
    if how == "full":
        left = [one for one in others if not any(matches(row, one, on) for row in rows)]
        found += [alone(one) | brought(one) for one in left]
    return found


def two_keys(rows: list[Row], others: list[Row]) -> list[Row]:
    on = [("k", "key"), ("n", "n")]
    return [row | {"label": one["label"]} for row in rows for one in others if matches(row, one, on)]


def decimal_key(rows: list[Row], others: list[Row]) -> list[Row]:
    on = [("price", "key")]
    given = [one | {"key": None if one["key"] is None else Decimal(one["key"])} for one in others]
    return [row | {"label": one["label"]} for row in rows for one in given if matches(row, one, on)]


def lookup(rows: list[Row], others: list[Row], default: str | None) -> list[Row]:
    found = []
    for row in rows:
        one = next((one for one in others if matches(row, one, [("k", "key")])), None)
        found.append(row | {"label": default if one is None else one["label"]})
    return found


def union(rows: list[Row], others: list[Row]) -> list[Row]:
    widened = [row | {"key": None, "label": None} for row in rows]
    below = [
        dict.fromkeys(NAMES) | {"key": one["key"], "label": one["label"], "v": one["v"], "n": one["n"]}
        for one in others
    ]
    return widened + below


CASES = [
    *(
        Case(
            {"kind": "join", "with": "other", "how": how, "on": [{"left": "k", "right": "key"}]},
            lambda rows, others, how=how: join(rows, others, how),
            inputs=("other",),
        )
        for how in ("inner", "left", "right", "full", "semi", "anti")
    ),
    Case(
        {
            "kind": "join",
            "with": "other",
            "on": [{"left": "k", "right": "key"}, {"left": "n", "right": "n"}],
            "columns": ["label"],
        },
        two_keys,
        inputs=("other",),
    ),
    Case(
        {"kind": "join", "with": "other", "on": [{"left": "price", "right": "key"}], "columns": ["label"]},
        decimal_key,
        inputs=("other",),
    ),
    *(
        Case(
            {
                "kind": "lookup",
                "with": "other",
                "on": [{"left": "k", "right": "key"}],
                "columns": ["label"],
                "default": default,
            },
            lambda rows, others, default=default: lookup(rows, others, default),
            inputs=("other",),
        )
        for default in (None, "none")
    ),
    Case({"kind": "union", "with": ["other"]}, union, inputs=("other",)),
    Case(
        {"kind": "union", "with": ["other", "other"]},
        lambda rows, others: union(rows, [*others, *others]),
        inputs=("other",),
    ),
]
