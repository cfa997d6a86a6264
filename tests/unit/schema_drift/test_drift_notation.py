"""Which other ways of writing are recognised, and which of them the values prove."""

import pytest

from services.schema_drift.comparing.notation import notation
from services.schema_drift.describing.column import Figures, figures


def column(*values: str) -> Figures:
    return figures("x", 0, values * 3)


NUMBERS = column("1200", "350", "99", "15", "4711", "820")
DECIMALS = column("1.5", "20.25", "3.75", "0.5", "12.0")
DAYS = column("2024-01-31", "2024-02-15", "2024-03-05", "2024-03-28")
MOMENTS = column("2024-01-31T10:15:00Z", "2024-02-15T11:45:00Z", "2024-03-05T09:30:00Z")


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (DECIMALS, column("1,5", "20,25", "3,75"), "decimal comma"),
        (NUMBERS, column("1,200", "350", "99"), "thousands comma"),
        (NUMBERS, column("1'200", "350", "99"), "thousands apostrophe"),
        (NUMBERS, column("12%", "35%", "99%"), "percent sign"),
        (DAYS, column("31.01.2024", "15.02.2024"), "ISO date to day.month.year"),
        (DAYS, column("Jan 31, 2024", "Feb 15, 2024"), "ISO date to month names"),
        (DAYS, column("20240131", "20240215"), "eight digits, year first"),
        (column("31.01.2024", "15.02.2024"), DAYS, "day.month.year to ISO date"),
        (column("true", "false"), column("Y", "N"), "true/false to y/n"),
        (column("0", "1"), column("false", "true"), "1/0 to true/false"),
        (MOMENTS, column("2024-01-31T05:15:00-05:00", "2024-02-15T06:45:00-05:00"), "another mark of the zone"),
    ],
)
def test_what_the_values_prove(before: Figures, after: Figures, text: str) -> None:
    found = notation(before, after)
    assert (found.text, found.safe, found.readable) == (text, True, True)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (DECIMALS, column("3,504", "2,250", "1,999"), "thousands comma"),
        (NUMBERS, column("1,200", "4,711"), "thousands comma"),
        (NUMBERS, column("$1,200", "$350"), "currency mark"),
        (NUMBERS, column("1200 kg", "350 kg"), "word after number"),
        (NUMBERS, column("(1200)", "(99)", "350"), "brackets around negatives"),
        (NUMBERS, column('{"v": 12}', '{"v": 350}'), "number inside JSON"),
        (NUMBERS, column("1200", "350", "unknown"), "words among the numbers"),
        (DECIMALS, column("1", "20", "4"), "digits lost"),
        (NUMBERS, DECIMALS, "fractions in most values"),
        (DAYS, column("05/06/2024", "01/02/2024"), "ISO date to day/month/year"),
        (DAYS, column("31/01/24", "15/02/24"), "ISO date to day/month/year of two digits"),
        (DAYS, column("1706659200", "1707955200"), "epoch seconds"),
        (DAYS, column("1706659200000", "1707955200000"), "epoch milliseconds"),
        (DAYS, column("45322", "45337"), "spreadsheet days"),
        (column("31/01/2024", "15/02/2024"), column("01/31/2024", "02/15/2024"), "day/month/year to month/day/year"),
        (MOMENTS, column("2024-01-31", "2024-02-15"), "time of day dropped"),
        (MOMENTS, column("2024-01-31T10:15:00", "2024-02-15T11:45:00"), "no zone is stated any more"),
        (column("0012", "0350", "1200"), column("12", "350", "1200"), "leading zeros lost"),
        (column("Rain", "Sun", "Fog"), column("RAIN", "SUN", "FOG"), "other letter case in values"),
    ],
)
def test_what_they_do_not(before: Figures, after: Figures, text: str) -> None:
    found = notation(before, after)
    assert (found.text, found.safe, found.readable) == (text, False, True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NUMBERS, column("abc", "qwe", "zzz")),
        (NUMBERS, column("#VALUE!")),
        (DAYS, column("soon", "later")),
        (column("Japan", "Europe", "USA"), column("1", "2", "3")),
    ],
)
def test_what_is_no_value_of_the_kind(before: Figures, after: Figures) -> None:
    assert not notation(before, after).readable


def test_wider_is_no_other_way() -> None:
    assert notation(NUMBERS, column("1200.0", "350.0", "99.5")).widened
    assert notation(column("1.0", "2.0", "10.0"), column("1", "2", "10")).widened


def test_the_same_is_nothing() -> None:
    for one in (NUMBERS, DECIMALS, DAYS, MOMENTS):
        assert notation(one, one).text == ""
