"""What every source promises, tried on a real system of its kind."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.data import Column, LogicalType, Schema
from contracts.runs import ErrorType
from deploy.local.state import State
from services.connector.failures import ConnectorError, Stopped
from services.connector.progress import Progress
from tests.conformance.source_subjects import CANARY, SUBJECTS, Silent, SourceSubject
from tests.customers import Customer, customer

__all__ = ["customer"]


def schema(**types: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(type)) for name, type in types.items()))


ALL_TYPES = schema(
    b="boolean", i="integer", f="float", s="string", d="date", t="timestamp", z="timestamp_tz", n="decimal"
)


@pytest.fixture(params=sorted(SUBJECTS))
def subject(request: pytest.FixtureRequest, customer: Customer) -> SourceSubject:
    return SUBJECTS[request.param](customer)


@pytest.fixture
def progress() -> Progress:
    return Progress(Silent())


def test_a_source_that_works_checks_well(subject: SourceSubject) -> None:
    subject.source().check()


def test_a_source_that_does_not_work_says_why_in_one_sentence(subject: SourceSubject) -> None:
    for reason, source in subject.broken().items():
        with pytest.raises(ConnectorError) as found:
            source.check()
        assert found.value.reason == reason, found.value.message
        assert found.value.message.endswith(".")
        assert "\n" not in found.value.message
        assert CANARY not in found.value.message
        assert found.value.__cause__ is None


def test_what_is_discovered_can_be_read(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    told = schema(id="integer", name="string")
    filled = subject.fill("found-me", told, [{"id": 1, "name": "one"}])
    streams = subject.source().discover().streams
    stream = next(item for item in streams if item.name.removesuffix(".csv").endswith("found-me"))
    selection = type(filled).model_validate(stream.selection)
    assert subject.read(selection, told, tmp_path, progress).rows == [{"id": 1, "name": "one"}]


def test_every_type_and_null_comes_as_it_is(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    rows: list[dict[str, Any]] = [
        {
            "b": True,
            "i": 123_456_789_012_345_678,
            "f": 0.1,
            "s": "x",
            "d": date(2024, 2, 29),
            "t": datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC).replace(tzinfo=None),
            "z": datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=UTC),
            "n": Decimal("12345678901234567890.123456789"),
        },
        dict.fromkeys(ALL_TYPES.names),
        {
            "b": False,
            "i": -1,
            "f": -1e-300,
            "s": "",
            "d": date(1, 1, 1),
            "t": datetime(1, 1, 1, tzinfo=UTC).replace(tzinfo=None),
            "z": datetime(9999, 12, 31, tzinfo=UTC),
            "n": Decimal("-0.000000001"),
        },
    ]
    read = subject.read(subject.fill("types", ALL_TYPES, rows), ALL_TYPES, tmp_path, progress)
    assert read.schema == ALL_TYPES
    assert read.rows == rows
    assert read.counted == 3


HOSTILE = [
    "NA",
    "null",
    "\\N",
    "\\.",
    "00123",
    'say "hi"',
    "a,b;c\td|e",
    "line\nfeed",
    "crlf\r\n",
    "é€😀",
    " ",
    "'",
    "0x1F",
]


def test_texts_come_letter_by_letter(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    told = schema(id="integer", text="string")
    rows = [{"id": number, "text": text} for number, text in enumerate(HOSTILE)]
    read = subject.read(subject.fill("texts", told, rows), told, tmp_path, progress)
    assert read.rows == rows
    assert read.counted == len(rows)


@pytest.mark.parametrize(
    "name", ['quo"te', "semi;colon", "sp ace", "ünïcode", "plus+and&", "percent%20", "Upper", "^.$"]
)
def test_hostile_names_are_only_names(subject: SourceSubject, tmp_path: Path, progress: Progress, name: str) -> None:
    told = Schema(columns=(Column(name='we"ird; --', type=LogicalType.INTEGER), Column(name="b", type="string")))
    rows = [{'we"ird; --': 1, "b": "x"}]
    assert subject.read(subject.fill(name, told, rows), told, tmp_path, progress).rows == rows


def test_a_table_without_rows_has_none(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    told = schema(id="integer", name="string")
    read = subject.read(subject.fill("empty", told, []), told, tmp_path, progress)
    assert (read.rows, read.counted, read.schema) == ([], 0, told)


def test_what_is_not_there_is_not_found_or_nothing(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    try:
        read = subject.read(subject.nothing(), schema(id="integer"), tmp_path, progress)
    except ConnectorError as error:
        assert error.type == ErrorType.NOT_FOUND  # noqa: PT017 - either is right
    else:
        assert read.rows == []


def test_two_reads_give_the_same(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    told = schema(id="integer", name="string")
    selection = subject.fill("same", told, [{"id": n, "name": str(n)} for n in range(50)])
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    assert subject.read(selection, told, first, progress) == subject.read(selection, told, second, progress)


def test_a_read_nobody_wants_any_more_ends(subject: SourceSubject, tmp_path: Path, progress: Progress) -> None:
    told = schema(id="integer", name="string")
    selection = subject.fill("unwanted", told, [{"id": 1, "name": "x"}])
    progress.stop()
    with pytest.raises(Stopped):
        subject.read(selection, told, tmp_path, progress)


def test_the_suite_has_every_source(servers: State) -> None:
    from services.connector.kinds.registry import KINDS

    assert set(SUBJECTS) == {kind.name for kind in KINDS.values() if kind.capabilities.source}
