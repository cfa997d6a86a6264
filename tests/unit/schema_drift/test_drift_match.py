"""Which names look alike, and that the ranking is stable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.data import Column, LogicalType
from services.schema_drift.match import LEAST_NAME, assign, candidates, name_likeness, words


def column(name: str, kind: str = "float") -> Column:
    return Column(name=name, type=LogicalType(kind))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dep_delay", ("dep", "delay")),
        ("depDelay", ("dep", "delay")),
        ("DEP-DELAY", ("dep", "delay")),
        ("HTTPStatusCode", ("http", "status", "code")),
        ("Année de départ", ("annee", "de", "depart")),
        ("straße", ("strasse",)),
        ("address2", ("address2",)),
        ("___", ("___",)),
    ],
)
def test_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("dep_delay", "departure_delay"),
        ("tail_num", "tailNumber"),
        ("cust_id", "customer_identifier"),
        ("delay_dep", "dep_delay"),
        ("unit_price", "price"),
        ("adress", "address"),
    ],
)
def test_names_that_look_alike(left: str, right: str) -> None:
    assert LEAST_NAME <= name_likeness(left, right) < 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("dep_delay", "arr_delay"),
        ("dep_delay", "dep_time"),
        ("year", "month"),
        ("origin", "dest"),
        ("id", "customer_id"),
    ],
)
def test_names_that_do_not(left: str, right: str) -> None:
    assert name_likeness(left, right) < LEAST_NAME


def test_a_type_that_does_not_fit_costs_confidence() -> None:
    same = candidates([column("dep_delay")], [column("departure_delay")])[0]
    widened = candidates([column("dep_delay")], [column("departure_delay", "integer")])[0]
    text = candidates([column("dep_delay")], [column("departure_delay", "string")])[0]
    assert same.score > widened.score > text.score
    assert candidates([column("dep_delay")], [column("departure_delay", "binary")]) == []


def test_each_column_is_used_once_and_the_best_pair_wins() -> None:
    missing = [column("dep_delay"), column("delay")]
    added = [column("departure_delay"), column("Delay")]
    chosen = assign(candidates(missing, added))
    assert [(pair.missing.name, pair.added.name) for pair in chosen] == [
        ("delay", "Delay"),
        ("dep_delay", "departure_delay"),
    ]


def test_two_columns_that_look_the_same_keep_their_order() -> None:
    ranked = candidates([column("a_b")], [column("A_B"), column("aB")])
    assert [pair.added.name for pair in ranked] == ["A_B", "aB"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_a_symmetric_number_between_0_and_1(left: str, right: str) -> None:
    likeness = name_likeness(left, right)
    assert 0 <= likeness <= 1
    assert likeness == pytest.approx(name_likeness(right, left))
    assert name_likeness(left, left) == 1
