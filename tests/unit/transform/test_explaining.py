"""What is told of steps: their English, what they make of which columns, and where a column comes from in the end."""

from typing import Any
from uuid import UUID

from contracts.recipe import DatasetInput, Recipe, Steps
from services.transform.jobs import Checked, CheckJob
from services.transform.views import steps_of
from services.transform.worker import check
from tests.unit.transform.evaluating import schema

FLIGHTS = schema(carrier="string", distance="float", air_time="float", day="date")
AIRLINES = schema(code="string", airline="string")
STEPS: list[dict[str, Any]] = [
    {"kind": "rename", "columns": {"carrier": "code"}},
    {"kind": "filter", "where": "air_time > 0"},
    {"kind": "derive", "columns": [{"column": "speed", "expression": "distance / air_time"}]},
    {"kind": "join", "with": "airlines", "on": [{"left": "code", "right": "code"}]},
    {"kind": "aggregate", "keys": ["airline"], "measures": [{"function": "mean", "column": "speed", "name": "fast"}]},
]


def told(*steps: dict[str, Any], table: Any = FLIGHTS) -> Checked:
    inputs = {"airlines": DatasetInput(dataset="0" * 64, table_schema=AIRLINES)}
    recipe = Recipe(steps=Steps.validate_python(list(steps)), inputs=inputs)
    return check(CheckJob(table_schema=table, recipe=recipe, explain=True))


def test_each_step_says_what_it_does() -> None:
    found = told(*STEPS).steps
    assert [one.english for one in found] == [
        "Rename carrier to code",
        "Keep the rows where air_time > 0",
        "Compute speed = distance / air_time",
        "Join all columns of airlines by code; keep only rows with a partner",
        "For each airline: the mean of speed as fast",
    ]
    assert [one.made for one in found][2] == {"speed": ("air_time", "distance")}
    assert [one.rows_by for one in found][1] == ("air_time",)
    assert [one.whole for one in found] == [False, False, False, True, True]


def test_columns_are_followed_to_the_first_table() -> None:
    assert told(*STEPS[:3]).origins == {
        "code": ("carrier", "air_time"),
        "distance": ("distance", "air_time"),
        "air_time": ("air_time",),
        "day": ("air_time", "day"),
        "speed": ("distance", "air_time"),
    }
    assert told(*STEPS).origins == {
        "airline": ("carrier", "air_time"),
        "fast": ("carrier", "distance", "air_time"),
    }
    assert told().origins == {name: (name,) for name in FLIGHTS.names}


def test_very_wide_tables_are_not_followed() -> None:
    wide = schema(**{f"c{at}": "integer" for at in range(2_001)})
    found = told({"kind": "drop", "columns": ["c0"]}, table=wide)
    assert (found.origins, len(found.steps)) == (None, 1)


def test_steps_stand_with_their_nodes_and_books() -> None:
    found = told(*STEPS[:3])
    root, first, second = (UUID(int=number) for number in (1, 2, 3))
    book = {"module": "", "step": 1, "kind": "filter", "rows_in": 9, "rows_out": 7, "filtered": 2}
    path = [
        {"id": root, "steps": []},
        {"id": first, "steps": STEPS[:2]},
        {"id": second, "steps": STEPS[2:3]},
    ]
    shown = steps_of(path, {first: [book]}, found.steps, found.origins)
    assert [(one.number, one.node_id, one.step.kind) for one in shown.steps] == [
        (1, first, "rename"),
        (2, first, "filter"),
        (3, second, "derive"),
    ]
    assert [one.books and one.books.filtered for one in shown.steps] == [None, 2, None]
