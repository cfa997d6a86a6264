"""What expressions mean, case by case: three-valued logic, exact numbers, characters, dates, and what is refused."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import inf, isnan, nan
from typing import Any

import pytest

from services.transform.errors import ValueRefused
from services.transform.expressions.analysis import analyse
from services.transform.expressions.tree import ExpressionInvalid
from tests.unit.transform.evaluating import evaluate, schema

TABLE = schema(
    i="integer",
    j="integer",
    f="float",
    d="decimal",
    s="string",
    b="boolean",
    day="date",
    at="timestamp",
    zoned="timestamp_tz",
    clock="time",
    raw="binary",
)
LARGEST = 2**63 - 1


def naive(*parts: int) -> datetime:
    """A moment without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


ROW: dict[str, Any] = {
    "i": 7,
    "j": 2,
    "f": 2.5,
    "d": Decimal("1.25"),
    "s": "Grüße, Welt",
    "b": True,
    "day": date(2012, 2, 29),
    "at": naive(2013, 1, 2, 3, 4, 5, 600000),
    "zoned": datetime(2013, 1, 2, 3, 4, 5, tzinfo=UTC),
    "clock": time(23, 59, 58),
    "raw": b"\xff\x00",
}


def value(text: str, **changes: Any) -> Any:
    """The expression's value in one row."""
    row = ROW | changes
    return evaluate(text, TABLE, [[row[name] for name in TABLE.names]])[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i + j * 2", 11),
        ("(i + j) * 2", 18),
        ("-i", -7),
        ("i / j", 3.5),
        ("i // j", 3),
        ("-7 // 2", -3),
        ("-7 % 2", -1),
        ("7 % -2", 1),
        ("MOD(-7, 2)", -1),
        ("i / 0", None),
        ("i // 0", None),
        ("i % 0", None),
        ("f / 0", None),
        ("d / 0", None),
        ("d + 0.1", Decimal("1.35")),
        ("d * d", Decimal("1.5625")),
        ("d / 3", Decimal("0.416666667")),
        ("d + i", Decimal("8.25")),
        ("d + f", 3.75),
        ("i + 0.5", 7.5),
        ("9223372036854775807", LARGEST),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", Decimal(2**63)),
        ("ABS(-i)", 7),
        ("SIGN(-f)", -1),
        ("SIGN(0)", 0),
        ("ROUND(2.5)", 3.0),
        ("ROUND(-2.5)", -3.0),
        ("ROUND(d, 1)", Decimal("1.3")),
        ("ROUND(i)", 7),
        ("FLOOR(-f)", -3.0),
        ("CEIL(-f)", -2.0),
        ("SQRT(16)", 4.0),
        ("SQRT(-1)", None),
        ("LN(0)", None),
        ("LN(EXP(1))", 1.0),
        ("LOG10(1000)", 3.0),
        ("POWER(2, 10)", 1024.0),
        ("2 ** 3", 8.0),
    ],
)
def test_numbers(text: str, expected: Any) -> None:
    found = value(text)
    assert found == pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NULL AND FALSE", False),
        ("NULL AND TRUE", None),
        ("NULL OR TRUE", True),
        ("NOT NULL", None),
        ("i = NULL", None),
        ("i IS DISTINCT FROM NULL", True),
        ("NULL IS NOT DISTINCT FROM NULL", True),
        ("b IS TRUE", True),
        ("(i > NULL) IS FALSE", False),
        ("(i > NULL) IS NOT TRUE", True),
        ("i IN (1, 7)", True),
        ("i IN (1, NULL)", None),
        ("i NOT IN (1, NULL)", None),
        ("i IN (7, NULL)", True),
        ("i IN (7.0, 8.5)", True),
        ("d IN (1.25)", True),
        ("day IN ('2012-02-29')", True),
        ("i BETWEEN 1 AND 7", True),
        ("i NOT BETWEEN 1 AND 7", False),
        ("i < 7.5", True),
        ("d = 1.25", True),
        ("d = f / 2", True),
        ("CASE WHEN i > 7 THEN 'more' WHEN i = 7 THEN 'seven' END", "seven"),
        ("CASE i WHEN 1 THEN 'one' ELSE 'other' END", "other"),
        ("CASE WHEN NULL THEN 1 ELSE 2.5 END", 2.5),
        ("IF(b, 1, 2)", 1),
        ("COALESCE(NULL, NULL, i)", 7),
        ("NULLIF(i, 7)", None),
        ("NULLIF(i, 8)", 7),
        ("GREATEST(i, NULL, j)", 7),
        ("LEAST(i, 2.5)", 2.5),
        ("GREATEST(day, '2013-01-01')", date(2013, 1, 1)),
    ],
)
def test_logic(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UPPER(s)", "GRÜSSE, WELT"),
        ("LENGTH(s)", 11),
        ("s || ' ' || i || ' ' || d || ' ' || b", "Grüße, Welt 7 1.25 true"),
        ("s || NULL", None),
        ("CONCAT(s, NULL, '!')", "Grüße, Welt!"),
        ("CONCAT(day, ' ', at, ' ', zoned)", "2012-02-29 2013-01-02 03:04:05.600 2013-01-02 03:04:05+00:00"),
        ("LEFT(s, 3)", "Grü"),
        ("RIGHT(s, 4)", "Welt"),
        ("LEFT(s, -6)", "Grüße"),
        ("SUBSTRING(s, 3, 2)", "üß"),
        ("SUBSTRING(s FROM 8)", "Welt"),
        ("SUBSTRING(s, 0, 3)", "Gr"),
        ("SUBSTRING(s, -1, 3)", "G"),
        ("SUBSTRING(s, 100)", ""),
        ("SUBSTRING(s, NULL)", None),
        ("TRIM('  x ')", "x"),
        ("TRIM(BOTH 'x' FROM 'xxaxx')", "a"),
        ("LTRIM('xxa', 'x')", "a"),
        ("RTRIM('a\t ')", "a\t"),
        ("LPAD('7', 3, '0')", "007"),
        ("LPAD('12345', 3, '0')", "123"),
        ("RPAD('7', 3)", "7  "),
        ("REPLACE(s, 'ß', 'ss')", "Grüsse, Welt"),
        ("REPLACE(s, '', 'x')", "Grüße, Welt"),
        ("CONTAINS(s, '.')", False),
        ("STARTS_WITH(s, 'Gr')", True),
        ("ENDS_WITH(s, 'Welt')", True),
        ("SPLIT_PART('a,b,c', ',', 2)", "b"),
        ("SPLIT_PART('a,b,c', ',', -1)", "c"),
        ("SPLIT_PART('a', ',', 2)", ""),
        ("s LIKE 'Gr%'", True),
        ("s LIKE '%elt'", True),
        ("s LIKE '%üß%'", True),
        ("s LIKE 'Gr_ße%'", True),
        ("s LIKE 'gr%'", False),
        ("s ILIKE 'gr%'", True),
        ("s NOT LIKE '%x%'", True),
        ("'50%' LIKE '50!%' ESCAPE '!'", True),
        ("'500' LIKE '50!%' ESCAPE '!'", False),
        ("'a.b' LIKE 'a.b'", True),
        ("'axb' LIKE 'a.b'", False),
        ("'a\nb' LIKE 'a%b'", True),
        ("REGEXP_LIKE(s, '^gr', 'i')", True),
        ("s ~ 'W[a-z]+$'", True),
        ("s ~* 'welt'", True),
        (r"REGEXP_REPLACE('a1b22', '([0-9]+)', '<\1>')", "a<1>b22"),
        (r"REGEXP_REPLACE('a1b22', '[0-9]+', '$0', 'g')", "a$0b$0"),
        ("REGEXP_EXTRACT('a1b22', '([a-z])([0-9]+)$', 2)", "22"),
        ("REGEXP_EXTRACT('abc', '[0-9]+')", ""),
    ],
)
def test_text(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXTRACT(year FROM day)", 2012),
        ("DATE_PART('doy', day)", 60),
        ("DATE_PART('dow', DATE '2013-01-06')", 0),
        ("DATE_PART('isodow', DATE '2013-01-06')", 7),
        ("DATE_PART('week', DATE '2012-12-31')", 1),
        ("QUARTER(day)", 1),
        ("HOUR(at)", 3),
        ("EXTRACT(second FROM at)", 5),
        ("EXTRACT(minute FROM clock)", 59),
        ("DATE_TRUNC('month', day)", date(2012, 2, 1)),
        ("DATE_TRUNC('week', at)", naive(2012, 12, 31)),
        ("DATE_TRUNC('hour', zoned)", datetime(2013, 1, 2, 3, tzinfo=UTC)),
        ("MAKE_DATE(i + 2005, 2, 29)", date(2012, 2, 29)),
        ("MAKE_TIMESTAMP(2013, 1, 2, 3, 4, 5)", naive(2013, 1, 2, 3, 4, 5)),
        ("day > '2012-01-01'", True),
        ("at >= DATE '2013-01-02'", True),
        ("at = '2013-01-02T03:04:05.6'", True),
        ("zoned = '2013-01-02 04:04:05+01:00'", True),
        ("clock < '23:59:59'", True),
        ("CAST(at AS DATE)", date(2013, 1, 2)),
        ("CAST(at AS TIME)", time(3, 4, 5, 600000)),
        ("CAST(day AS TIMESTAMP)", naive(2012, 2, 29)),
        ("CAST(zoned AS TIMESTAMP)", naive(2013, 1, 2, 3, 4, 5)),
        ("CAST(day AS TIMESTAMPTZ)", datetime(2012, 2, 29, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CAST('12' AS INTEGER)", 12),
        ("'12'::integer", 12),
        ("TRY_CAST('12x' AS INTEGER)", None),
        ("TRY_CAST(1.5 AS INTEGER)", None),
        ("CAST(2.0 AS INTEGER)", 2),
        ("CAST('0.123456789' AS DECIMAL)", Decimal("0.123456789")),
        ("TRY_CAST('0.1234567891' AS DECIMAL)", None),
        ("CAST(0.1 AS DECIMAL)", Decimal("0.1")),
        ("CAST(i AS DECIMAL)", Decimal(7)),
        ("TRY_CAST('1e400' AS FLOAT)", inf),
        ("CAST('yes' AS BOOLEAN)", True),
        ("TRY_CAST('maybe' AS BOOLEAN)", None),
        ("CAST(b AS INTEGER)", 1),
        ("TRY_CAST(i AS BOOLEAN)", None),
        ("TRY_CAST('2013-02-30' AS DATE)", None),
        ("TRY_CAST('20130228' AS DATE)", None),
        ("CAST('2013-02-28' AS DATE)", date(2013, 2, 28)),
        ("TRY_CAST(raw AS STRING)", None),
        ("CAST(d AS STRING)", "1.25"),
        ("CAST(CAST(10 AS DECIMAL) AS STRING)", "10"),
        ("CAST(NULL AS DATE)", None),
    ],
)
def test_conversions(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("i + 9223372036854775807", "7 + 9223372036854775807 is too large for an integer of 64 bits."),
        ("i * 9000000000000000000", "7 * 9000000000000000000 is too large"),
        ("j - (-9223372036854775807)", "is too large"),
        ("CAST(s AS INTEGER)", "'Grüße, Welt' is not an integer."),
        ("CAST(f AS INTEGER)", "2.5 is not an integer."),
        ("CAST(raw AS STRING)", "a value of bytes is not text."),
        ("MAKE_DATE(2013, j, 30)", "There is no date of year 2013, month 2, day 30."),
        ("MAKE_DATE(2013, j + 256, 1)", "There is no date of year 2013, month 258, day 1."),
        ("MAKE_DATE(j - 2, 1, 1)", "There is no date of year 0, month 1, day 1."),
        ("MAKE_TIMESTAMP(2013, 1, 1, 24, 0, 0)", "There is no timestamp of 2013-1-1 24:0:0."),
        ("d * 99999999999999999999999999999", "is too large for a decimal"),
    ],
)
def test_a_value_without_a_result_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(ValueRefused) as caught:
        value(text)
    assert said in caught.value.message
    assert caught.value.pointer == "/x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CASE WHEN s LIKE '1%' THEN CAST(s AS INTEGER) ELSE 0 END", 0),
        ("CASE WHEN i < 5 THEN i * 9223372036854775807 END", None),
        ("CASE WHEN j = 2 THEN 28 WHEN MAKE_DATE(2013, j, 30) > '2000-01-01' THEN 30 END", 28),
        ("CASE WHEN b THEN CASE WHEN NOT b THEN CAST(s AS INTEGER) ELSE 1 END END", 1),
        ("CASE WHEN d < 0 THEN d * 99999999999999999999999999999 ELSE d END", Decimal("1.25")),
    ],
)
def test_a_branch_that_is_not_taken_cannot_fail(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_branch_fails_in_the_rows_that_take_it() -> None:
    table = schema(s="string")
    text = "CASE WHEN s <> '' THEN CAST(s AS INTEGER) END"
    assert evaluate(text, table, [("",), ("5",), (None,)]) == [None, 5, None]
    with pytest.raises(ValueRefused, match="'x' is not an integer"):
        evaluate(text, table, [("",), ("5",), ("x",)])


@pytest.mark.parametrize("year", [1, 1900, 2000, 2023, 9999])
def test_every_day_of_a_year_is_made_and_no_other(year: int) -> None:
    table = schema(m="integer", d="integer")
    text = f"MAKE_DATE({year}, m, d)"
    first = date(year, 1, 1).toordinal()
    days = [date.fromordinal(first + at) for at in range(date(year, 12, 31).toordinal() + 1 - first)]
    rows: list[tuple[int | None, int | None]] = [(day.month, day.day) for day in days]
    assert evaluate(text, table, [*rows, (2, None), (None, 31)]) == [*days, None, None]
    known = set(rows)
    for m, d in ((2, 29), (2, 30), (4, 31), (6, 31), (9, 31), (11, 31)):
        if (m, d) not in known:
            with pytest.raises(ValueRefused, match=f"There is no date of year {year}, month {m}, day {d}"):
                evaluate(text, table, [*rows, (m, d)])


def test_nan_is_above_all_numbers() -> None:
    assert value("f > 1e308", f=nan) is True
    assert value("f = f", f=nan) is True
    assert isnan(value("GREATEST(f, 1)", f=nan))
    assert value("LEAST(f, 1)", f=nan) == 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("i > 'x'", "'x' is not an integer, so the two cannot be compared."),
        ("s > 1", "Text and an integer cannot be compared. Convert one of them with CAST first."),
        ("s + 'x'", "Text cannot be added. Text is joined with ||."),
        ("day > '2013-13-01'", "'2013-13-01' is not a date"),
        ("DATE '2013-02-30'", "'2013-02-30' is not a date."),
        ("NOT i", "NOT needs true or false, and this is an integer."),
        ("UPPER(i)", "UPPER takes text as its text, and this is an integer."),
        ("SUBSTRING(s)", "SUBSTRING takes (text, start, [length])."),
        ("EXTRACT(hour FROM day)", "A date has no hour."),
        ("EXTRACT(century FROM day)", "DATE_PART knows"),
        ("CAST(day AS INTEGER)", "There is no way from a date to an integer."),
        ("CAST(i AS SMALLINT)", "That is none of the types there are"),
        ("CAST(d AS DECIMAL(10, 2))", "Types are written without lengths and digits"),
        ("1e999", "The number 1e999 is too large."),
        ("LOG(i)", "write LN or LOG10"),
        ("CASE WHEN b THEN 1 ELSE 'x' END", "cannot be results of one CASE"),
        ("raw || s", "Bytes cannot be joined"),
        ("dai", "There is no column 'dai' here. Did you mean 'day'?"),
        ("I", "There is no column 'I' here. Did you mean 'i'?"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, said: str) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        analyse(text, TABLE)
    assert said in caught.value.message


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "^s.*$",
        "a b",
        'a"b',
        "select",
        "größe",
        "a.b",
        "len()",
        "c0",
        "row",
        "\n",
        "^x$",
        "null",
        "🙂",
        "x" * 5_000,
    ],
)
def test_columns_of_every_name(name: str) -> None:
    table = schema(**{"s1": "integer", name: "integer", "s2": "integer"})
    quoted = '"' + name.replace('"', '""') + '"'
    assert evaluate(f"{quoted} + 1", table, [(10, 20, 30)]) == [21]


def test_every_operation_that_analysis_makes_can_be_lowered() -> None:
    from services.transform.expressions.functions import FUNCTIONS
    from services.transform.expressions.lowering import operations

    assert {name for name in FUNCTIONS if name not in operations()} == set()
