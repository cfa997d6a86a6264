"""What two column names have to do with each other."""

import pytest

from services.schema_drift.matching.names import opaque, relate, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dep_delay", ("dep", "delay")),
        ("depDelay", ("dep", "delay")),
        ("DEP-DELAY", ("dep", "delay")),
        ("HTTPStatusCode", ("http", "status", "code")),
        ("Année de départ", ("annee", "de", "depart")),
        ("straße", ("strasse",)),
        ("Höhe", ("hoehe",)),
        ("___", ("___",)),
    ],
)
def test_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        ("dep_delay", "DEP-DELAY", "same"),
        ("workingday", "Working Day", "same"),
        ("dep_delay", "dep_dealy", "whole"),
        ("dep_delay", "departure_delay", "whole"),
        ("TotalWorkingYears", "TotWrkYrs", "whole"),
        ("customer", "kunde", "whole"),
        ("wind", "viento", "whole"),
        ("manufacturer", "maker", "whole"),
        ("name", "airport_name", "extended"),
        ("temp", "temp_f", "whole"),
        ("distance", "src_distance", "extended"),
        ("mage", "mother_age", "extended"),
        ("dbp", "day_bp", "extended"),
        ("mv_theft", "motor_vehicle_theft", "extended"),
        ("cod", "cause_of_death", "extended"),
        ("hr", "home_runs", "none"),
        ("wait", "wait_min", "whole"),
        ("wind_speed", "wind_colour", "partial"),
        ("carrier", "postal_address", "none"),
        ("temp", "attr_7", "none"),
    ],
)
def test_relations(old: str, new: str, relation: str) -> None:
    assert relate(old, new).relation == relation


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("temp", "temp_forecast"),
        ("temp_max", "temp_mean"),
        ("air_time", "air_time_plan"),
        ("price", "quoted_price"),
        ("dep_delay", "arr_delay"),
        ("weight", "weight_gross"),
        ("income", "expected_income"),
        ("mage", "mean_age"),
        ("temp", "temp_min"),
    ],
)
def test_a_word_that_makes_it_another_quantity(old: str, new: str) -> None:
    assert relate(old, new).differs


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dep_delay", "delay_at_departure"),
        ("temp_max", "max_temperature"),
        ("min_temp", "temp_lowest"),
        ("mage", "mother_age"),
        ("travel_time", "travel_time_min"),
    ],
)
def test_a_word_that_survives_makes_no_difference(old: str, new: str) -> None:
    assert not relate(old, new).differs


def test_a_unit_is_a_claim() -> None:
    assert relate("price", "price_usd").claims
    assert relate("weight_lbs", "weight_kg").claims
    assert not relate("distance", "distance_miles").claims


@pytest.mark.parametrize("name", ["attr_9", "c1", "m11", "col_a", "measure_b", "field_17", "x", "metric_29", "label_1"])
def test_names_that_say_nothing(name: str) -> None:
    assert opaque(name)


@pytest.mark.parametrize("name", ["temp", "battery_mv", "price_list", "id", "origin", "group_size"])
def test_names_that_say_something(name: str) -> None:
    assert not opaque(name)
