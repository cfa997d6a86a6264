"""PostgreSQL as a destination: tables that are there or made, keys, refusals with names, and lost commits."""

import tempfile
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.data import Column, LogicalType, Schema
from contracts.runs import ErrorType
from services.chassis.arrow import to_arrow
from services.chassis.quoting import quoted
from services.connector.destinations.base import Load, LoadTable
from services.connector.destinations.postgres import PostgresDestination
from services.connector.failures import ConnectorError
from services.connector.identifiers import MAX_BYTES, fitting
from services.connector.progress import Progress
from tests.conformance.destination_subjects import PostgresTables
from tests.conformance.source_subjects import Silent
from tests.conformance.test_destinations import ROWS, Attempts
from tests.customers import Customer
from tests.integration.connector.cutting_proxy import Cut, CuttingProxy


def calm() -> Progress:
    return Progress(Silent())


@pytest.fixture
def tables(customer: Customer) -> PostgresTables:
    return PostgresTables(customer)


@pytest.fixture
def upserts(tables: PostgresTables, tmp_path: Path) -> Attempts:
    return Attempts(tables, tmp_path, "upsert")


def write(tables: PostgresTables, load: Load) -> Any:
    return tables.destination().write(load, calm())


def of_frame(load: Load, frame: pl.DataFrame, schema: Schema, path: Path) -> Load:
    """The load with other rows."""
    pq.write_table(frame.to_arrow().cast(to_arrow(schema)), path)
    table = LoadTable(schema, frame.height, path.stat().st_size, (path,))
    return replace(load, tables=[table])


def test_the_table_is_made_with_its_key(upserts: Attempts, tables: PostgresTables, customer: Customer) -> None:
    write(tables, upserts.load(ROWS))
    columns = customer.rows(
        "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        " WHERE attrelid = 'target'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert columns == [("id", "bigint", True), ("text", "text", False), ("value", "double precision", False)]


def test_upsert_counts_what_was_there_and_what_came_twice(upserts: Attempts, tables: PostgresTables) -> None:
    write(tables, upserts.load([(1, "a", 1.0), (2, "b", 2.0)]))
    done = write(
        tables, upserts.load([(2, "first", 0.0), (3, "c", 3.0), (2, "second", 0.0), (4, "d", 4.0), (2, "last", 0.0)])
    )
    assert (done.rows, done.inserted, done.updated, done.deduplicated) == (5, 2, 1, 2)
    assert upserts.rows == Counter([(1, "a", 1.0), (2, "last", 0.0), (3, "c", 3.0), (4, "d", 4.0)])


def test_the_last_of_many_repetitions_counts_across_parts(upserts: Attempts, tables: PostgresTables) -> None:
    rows = [(n % 1000, f"round {n // 1000}", float(n)) for n in range(40_000)]
    done = write(tables, upserts.load([*rows]))
    assert (done.inserted, done.deduplicated) == (1000, 39_000)
    assert {row[1] for row in upserts.rows} == {"round 39"}


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        ("id bigint PRIMARY KEY, text text", "has no column 'value'"),
        ("id bigint PRIMARY KEY, text text, value float8, more text NOT NULL", "needs a value in column 'more'"),
        ("id bigint, text text, value float8", "no unique key of exactly id"),
        ("id bigint, text text, value float8, UNIQUE (id, text)", "no unique key of exactly id"),
        ("id bigint UNIQUE, text text, value float8 GENERATED ALWAYS AS (1) STORED", "makes the values of column"),
        ("id bigint PRIMARY KEY, text varchar(2), value float8", "too long"),
        ("id bigint PRIMARY KEY, text integer, value float8", r"does not fit its column \(column 'text'\)"),
        ("id bigint PRIMARY KEY, text text, value float8 CHECK (value > 0)", "breaks a check"),
        ("id bigint PRIMARY KEY, text text NOT NULL, value float8", r"no value where one is needed \(column 'text'\)"),
    ],
)
def test_a_table_that_does_not_fit_is_named_with_its_column(
    upserts: Attempts, tables: PostgresTables, customer: Customer, definition: str, sentence: str
) -> None:
    with customer.warehouse() as session:
        session.execute(f"CREATE TABLE target ({definition})")
    with pytest.raises(ConnectorError, match=sentence) as found:
        write(tables, upserts.load(ROWS))
    assert found.value.type == ErrorType.DESTINATION_REFUSED
    assert "quote" not in found.value.message
    assert customer.rows("SELECT * FROM target") == []


