"""What a delivery may be apart from the past is learned from the past: seasons trip nothing, another unit does."""

import math
from collections.abc import Sequence

import pytest

from contracts.adaptation import ColumnFigures
from contracts.data import LogicalType
from services.schema_drift.proving.tolerances import distances, season

MONTHS = [f"2025-{month:02}-01T00:00:00+00:00" for month in range(1, 13)]


def spread(middle: float, width: float = 4.0, **other: object) -> ColumnFigures:
    """A column of 10,000 numbers around a middle."""
    places = tuple(middle + width * at for at in (-3.0, -1.6, -0.7, 0.0, 0.7, 1.6, 3.0))
    given = {"column": "v", "rows": 10_000, "nulls": 0, "distinct": 500, "mean": middle, "quantiles": places}
    return ColumnFigures.model_validate(given | other)


def shares(**values: float) -> ColumnFigures:
    return ColumnFigures(column="v", rows=10_000, nulls=0, distinct=len(values), shares=values)


def beyond(
    came: ColumnFigures, past: Sequence[ColumnFigures], type: LogicalType = LogicalType.FLOAT, at: Sequence[str] = ()
) -> set[str]:
    peers = season("2026-07-01T00:00:00+00:00", at)
    return {one.measure for one in distances(came, past, type, peers) if not one.within}


def test_the_seasons_trip_nothing_and_another_unit_does() -> None:
    year = [spread(12 - 13 * math.cos(month / 6 * math.pi)) for month in range(12)]
    for month, usual in enumerate(year):
        others = [one for number, one in enumerate(year) if number != month]
        assert beyond(usual, others, at=MONTHS[1:]) == set()
        # In winter it is as warm in Fahrenheit as in summer in Celsius.
        if month in range(2, 11):
            assert "place" in beyond(spread(usual.quantiles[3] * 1.8 + 32, 7.2), others)


def test_what_only_one_season_has_is_told_where_it_came_back_often_enough() -> None:
    at = [f"{year}-{month:02}-01T00:00:00+00:00" for year in (2022, 2023, 2024, 2025) for month in (1, 7)]
    past = [spread(5.0 if number % 2 == 0 else 25.0) for number in range(8)]
    assert beyond(spread(25.0), past, at=at) == set()
    assert beyond(spread(5.0), past, at=at) == {"place"}
    assert beyond(spread(5.0), past) == set()


def test_mondays_are_compared_with_mondays() -> None:
    days = [f"2026-06-{day:02}T00:00:00+00:00" for day in range(1, 29)]
    assert season("2026-07-06T00:00:00+00:00", days) == [0, 7, 14, 21]
    assert season("2026-07-06T00:00:00+00:00", days[:9]) is None
    assert season("", days) is None


@pytest.mark.parametrize(
    ("came", "past", "type", "found"),
    [
        (shares(yes=0.1, no=0.9), [shares(yes=0.9, no=0.1)], LogicalType.STRING, {"values"}),
        (shares(yes=0.8, no=0.2), [shares(yes=0.9, no=0.1)], LogicalType.STRING, set()),
        (shares(Mar=1.0), [shares(Jan=1.0), shares(Feb=1.0)], LogicalType.STRING, set()),
        (shares(Mar=1.0), [shares(Jan=1.0), shares(Feb=1.0), shares(Dec=1.0)], LogicalType.STRING, set()),
        (shares(EUR=1.0), [shares(USD=1.0)] * 3, LogicalType.STRING, {"values"}),
        (spread(20_480, 30), [spread(20_450, 30)], LogicalType.DATE, set()),
        (spread(20_450, 300), [spread(20_450, 30)], LogicalType.DATE, {"span"}),
        (spread(-16_000, 30), [spread(20_450, 30)], LogicalType.DATE, {"days"}),
        (spread(10_000.0, 300), [spread(100.0)], LogicalType.FLOAT, {"place", "size"}),
        (spread(104.0), [spread(100.0), spread(101.0)], LogicalType.FLOAT, set()),
        (spread(4e6, 1e5, distinct=10_000), [spread(1e6, 1e5, distinct=10_000)], LogicalType.INTEGER, set()),
        (spread(4e6, 1e5, distinct=100), [spread(1e6, 1e5, distinct=10_000)], LogicalType.INTEGER, {"naming"}),
        (spread(100.0, nulls=4_000), [spread(100.0)], LogicalType.FLOAT, {"nulls"}),
        (spread(100.0, nulls=10_000, quantiles=()), [spread(100.0, nulls=9_000)], LogicalType.FLOAT, set()),
    ],
)  # fmt: skip
def test_short_pasts_have_wide_bounds_and_still_refuse_what_is_gross(
    came: ColumnFigures, past: list[ColumnFigures], type: LogicalType, found: set[str]
) -> None:
    assert beyond(came, past, type) == found
