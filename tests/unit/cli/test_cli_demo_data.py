"""The demo's files: real rows, and exactly the accidents that are claimed."""

import csv
import io

from cli.demo import data


def test_the_months_are_those_of_the_package() -> None:
    assert [data.month(number).height for number in (1, 2, 3, 4)] == [27004, 24951, 28834, 28330]


def test_a_month_keeps_its_text_as_it_was() -> None:
    first = data.csv(data.month(1)).decode().splitlines()[1]
    assert first == "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"


def test_the_renamed_file_differs_in_its_header_alone() -> None:
    right = data.csv(data.month(3)).split(b"\n", 1)
    wrong = data.with_renamed_column(data.month(3)).split(b"\n", 1)
    assert wrong[1] == right[1]
    assert wrong[0] == right[0].replace(b"dep_time,", b"departure_time,", 1)


def test_the_accidents_are_as_many_as_they_say() -> None:
    month = data.month(4)
    made = data.with_accidents(month)
    rows = list(csv.reader(io.StringIO(made.content.decode())))[1:]
    whole = [tuple(row) for row in rows if len(row) == len(month.columns)]
    assert len(rows) == made.rows
    assert len(rows) - len(whole) == made.ragged > 0
    assert len(whole) - len(set(whole)) == made.repeated > 0


def test_accidents_change_nothing_about_the_rows_that_belong_in_the_warehouse() -> None:
    month = data.month(4)
    names = month.columns
    rows = list(csv.reader(io.StringIO(data.with_accidents(month).content.decode())))[1:]
    good = [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]
    keys = {
        tuple(row[name] for name in data.KEY) for row in good if row["dep_time"] != "NA" and int(row["distance"]) >= 100
    }
    assert len(keys) == data.expected_rows(month)
