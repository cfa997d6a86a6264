"""Any expression over any rows gives what DuckDB gives, nulls, empty tables and every script included."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.transform.evaluating import evaluate, schema
from tests.unit.transform.oracle import ask

TABLE = schema(i="integer", j="integer", f="float", d="decimal", s="string", t="string", b="boolean", day="date")

small = st.integers(-1_000, 1_000)
texts = st.text(st.sampled_from("aAbB 1-é漢😀%_."), max_size=6)
rows = st.lists(
    st.tuples(
        st.none() | small,
        st.none() | st.integers(-3, 3),
        st.none() | st.floats(-1_000, 1_000).map(lambda number: round(number, 3)),
        st.none() | st.decimals(-1_000, 1_000, places=3),
        st.none() | texts,
        st.none() | texts,
        st.none() | st.booleans(),
        st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    ),
    max_size=5,
)


def of(*templates: str, **kinds: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One of the templates with its places filled."""
    return st.sampled_from(templates).flatmap(
        lambda template: st.fixed_dictionaries(
            {name: kind for name, kind in kinds.items() if "{" + name + "}" in template}
        ).map(lambda places: template.format(**places))
    )


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


whole0 = of("i", "j", "{n}", n=small.map(str))
exact0 = st.sampled_from(["d", "d", "CAST(i AS DECIMAL(38,9))"])
real0 = st.sampled_from(["f", "CAST(i AS DOUBLE)", "0.5"])
text0 = of("s", "t", "{x}", x=texts.map(literal))
truth0 = st.sampled_from(["b", "TRUE", "s = t", "i > j"])
day0 = st.sampled_from(["day", "DATE '2012-02-29'"])


