"""CSV as it comes: every row is in the table or set aside with its number, and files that are no tables say why."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.connector.failures import Unreadable
from services.connector.formats.base import Limits
from services.connector.formats.csv import CsvFormat
from services.connector.formats.csv_count import RecordCounter, last_record_end, survey
from services.connector.formats.csv_layout import column_names
from services.connector.progress import Progress
from tests.unit.connector.reading import Silent, aside, read, rows, schema, types, verdict


def test_types_are_found_and_values_kept(tmp_path: Path) -> None:
    landed = read(
        tmp_path,
        "i,f,b,d,t,z,s\n1,1.5,true,2024-02-29,2024-02-29T10:00:00,2024-02-29T10:00:00Z,x\n"
        "-2,2,FALSE,2024-03-01,2024-02-29 10:00:00.5,2024-02-29T10:00:00+02:00,y\n",
    )
    found = ["integer", "float", "boolean", "date", "timestamp", "timestamp_tz", "string"]
    assert types(landed) == dict(zip("ifbdtzs", found, strict=True))
    assert rows(landed)[1] == {
        "i": -2,
        "f": 2.0,
        "b": False,
        "d": date(2024, 3, 1),
        "t": datetime(2024, 2, 29, 10, 0, 0, 500_000, tzinfo=UTC).replace(tzinfo=None),
        "z": datetime(2024, 2, 29, 8, 0, tzinfo=UTC),
        "s": "y",
    }
    assert landed.counted == landed.rows == 2


@pytest.mark.parametrize(
    ("value", "type"),
    [
        ("00123", "string"),
        ("12345678901234567890123", "string"),
        ("1234567890123456789", "string"),
        ("123456789012345678", "integer"),
        ("+491761234567", "string"),
        ("-0", "float"),
        ("1e5", "float"),
        ("0.1000", "float"),
        ("1e999", "string"),
        ("Infinity", "string"),
        ("NaN", "string"),
        ("TRUE", "boolean"),
        ("yes", "boolean"),
        ("2024-02-30", "string"),
        ("2024-2-3", "date"),
        ("0x1F", "string"),
        ("=cmd|'/c calc'!A1", "string"),
        (" 5", "integer"),
        ("1_000", "string"),
    ],
)
def test_only_what_comes_out_as_it_went_in_is_typed(tmp_path: Path, value: str, type: str) -> None:
    landed = read(tmp_path, f"a,b\n{value},x\n{value},y\n", header=True)
    assert types(landed)["a"] == type
    if type == "string":
        assert rows(landed)[0]["a"] == value


@pytest.mark.parametrize("marker", ["", "NULL", "null", "NA", "N/A", "\\N"])
def test_markers_for_no_value_are_null_unless_quoted(tmp_path: Path, marker: str) -> None:
    landed = read(tmp_path, f'n,s\n{marker},x\n5,"{marker}"\n')
    assert types(landed) == {"n": "integer", "s": "string"}
    assert [row["n"] for row in rows(landed)] == [None, 5]
    assert rows(landed)[1]["s"] == marker


def test_quoted_markers_in_a_column_of_numbers_are_null(tmp_path: Path) -> None:
    landed = read(tmp_path, 'n,s\n"NA",x\n"7",y\n"",z\n', expected=schema(n="integer", s="string"))
    assert [row["n"] for row in rows(landed)] == [None, 7, None]
    assert landed.rejected == ()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("final", [True, False])
def test_every_line_ending_counts_the_same(tmp_path: Path, ending: str, final: bool) -> None:
    text = ending.join(["a,b", "1,x", "2,y", "", "3,z"]) + (ending if final else "")
    landed = read(tmp_path, text)
    assert [row["a"] for row in rows(landed)] == [1, 2, 3]
    assert landed.counted == 3


def test_mixed_line_endings_and_line_feeds_inside_quotes(tmp_path: Path) -> None:
    landed = read(tmp_path, 'a,b\r\n1,"x\ny"\n2,"say ""hi"""\r3,"\r\n"\n')
    assert [row["b"] for row in rows(landed)] == ["x\ny", 'say "hi"', "\r\n"]
    assert landed.counted == 3


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", b"\xff\xfe\x00\x00"),
    ],
)
def test_unicode_encodings_are_found(tmp_path: Path, encoding: str, mark: bytes) -> None:
    landed = read(tmp_path, mark + "näme,b\n1,é€\n2,y\n".encode(encoding))
    assert landed.facts.encoding == encoding
    assert rows(landed) == [{"näme": 1, "b": "é€"}, {"näme": 2, "b": "y"}]