def test_columns_the_rows_do_not_have_stay_as_they_are(
    upserts: Attempts, tables: PostgresTables, customer: Customer
) -> None:
    with customer.warehouse() as session:
        session.execute(
            "CREATE TABLE target (own text DEFAULT 'mine', value numeric(10,2), id int UNIQUE NOT NULL, text varchar)"
        )
        session.execute("INSERT INTO target VALUES ('kept', 1, 1, 'x')")
    write(tables, upserts.load([(1, "new", 2.5), (2, "y", None)]))
    assert sorted(customer.rows("SELECT own, value::text, id, text FROM target")) == [
        ("kept", "2.50", 1, "new"),
        ("mine", None, 2, "y"),
    ]


def test_a_key_without_value_is_refused(upserts: Attempts, tables: PostgresTables) -> None:
    load = upserts.load([(1, "x", 1.0), (None, "y", 2.0)])  # type: ignore[list-item]
    with pytest.raises(ConnectorError, match="'id'") as found:
        write(tables, load)
    assert found.value.type == ErrorType.DESTINATION_REFUSED
    assert upserts.rows == Counter()


def test_a_key_the_rows_do_not_have_is_refused(upserts: Attempts, tables: PostgresTables) -> None:
    with pytest.raises(ConnectorError, match="no column 'nope'"):
        write(tables, replace(upserts.load(ROWS), keys=("nope",)))


def test_a_zero_character_is_refused_in_words(upserts: Attempts, tables: PostgresTables) -> None:
    with pytest.raises(ConnectorError, match="character that the database cannot store") as found:
        write(tables, upserts.load([(1, "a\x00b", 1.0)]))
    assert found.value.type == ErrorType.DESTINATION_REFUSED


def test_too_many_columns_are_refused_before_anything_is_copied(
    upserts: Attempts, tables: PostgresTables, tmp_path: Path
) -> None:
    names = [f"c{n}" for n in range(1_700)]
    wide = Schema(columns=tuple(Column(name=name, type=LogicalType.INTEGER) for name in names))
    load = of_frame(
        upserts.load([], mode="append"), pl.DataFrame({n: [1] for n in names}), wide, tmp_path / "w.parquet"
    )
    with pytest.raises(ConnectorError, match="1700 columns"):
        write(tables, load)


def test_a_thousand_columns_work(upserts: Attempts, tables: PostgresTables, tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(1_000)]
    wide = Schema(columns=tuple(Column(name=name, type=LogicalType.INTEGER) for name in names))
    load = of_frame(
        upserts.load([], mode="append"), pl.DataFrame({n: [1] for n in names}), wide, tmp_path / "w.parquet"
    )
    assert write(tables, load).inserted == 1


def test_a_missing_schema_is_named(upserts: Attempts, tables: PostgresTables) -> None:
    target = tables.target.model_copy(update={"schema_name": "nowhere"})
    with pytest.raises(ConnectorError, match="no schema 'nowhere'"):
        write(tables, replace(upserts.load(ROWS), target=target))


def test_tables_of_different_columns_load_together(
    upserts: Attempts, tables: PostgresTables, customer: Customer, tmp_path: Path
) -> None:
    other = Schema(columns=(Column(name="id", type=LogicalType.FLOAT), Column(name="extra", type=LogicalType.BOOLEAN)))
    first = upserts.load([(1, "a", 1.0)])
    second = of_frame(first, pl.DataFrame({"id": [2.0], "extra": [True]}), other, tmp_path / "other.parquet")
    write(tables, replace(first, tables=[*first.tables, *second.tables]))
    assert sorted(customer.rows("SELECT id, text, extra FROM target")) == [(1.0, "a", None), (2.0, None, True)]


def test_bytes_times_and_decimals_arrive(
    upserts: Attempts, tables: PostgresTables, customer: Customer, tmp_path: Path
) -> None:
    kinds = {
        "k": "integer",
        "b": "binary",
        "t": "time",
        "d": "date",
        "n": "decimal",
        "z": "timestamp_tz",
        "o": "boolean",
    }
    schema = Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in kinds.items()))
    frame = pl.select(
        k=pl.lit(1, pl.Int64),
        b=pl.lit(b"\x00\xff\\"),
        t=pl.time(23, 59, 59, 999_999),
        d=pl.date(1, 1, 1),
        n=pl.lit("12345678901234567890.123456789").cast(pl.Decimal(38, 9)),
        z=pl.datetime(2024, 2, 29, 1, 2, 3, 4, time_zone="UTC"),
        o=pl.lit(False),
    )
    load = of_frame(upserts.load([], mode="append"), frame, schema, tmp_path / "kinds.parquet")
    write(tables, load)
    found = customer.rows("SELECT encode(b, 'hex'), t::text, d::text, n::text, z AT TIME ZONE 'UTC', o FROM target")
    moment = frame["z"][0].replace(tzinfo=None)
    number = "12345678901234567890.123456789"
    assert found == [("00ff5c", "23:59:59.999999", "0001-01-01", number, moment, False)]


NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), min_size=1, max_size=90)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_name_is_only_a_name(tables: PostgresTables, tmp_path: Path, data: st.DataObject) -> None:
    """Ten tables of a hundred hostile columns each: written, found again in the catalogue, read back."""
    hostile = [
        '"; DROP TABLE x;--',
        "%s",
        "a b",
        "\n",
        "ü" * 60,
        "select",
        "'",
        "\\",
        "$$",
        "*",
        "^.*$",
        "x" * 64,
        "x" * 65,
    ]
    names = list(dict.fromkeys([*hostile, *data.draw(st.lists(NAMES, min_size=50, max_size=90))]))
    table = data.draw(NAMES)
    schema = Schema(columns=tuple(Column(name=name, type=LogicalType.INTEGER) for name in names))
    attempts = Attempts(tables, Path(tempfile.mkdtemp(dir=tmp_path)), "upsert")
    frame = pl.DataFrame({name: [number] for number, name in enumerate(names)})
    target = tables.target.model_copy(update={"table": table})
    load = replace(attempts.load([]), keys=(names[0],), target=target)
    tables.destination().write(of_frame(load, frame, schema, tmp_path / "names.parquet"), calm())
    place = quoted(tables.customer.schema, fitting(table))
    with tables.customer.warehouse() as session:
        found = session.execute(f"SELECT * FROM {place}")
        assert [column.name for column in found.description or ()] == [fitting(name) for name in names]
        assert found.fetchall() == [tuple(range(len(names)))]
        session.execute(f"DROP TABLE {place}")


@given(st.lists(NAMES, min_size=2, max_size=20, unique=True))
def test_long_names_are_cut_without_meeting(names: list[str]) -> None:
    long = [name * 10 for name in names]
    cut = [fitting(name) for name in long]
    assert all(len(name.encode()) <= MAX_BYTES for name in cut)
    assert len(set(cut)) == len(set(long))
    assert cut == [fitting(name) for name in long]


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_looked_up(
    upserts: Attempts, tables: PostgresTables, customer: Customer, cut: Cut
) -> None:
    write(tables, upserts.load([(9, "before", 9.0)]))
    settings = customer.postgres_settings()
    load = replace(upserts.load(ROWS, mode="append"), keys=())
    with CuttingProxy(settings["host"], settings["port"], cut) as proxy:
        destination = PostgresDestination(tables.client(port=proxy.port, sslmode="disable"))
        if cut == "before":
            with pytest.raises(ConnectorError) as found:
                destination.write(load, calm())
            assert found.value.type == ErrorType.UNREACHABLE_REFUSED
        else:
            done = destination.write(load, calm())
            assert (done.inserted, done.already) == (7, False)
        assert proxy.cuts == 1
        destination.write(upserts.again(load), calm())
    assert upserts.rows == Counter([(9, "before", 9.0), *ROWS])


def test_readers_see_the_old_or_the_new_table_and_nothing_between(
    tables: PostgresTables, customer: Customer, tmp_path: Path
) -> None:
    attempts = Attempts(tables, tmp_path, "replace")
    write(tables, attempts.load([(n, "round 0", 0.0) for n in range(500)]))
    seen: set[tuple[int, str, str]] = set()
    stop = threading.Event()

    def watch() -> None:
        with customer.warehouse() as session:
            while not stop.is_set():
                row = session.execute("SELECT count(*), min(text), max(text) FROM target").fetchone()
                assert row is not None
                seen.add(row)

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for number in range(1, 6):
            write(tables, attempts.load([(n, f"round {number}", 0.0) for n in range(500 + number)]))
    finally:
        stop.set()
        reader.join()
    assert seen <= {(500 + number, f"round {number}", f"round {number}") for number in range(6)}
    assert len(seen) > 1