def grown(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Expressions of each type, so many levels deep."""
    if depth == 0:
        return {"w": whole0, "e": exact0, "r": real0, "x": text0, "c": truth0, "m": day0}
    below = grown(depth - 1)
    return {
        "w": of(
            "({w} + {v})",
            "({w} - {v})",
            "({w} * {v})",
            "({w} // ⟦{v}⟧)",
            "({w} % ⟦{v}⟧)",
            "(-({w}))",
            "ABS({w})",
            "SIGN({w})",
            "LENGTH({x})",
            "COALESCE({w}, {v})",
            "NULLIF({w}, {v})",
            "GREATEST({w}, {v}, 0)",
            "LEAST({w}, {v})",
            "CASE WHEN {c} THEN {w} ELSE {v} END",
            "CASE {w} WHEN {v} THEN 1 WHEN 2 THEN {w} END",
            "EXTRACT(year FROM {m})",
            "DATE_PART('dow', {m})",
            "DATE_PART('isodow', {m})",
            "DATE_PART('doy', {m})",
            "DATE_PART('week', {m})",
            "EXTRACT(quarter FROM {m})",
            w=below["w"],
            v=below["w"],
            x=below["x"],
            c=below["c"],
            m=below["m"],
        ),
        "e": of(
            "({e} + {v})",
            "({e} - {v})",
            "ABS({e})",
            "CAST(FLOOR({e}) AS DECIMAL(38,9))",
            "CAST(CEIL({e}) AS DECIMAL(38,9))",
            "COALESCE({e}, {v})",
            "NULLIF({e}, {v})",
            "GREATEST({e}, {v})",
            e=below["e"],
            v=below["e"],
        ),
        "r": of(
            "({r} + {q})",
            "({r} * {q})",
            "({w} / ⟦{v}⟧)",
            "({r} / ⟦{q}⟧)",
            "SQRT(ABS({r}))",
            "FLOOR({r})",
            "CEIL({r})",
            "LN(GREATEST({r}, 1))",
            "LEAST({r}, {q})",
            r=below["r"],
            q=below["r"],
            w=below["w"],
            v=below["w"],
        ),
        "x": of(
            "({x} || {y})",
            "CONCAT({x}, {y}, {w})",
            "UPPER({x})",
            "LOWER({x})",
            "TRIM({x})",
            "LTRIM({x}, ' a')",
            "RTRIM({x})",
            "LEFT({x}, {n})",
            "RIGHT({x}, {n})",
            "SUBSTRING({x}, {p}, {n})",
            "SUBSTRING({x}, {p})",
            "REPLACE({x}, 'a', 'é')",
            "LPAD({x}, {n}, '*')",
            "RPAD({x}, {n}, '*')",
            "SPLIT_PART({x}, ' ', {p})",
            "REGEXP_REPLACE({x}, '[a-b]+', '<>', 'g')",
            "REGEXP_REPLACE({x}, '(a)', '\\1\\1')",
            "CAST({w} AS VARCHAR)",
            "CAST({m} AS VARCHAR)",
            "CAST({c} AS VARCHAR)",
            "COALESCE({x}, {y})",
            "CASE WHEN {c} THEN {x} WHEN {x} = {y} THEN 'same' END",
            x=below["x"],
            y=below["x"],
            w=below["w"],
            m=below["m"],
            c=below["c"],
            n=st.integers(0, 4).map(str),
            p=st.integers(1, 4).map(str),
        ),
        "c": of(
            "({w} = {v})",
            "({w} <> {v})",
            "({w} <= {v})",
            "({e} > {w})",
            "({r} < {w})",
            "({x} < {y})",
            "({x} IS DISTINCT FROM {y})",
            "({w} IS NULL)",
            "({x} IS NOT NULL)",
            "({c} IS TRUE)",
            "({c} IS NOT FALSE)",
            "({c} AND {g})",
            "({c} OR {g})",
            "(NOT {c})",
            "({w} IN (1, 2, {k}))",
            "({w} NOT IN (1, NULL))",
            "({x} IN ('a', 'é'))",
            "({w} BETWEEN {v} AND 5)",
            "({x} LIKE {pattern})",
            "({x} NOT LIKE {pattern})",
            "CONTAINS({x}, {y})",
            "STARTS_WITH({x}, {y})",
            "ENDS_WITH({x}, 'a')",
            "REGEXP_MATCHES({x}, '^[a-z]+')",
            "({m} >= '2000-01-01')",
            "({m} = {o})",
            w=below["w"],
            v=below["w"],
            e=below["e"],
            r=below["r"],
            x=below["x"],
            y=below["x"],
            c=below["c"],
            g=below["c"],
            m=below["m"],
            o=below["m"],
            k=small.map(str),
            pattern=texts.map(literal),
        ),
        "m": of(
            "CAST(DATE_TRUNC('month', {m}) AS DATE)",
            "CAST(DATE_TRUNC('year', {m}) AS DATE)",
            "CAST(DATE_TRUNC('week', {m}) AS DATE)",
            "COALESCE({m}, {o})",
            "LEAST({m}, {o})",
            m=below["m"],
            o=below["m"],
        ),
    }


expressions = st.integers(1, 3).flatmap(lambda depth: st.one_of(list(grown(depth).values())))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=expressions, given_rows=rows)
def test_an_expression_gives_what_duckdb_gives(text: str, given_rows: list[tuple[Any, ...]]) -> None:
    ours = evaluate(here(text), TABLE, given_rows)
    theirs = [row[0] for row in ask(TABLE, given_rows, f"SELECT {there(text)} FROM t ORDER BY n")]
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert alike(mine, other), f"{text}: {mine!r} here, {other!r} there"


def here(text: str) -> str:
    """The expression as it is written here."""
    return text.replace("DECIMAL(38,9)", "DECIMAL").replace("⟦", "").replace("⟧", "")


def there(text: str) -> str:
    """The expression as DuckDB takes it: what it would end at zero, is null here."""
    return text.replace("⟦", "NULLIF(").replace("⟧", ", 0)")


def alike(mine: Any, other: Any) -> bool:
    """Whether two values are the same: floats to the last digits, decimals whatever their scale."""
    if isinstance(mine, float) and isinstance(other, float | int | Decimal):
        return math.isclose(mine, float(other), rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(mine, Decimal) and isinstance(other, Decimal | int):
        return mine == other
    return bool(mine == other) and (mine is None) == (other is None)