def test_windows_1252_is_taken_when_every_byte_fits(tmp_path: Path) -> None:
    landed = read(tmp_path, "name,n\nM\xfcller,1\n\x80uro,2\n".encode("latin-1"))
    assert landed.facts.encoding == "cp1252"
    assert [row["name"] for row in rows(landed)] == ["Müller", "€uro"]


def test_what_is_neither_utf8_nor_windows_1252_says_where(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="byte 4 ") as found:
        read(tmp_path, b"a,b\n\x81,2\n")
    assert found.value.code == "encoding"


def test_an_encoding_that_is_told_is_not_guessed_around(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as found:
        read(tmp_path, "a,b\nM\xfcller,1\n".encode("latin-1"), encoding="utf-8")
    assert found.value.code == "encoding"


@pytest.mark.parametrize(("text", "delimiter"), [("a;b\n1,5;2\n", ";"), ("a\tb\n1\t2\n", "\t"), ("a|b\n1|2\n", "|")])
def test_delimiters_are_found(tmp_path: Path, text: str, delimiter: str) -> None:
    assert read(tmp_path, text).facts.delimiter == delimiter


def test_one_column_stays_one_column(tmp_path: Path) -> None:
    landed = read(tmp_path, "c0\nv0\na;b\n")
    assert rows(landed) == [{"c0": "v0"}, {"c0": "a;b"}]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n \r\n", b"\xff\xfe"])
def test_an_empty_file_is_empty(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unreadable) as found:
        read(tmp_path, data)
    assert found.value.code == "empty"


@pytest.mark.parametrize("data", [b"a,b\n", b"a,b", b"\xef\xbb\xbfa,b\r\n"])
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, data: bytes) -> None:
    landed = read(tmp_path, data, expected=schema(a="integer", b="string"))
    assert (landed.rows, landed.counted) == (0, 0)
    assert types(landed) == {"a": "integer", "b": "string"}


def test_a_file_without_header_gets_names(tmp_path: Path) -> None:
    landed = read(tmp_path, "1,x\n2,y\n")
    assert landed.facts.header is False
    assert rows(landed) == [{"column_1": 1, "column_2": "x"}, {"column_1": 2, "column_2": "y"}]


