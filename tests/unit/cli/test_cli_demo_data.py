"""The demo's files: real rows, and exactly the accidents that are claimed."""

import csv
import io

from cli.demo import data


def test_the_months_are_those_of_the_package() -> None:
    assert [data.month(number).height for number in range(1, 7)] == [27004, 24951, 28834, 28330, 28796, 28243]


def test_a_month_keeps_its_text_as_it_was() -> None:
    first = data.csv(data.month(1)).decode().splitlines()[1]
    assert first == "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"


def rows_of(content: bytes) -> list[dict[str, str]]:
    """A file as a reader outside the platform has it."""
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_file_of_march_has_two_names_changed_three_notations_and_one_column_more() -> None:
    before, now = (rows_of(data.csv(table)) for table in (data.month(3), data.as_since_march(data.month(3))))
    for old, new in zip(before, now, strict=True):
        back = {next((o for o, n in data.RENAMED.items() if n == name), name): text for name, text in new.items()}
        assert back.pop("gate")
        for name in data.DECIMALS:
            assert back[name] == ("NA" if old[name] == "NA" else f"{old[name]}.0")
            back[name] = old[name]
        assert back == old


def test_the_files_of_may_and_june_lack_what_the_story_says() -> None:
    march, may, june = (
        rows_of(data.csv(shape(data.month(5)))) for shape in (data.as_since_march, data.as_since_may, data.as_in_june)
    )
    assert set(may[0]) == set(march[0]) - {"departure_time"} | {data.RIGHT, data.OTHER}
    assert [row[data.RIGHT] for row in may] == [row["departure_time"] for row in march]
    assert {row[data.OTHER] for row in may if row[data.RIGHT] == "2355"} == {"7"}
    assert {row[data.OTHER] for row in may if row[data.RIGHT] == "NA"} == {"NA"}
    assert set(may[0]) - set(june[0]) == {"distance"}


def test_the_accidents_are_as_many_as_they_say() -> None:
    month = data.month(4)
    made = data.with_accidents(month)
    rows = list(csv.reader(io.StringIO(made.content.decode())))[1:]
    whole = [tuple(row) for row in rows if len(row) == len(month.columns) + 1]
    assert len(rows) == made.rows
    assert len(rows) - len(whole) == made.ragged > 0
    assert len(whole) - len(set(whole)) == made.repeated > 0


def test_accidents_change_nothing_about_the_rows_that_belong_in_the_warehouse() -> None:
    month = data.month(4)
    names = data.as_since_march(month).columns
    rows = list(csv.reader(io.StringIO(data.with_accidents(month).content.decode())))[1:]
    good = [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]
    keys = {
        tuple(row[name] for name in data.KEY)
        for row in good
        if row["departure_time"] != "NA" and int(row["distance"]) >= 100
    }
    assert len(keys) == data.expected_rows(month)
