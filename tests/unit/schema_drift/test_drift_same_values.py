"""Names, types and values are those of before, and say something else; or seem to, and the clocks were only set."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest

from services.schema_drift.describing.delivery import Delivery, describe
from services.schema_drift.detecting.detect import detect

SIZE = 300
Columns = dict[str, list[str]]


def columns(seed: int) -> Columns:
    """A table of calm columns; another seed gives other rows of it."""
    chance = random.Random(seed)
    return {
        "weight": [f"{chance.gauss(80, 12):.1f}" for _ in range(SIZE)],
        "length": [str(chance.randint(100, 900)) for _ in range(SIZE)],
        "share": [f"{chance.random():.3f}" for _ in range(SIZE)],
        "grade": [chance.choice("AAAAAABBBC") for _ in range(SIZE)],
        "member": [chance.choice(["gold", "gold", "gold", "gold", "blue"]) for _ in range(SIZE)],
        "comment": [""] * SIZE,
    }


def delivery(table: Columns) -> Delivery:
    return describe(list(table), list(zip(*table.values(), strict=True)))


def half(values: list[str], write: Callable[[float], str]) -> list[str]:
    return [write(float(text)) if at % 2 else text for at, text in enumerate(values)]


def exchanged(values: list[str], new: dict[str, str]) -> list[str]:
    return [new.get(text, text) for text in values]


CHANGES: list[tuple[str, str, Callable[[Columns], list[str]]]] = [
    ("weight", "a part of the rows counts", lambda table: half(table["weight"], lambda value: f"{value * 1000:.0f}")),
    ("weight", "a part of the rows counts", lambda table: half(table["weight"], lambda value: f"{value / 100:.3f}")),
    ("length", "running totals", lambda table: [str(total) for total in accumulate(map(int, table["length"]))]),
    ("grade", "shares are exchanged", lambda table: exchanged(table["grade"], {"A": "C", "B": "A", "C": "B"})),
    ("member", "shares are exchanged", lambda table: exchanged(table["member"], {"gold": "blue", "blue": "gold"})),
]


@pytest.mark.parametrize(("name", "wanted", "change"), CHANGES)
def test_another_meaning_is_found(name: str, wanted: str, change: Callable[[Columns], list[str]]) -> None:
    after = columns(2)
    found = detect(delivery(columns(1)), delivery(after | {name: change(after)}))
    assert [(one.kind, one.column) for one in found if one.proof == "refuted" and wanted in one.detail] == [
        ("meaning_changed", name)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"length": sorted(columns(2)["length"], key=int)},
        {"weight": half(columns(2)["weight"], lambda value: f"{value * 1.02:.1f}")},
        {"grade": exchanged(columns(2)["grade"], {"C": "B"})},
    ],
)
def test_other_rows_sorted_ones_and_small_moves_mean_the_same(change: Columns) -> None:
    assert detect(delivery(columns(1)), delivery(columns(2) | change)) == ()


def test_an_odd_value_among_known_ones_is_no_other_kind() -> None:
    classes = {"class": [f"{at % 3 + 1}. class" for at in range(SIZE)]}
    odd = {"class": ["*", *classes["class"][1:]]}
    found = detect(delivery(columns(1) | classes), delivery(columns(2) | odd))
    assert [one for one in found if one.proof == "refuted"] == []


def goals(seed: int) -> Columns:
    """Two columns of like numbers, the one a little larger on the average."""
    chance = random.Random(seed)
    return {
        name: [str(chance.choice(scores)) for _ in range(SIZE)]
        for name, scores in (("home", "0112223"), ("away", "0011123"))
    }


def test_columns_of_like_numbers_that_changed_places_are_refused() -> None:
    before, after = columns(1) | goals(1), columns(2) | goals(2)
    assert detect(delivery(before), delivery(after)) == ()
    turned = after | {"home": after["away"], "away": after["home"]}
    found = detect(delivery(before), delivery(turned))
    assert [(one.kind, one.column, one.detail) for one in found] == [
        ("meaning_changed", "home", "holds away"),
        ("meaning_changed", "away", "holds home"),
    ]
    assert detect(delivery(before), delivery(after | {"home": after["away"]})) == ()


def test_another_unit_shows_beside_many_zeros() -> None:
    before, after = columns(1), columns(2)
    for table, factor in ((before, 1.0), (after, 0.3048)):
        lengths = [float(text) * factor if at % 2 else 0 for at, text in enumerate(table["length"])]
        table["length"] = [f"{length:.0f}" for length in lengths]
    found = detect(delivery(before), delivery(after))
    assert [(one.column, one.detail) for one in found] == [("length", "metres for feet")]


def test_one_value_in_a_column_that_never_held_any_is_asked_about() -> None:
    found = detect(delivery(columns(1)), delivery(columns(2) | {"comment": ["n.v."] * SIZE}))
    assert [(one.kind, one.column, one.proof) for one in found] == [("format_changed", "comment", "plausible")]


def clocks(start: str, *, later: int = 0, zone: str = "America/New_York") -> Delivery:
    """Moments of universal time beside the hours of a place, the moments moved by some hours."""
    chance = random.Random(start)
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    moments = sorted(first + timedelta(minutes=chance.randint(0, 4 * 24 * 60)) for _ in range(SIZE))
    return delivery(
        {
            "at": [(moment + timedelta(hours=later)).strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments],
            "hour": [str(moment.astimezone(ZoneInfo(zone)).hour) for moment in moments],
        }
    )


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Adelaide"])
def test_summer_time_is_no_drift(zone: str) -> None:
    before, after = clocks("2024-02-20", zone=zone), clocks("2024-04-10", zone=zone)
    assert [one for one in detect(before, after) if one.kind == "meaning_changed"] == []


@pytest.mark.parametrize(("start", "later"), [("2024-02-25", 1), ("2024-02-25", -1), ("2024-04-10", 3)])
def test_hours_that_no_calendar_explains_are_refused(start: str, later: int) -> None:
    found = detect(clocks("2024-02-20"), clocks(start, later=later))
    assert ("meaning_changed", "at") in [(one.kind, one.column) for one in found]