def test_a_header_among_texts_is_known_by_a_known_name(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\nx,y\n").facts.header is True
    assert read(tmp_path, "2013,b\n5,y\n", expected=schema(b="string")).facts.header is True


def test_header_names_are_made_usable_the_same_way_each_time(tmp_path: Path) -> None:
    landed = read(tmp_path, 'a,a,,A,"x""; DROP TABLE t;--",__proto__\n1,2,3,4,5,6\n')
    assert landed.schema.names == ("a", "a_2", "column_3", "A", 'x"; DROP TABLE t;--', "__proto__")
    assert landed.facts.renamed_headers == {"a_2": "a", "column_3": ""}


@given(st.lists(st.text(max_size=12), min_size=1, max_size=30))
def test_renamed_headers_are_unique_and_stable(written: list[str]) -> None:
    names, renamed = column_names(written)
    assert len(set(names)) == len(names)
    assert all(names)
    assert (names, renamed) == column_names(written)
    assert [renamed.get(name, name) for name in names] == written


def test_a_header_name_of_ten_thousand_letters_is_cut_and_marked() -> None:
    names, renamed = column_names(["x" * 10_000, "x" * 9_999])
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 200
    assert set(renamed.values()) == {"x" * 10_000, "x" * 9_999}


def test_long_rows_are_set_aside_with_their_number_and_short_ones_filled(tmp_path: Path) -> None:
    landed = read(tmp_path, "a,b\n1,x\n2\n3,z\n4,w,extra\n5,v\n")
    assert [(row["a"], row["b"]) for row in rows(landed)] == [(1, "x"), (2, None), (3, "z"), (5, "v")]
    found = {(row["reason"], row["row"], row["raw"]) for row in aside(landed)}
    assert found == {("too_many_fields", 4, "4,w,extra")}
    assert landed.facts.filled_rows == 1
    assert landed.counted == landed.rows + 1 == 5


def test_a_file_that_is_mostly_ragged_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as found:
        read(tmp_path, "a,b\n" + "1,2,3\n" * 300, delimiter=",", header=True)
    assert found.value.code == "ragged"


def test_a_file_cut_off_in_the_middle_of_a_line(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="line 4") as found:
        read(tmp_path, "a,b,c\n1,2,3\n4,5,6\n7,8")
    assert found.value.code == "truncated"


def test_a_quote_that_never_closes_says_where_it_opens(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="line 3 ") as found:
        read(tmp_path, 'a,b\n1,"x"\n2,"y\n3,z\n4,w\n')
    assert found.value.code == "unterminated_quote"


def test_a_quote_in_the_header_that_never_closes(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="line 1 ") as found:
        read(tmp_path, '"a,b\n1,2\n')
    assert found.value.code == "unterminated_quote"


def test_quotes_inside_plain_fields_are_letters(tmp_path: Path) -> None:
    landed = read(tmp_path, 'a,b\n1,5" pipe\n2,"x"y"z\n')
    assert [row["b"] for row in rows(landed)] == ['5" pipe', '"x"y"z']
    assert landed.counted == 2


def test_a_line_without_end_is_refused_in_flat_memory(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as found:
        read(tmp_path, b"a,b\n" + b"x" * (6 << 20), limits=Limits(record_bytes=2 << 20))
    assert found.value.code == "record_too_long"


def test_a_long_record_within_the_limit_is_read(tmp_path: Path) -> None:
    landed = read(tmp_path, b'a,b\n1,"' + b"x" * (9 << 20) + b'"\n2,y\n')
    assert landed.rows == landed.counted == 2


def test_too_many_columns_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    line = ",".join(f"c{n}" for n in range(16_385))
    with pytest.raises(Unreadable) as found:
        read(tmp_path, f"{line}\n{line}\n")
    assert found.value.code == "too_many_columns"


def test_zero_bytes_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as found:
        read(tmp_path, b"PK\x03\x04\x00\x00,a\n")
    assert found.value.code == "nul_bytes"


def test_types_widen_when_later_rows_need_it(tmp_path: Path) -> None:
    late = 200_000
    text = "i,d,n,s\n" + "1,2024-01-01,,1\n" * late + "2.5,2024-01-01T10:00:00,7,x\n"
    landed = read(tmp_path, text)
    assert types(landed) == {"i": "float", "d": "timestamp", "n": "integer", "s": "string"}
    assert landed.rows == landed.counted == late + 1
    assert list(landed.batches())[-1].to_pylist()[-1]["n"] == 7


def test_long_numbers_among_fractions_stay_text(tmp_path: Path) -> None:
    landed = read(tmp_path, "a,b\n1234567890123456,x\n1.5,y\n")
    assert types(landed)["a"] == "string"


def test_told_types_hold_and_what_does_not_fit_is_set_aside(tmp_path: Path) -> None:
    lines = [f"{n},{n}" for n in range(100)]
    lines[40] = "forty,40"
    lines[70] = "00070,70"
    landed = read(tmp_path, "a,b\n" + "\n".join(lines) + "\n", expected=schema(a="integer", b="float"))
    assert types(landed) == {"a": "integer", "b": "float"}
    assert landed.rows == 98
    assert [(row["row"], row["column"], row["value"], row["raw"]) for row in aside(landed)] == [
        (41, "a", "forty", "forty,40"),
        (71, "a", "00070", "00070,70"),
    ]
    assert [(pile.reason, pile.rows, pile.sample) for pile in landed.rejected] == [("bad_value", 2, "row 41, column a")]


def test_row_numbers_stay_right_behind_ragged_rows(tmp_path: Path) -> None:
    lines = [f"{n},x" for n in range(1, 101)]
    lines[9] = "10"
    lines[49] = "fifty,x"
    landed = read(tmp_path, "a,b\n" + "\n".join(lines) + "\n", expected=schema(a="integer", b="string"))
    assert {(row["row"], row["reason"]) for row in aside(landed)} == {(50, "bad_value")}


def test_a_told_type_that_fails_too_often_is_another_type(tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f"{'x' if n % 10 == 0 else n},{n}\n" for n in range(100))
    landed = read(tmp_path, text, expected=schema(a="integer", b="integer"))
    assert types(landed) == {"a": "string", "b": "integer"}
    assert landed.rows == landed.counted == 100
    assert landed.rejected == ()


def test_columns_that_are_not_told_are_found_beside_those_that_are(tmp_path: Path) -> None:
    landed = read(tmp_path, "a,b,new\n1,2,2024-01-01\n", expected=schema(a="float", b="string"))
    assert types(landed) == {"a": "float", "b": "string", "new": "date"}


class LyingFormat(CsvFormat):
    """Loses the last row of each batch."""

    def parse(self, *arguments: Any) -> Iterator[Any]:
        for batch in super().parse(*arguments):
            yield batch.slice(0, batch.num_rows - 1)


def test_a_parser_that_loses_a_row_makes_the_books_unbalanced(tmp_path: Path) -> None:
    text = "a,b\n1,x\n2,y\n3,z\n"
    honest = read(tmp_path, text)
    assert honest.counted == honest.rows
    lying = read(tmp_path, text, format=LyingFormat())
    assert lying.counted == 3
    assert lying.rows == 2


FIELDS = st.text(alphabet="ab\"',;\n\r é", max_size=6)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_well_written_files_are_read_as_they_were_written(
    tmp_path: Path, records: list[list[str]], ending: str
) -> None:
    # Blanks around values are none of them, lines without any value are no rows, and the header is not repeated.
    records = [[cell.strip() for cell in record] for record in records]
    records = [record for record in records if any(record) and record != ["a", "b"] and not record[0].startswith("#")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *records])
    told = schema(a="string", b="string")
    landed = read(tmp_path, out.getvalue().encode(), expected=told, delimiter=",", quote='"', header=True)
    assert landed.counted == landed.rows == len(records)
    assert [[row["a"] or "", row["b"] or ""] for row in rows(landed)] == records


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='a",\n\r', max_size=60))
def test_the_count_agrees_with_the_parser_on_any_text(tmp_path: Path, body: str) -> None:
    """Two programs that share nothing count the same: rows in the table and rows set aside make up the file."""
    landed = verdict(lambda: read(tmp_path, "x,y\n" + body, delimiter=",", quote='"', header=True))
    if isinstance(landed, Unreadable):
        assert landed.code in {"truncated", "unterminated_quote"}
        return
    assert landed.counted == landed.rows + sum(pile.rows for pile in landed.rejected)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='ab",\n\r', max_size=80))
