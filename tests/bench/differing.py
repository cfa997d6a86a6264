"""The difference of two versions over a million rows, beside the same by hand in Polars: a full join by key.

Both begin with the rows that went in and end with the files and figures of what differs: by hand, both recipes are part
of the plan that joins them. The limit is that of the whole, the child and the books of both versions included.
"""

import asyncio

import polars as pl

from contracts.commands.transform import DifferResult
from contracts.recipe import Recipe
from services.transform.jobs import JobModule
from tests.bench.by_hand import ROWS
from tests.bench.children import TENANT, children
from tests.bench.figures import Figure, best
from tests.bench.flights import repeated

ROUNDS = 5
LIMIT, MEMORY = 1.5, 1.2
OLD = [{"kind": "drop_null", "columns": ["dep_time"]}]
NEW = [
    *OLD,
    {"kind": "filter", "where": "id % 200 <> 7"},
    {
        "kind": "derive",
        "columns": [
            {
                "column": "dep_delay",
                "expression": "CASE WHEN id % 100 = 3 THEN dep_delay + 1 ELSE dep_delay END",
            },
            {"column": "carrier", "expression": "CASE WHEN id % 500 = 1 THEN '??' ELSE carrier END"},
            {"column": "id", "expression": f"id + CASE WHEN id % 1000 = 9 THEN {ROWS} ELSE 0 END"},
        ],
    },
]


async def _figures() -> list[Figure]:
    rows = repeated(ROWS).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("id"))
    sides = [JobModule(name="", recipe=Recipe.model_validate({"steps": steps})) for steps in (OLD, NEW)]
    ours, hand, peaks = [], [], []
    async with children() as places:
        dataset = places.stored([rows.slice(start, 500_000) for start in range(0, ROWS, 500_000)])
        for number in range(ROUNDS + 1):
            effort, peak, found = await places.ours(
                lambda computing: computing.differ(TENANT, dataset, sides[:1], sides[1:], ("id",), 300)
            )
            beside, its_peak, wanted = await places.by_hand("difference", dataset)
            if _said(found) != wanted:
                raise AssertionError(f"the two differ: {_said(found)} and {wanted}")
            if number:  # before the first one nothing is loaded
                ours.append(effort)
                hand.append(beside)
                peaks.append((peak, its_peak))
    name = f"data difference of two versions, {ROWS:,} × 20"
    our_peak, hand_peak = (max(side) for side in zip(*peaks, strict=True))
    return [
        *best(name, ours, hand, "Polars by hand", limit=LIMIT),
        Figure(f"{name}: peak of memory", "MB", MEMORY, our_peak, hand_peak, "by hand"),
    ]


def _said(found: DifferResult) -> dict[str, object]:
    said = found.difference
    columns = {column.column: column.changed for column in said.columns if column.compared != "key"}
    return {"only_left": said.only_left, "only_right": said.only_right, "changed": said.changed, "columns": columns}


def figures() -> list[Figure]:
    """Time of both, and memory."""
    return asyncio.run(_figures())