def test_the_count_does_not_depend_on_where_the_file_is_cut_into_chunks(tmp_path: Path, body: str) -> None:
    def count(size: int) -> object:
        counter = RecordCounter(b",", b'"', 1 << 20)
        data = body.encode()
        try:
            for start in range(0, len(data), size):
                counter.feed(data[start : start + size])
            found = counter.finish()
        except Unreadable as error:
            return error.code, error.message
        return found.records, found.quoted, found.ends_with_newline

    assert count(1) == count(2) == count(3) == count(1_000)


@given(st.text(alphabet='ab",\n', max_size=60), st.integers(0, 60))
def test_the_beginning_of_a_file_ends_with_a_whole_record(body: str, cut: int) -> None:
    head = body[:cut].encode()
    end = last_record_end(head, ",", '"')
    kept = head[:end].decode()
    assert end == 0 or kept.endswith("\n")
    # Whatever stands before the cut reads the same as in the whole text.
    whole = list(csv.reader(io.StringIO(body, newline="")))
    part = list(csv.reader(io.StringIO(kept, newline="")))
    assert part == whole[: len(part)]


def test_a_survey_of_a_large_file_is_flat(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(b'a,"b"\n' * 1_000_000)
    found = survey(path, ",", '"', 1 << 20, Progress(Silent()))
    assert found.records == 1_000_000


def test_arrow_batches_keep_the_declared_schema(tmp_path: Path) -> None:
    landed = read(tmp_path, "a\n1\n")
    assert next(landed.batches()).schema == pa.schema([("a", pa.int64())])
