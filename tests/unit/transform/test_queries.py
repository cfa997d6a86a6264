"""The step sql: what it refuses and how it says so, its books, its lineage, and how large it may be."""

import pytest

from contracts.recipe import DatasetInput, Recipe, Sql
from services.transform.check import check, stages
from services.transform.errors import RecipeInvalid, TransformError
from services.transform.steps.catalog import KINDS
from tests.unit.transform.evaluating import run, schema

TABLE = schema(k="integer", name="string", v="float!", day="date")
OTHER = schema(key="integer", name="string")
ROWS = [(1, "a", 0.5, None), (2, "b", 1.5, None), (1, "c", 2.5, None), (None, None, 0.0, None)]


def refusal(query: str) -> tuple[str, str]:
    inputs = {"other": DatasetInput(dataset="0" * 64, table_schema=OTHER)}
    recipe = Recipe.model_validate({"steps": [{"kind": "sql", "query": query}], "inputs": inputs})
    with pytest.raises(RecipeInvalid) as caught:
        check(recipe, TABLE)
    (problem,) = caught.value.problems
    assert problem.pointer == "/steps/0/query"
    return problem.code, problem.message


HOSTILE = [
    "DROP TABLE input",
    "SELECT k FROM input; DROP TABLE input",
    "WITH x AS (DELETE FROM input RETURNING k) SELECT k FROM x",
    "WITH RECURSIVE t AS (SELECT k FROM input UNION ALL SELECT k + 1 FROM t) SELECT k FROM t",
    "COPY input TO PROGRAM 'sh'",
    "SELECT k FROM read_csv('/etc/passwd')",
    "SELECT k FROM '/etc/passwd'",
    'SELECT k FROM "https://example.org/x.parquet"',
    "SELECT k FROM pg_catalog.pg_tables",
    "SELECT pg_read_file('/etc/passwd') AS x FROM input",
    "SELECT set_config('app.tenant', 'x', false) AS x FROM input",
    "SELECT k FROM input WHERE name = (SELECT name FROM other)",
    "SELECT k FROM input WHERE k IN (SELECT key FROM other)",
    "SELECT k FROM input WHERE EXISTS (SELECT 1 AS one FROM other)",
    "SELECT k FROM input, other",
    "SELECT k FROM input CROSS JOIN other",
    "SELECT k FROM input JOIN other ON k > key",
    "SELECT k FROM input JOIN other ON 1 = 1",
    "SELECT k FROM input NATURAL JOIN other",
    "SELECT k FROM input JOIN LATERAL (SELECT key FROM other) AS o ON k = key",
    "SELECT ROW_NUMBER() OVER (ORDER BY k) AS n FROM input",
    "SELECT SUM(k) OVER () AS n FROM input",
    "SELECT RANDOM() AS r FROM input",
    "SELECT k INTO x FROM input",
    "SELECT k FROM input FOR UPDATE",
    "SELECT k FROM input TABLESAMPLE 10%",
    "SELECT k FROM input QUALIFY k > 1",
    "SELECT k FROM input GROUP BY ROLLUP (k)",
    "SELECT DISTINCT ON (k) k FROM input",
    "SELECT k FROM input LIMIT (1 + 1)",
    "SELECT k FROM input ORDER BY k NULLS FIRST",
    "SELECT k FROM input EXCEPT SELECT key FROM other",
    "SELECT * EXCLUDE (k) FROM input",
    "SELECT COLUMNS('.*') FROM input",
    "SELECT UNNEST([k]) AS x FROM input",
    "SELECT k FROM input PIVOT (SUM(v) FOR name IN ('a'))",
    "SELECT COUNT(SUM(k)) AS n FROM input",
    "SELECT SUM(DISTINCT k) AS n FROM input",
    "SELECT k FROM input WHERE SUM(k) > 1",
    "SELECT 1 AS one",
    "VALUES (1)",
    "PRAGMA database_list",
    "ATTACH 'x.db'",
    "SELECT " + "(" * 200 + "k" + ")" * 200 + " AS x FROM input",
    "SELECT k FROM input WHERE " + "k=1 OR " * 1_400 + "k=1",
    "",
    "\x00",
    "SELECT 'x FROM input",
]


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: query[:40])
def test_what_is_no_plain_query_is_refused_before_a_row_is_read(query: str) -> None:
    if not query:
        with pytest.raises(ValueError, match="at least 1 character"):
            Sql(query=query)
        return
    code, message = refusal(query)
    assert code in {"not_allowed", "syntax", "function_unknown", "table_unknown", "too_deep", "too_large",
                    "wrong_arguments", "name_missing", "column_unknown", "column_ambiguous"}, message  # fmt: skip
    assert "passwd" not in message or "There is no table" in message


SAID = [
    ("SELECT kk FROM input", "column_unknown", "'k'"),
    ("SELECT o.kex FROM input i JOIN other o ON i.k = o.key", "column_unknown", "'key'"),
    ("SELECT x.k FROM input", "table_unknown", "'x'"),
    ("SELECT k FROM inputs", "table_unknown", "'input'"),
    ("SELECT name FROM input JOIN other ON k = key", "column_ambiguous", "input.name or other.name"),
    ("SELECT k, SUM(v) AS s FROM input", "not_grouped", "'k'"),
    ("SELECT k + 1 FROM input", "name_missing", "AS"),
    ("SELECT k, v AS k FROM input", "name_taken", "'k'"),
    ("SELECT k FROM input WHERE name + 1 > 0", "wrong_type", "Text and an integer"),
    ("SELECT k FROM input WHERE k", "wrong_type", "an integer"),
    ("SELECT SUM(name) AS s FROM input", "wrong_type", "be summed up"),
    ("SELECT NULL AS nothing FROM input", "wrong_type", "CAST(NULL"),
    ("SELECT k FROM input UNION ALL SELECT name FROM other", "wrong_type", "k"),
    ("SELECT k FROM input UNION ALL SELECT key, name FROM other", "wrong_count", "1 columns here and 2"),
    ("SELECT k FROM input a JOIN other a ON a.k = a.key", "name_taken", "'a'"),
    ("SELECT QUANTILE_CONT(v, 2) AS q FROM input", "wrong_arguments", "0 to 1"),
    ("SELECT REGEXP_LIKE(name, '(a{1000}){1000}') AS x FROM input", "invalid_pattern", "too large"),
    ("SELECT k FROM input WHERE REGEXP_LIKE(name, '(a')", "invalid_pattern", "unclosed group"),
]


@pytest.mark.parametrize(("query", "code", "part"), SAID, ids=lambda value: value[:40])
def test_a_query_that_is_wrong_says_where_it_is(query: str, code: str, part: str) -> None:
    found, message = refusal(query)
    assert (found, part in message) == (code, True), message


def test_tables_that_double_themselves_are_too_large() -> None:
    twice = ["t0 AS (SELECT k FROM input)"]
    twice += [f"t{n} AS (SELECT k FROM t{n - 1} UNION ALL SELECT k FROM t{n - 1})" for n in range(1, 30)]
    assert refusal(f"WITH {', '.join(twice)} SELECT k FROM t29")[0] == "too_large"


def test_the_books_say_what_became_of_the_rows() -> None:
    def books(query: str) -> tuple[int, int, int, int]:
        (book,) = run(TABLE, ROWS, {"kind": "sql", "query": query})[0].books
        assert book.rows_in + book.added == book.rows_out + book.filtered + book.combined
        return book.filtered, book.combined, book.added, book.rows_out

    assert books("SELECT k FROM input WHERE k = 1") == (2, 0, 0, 2)
    assert books("SELECT k, COUNT(*) AS n FROM input GROUP BY k") == (0, 1, 0, 3)
    assert books("SELECT k FROM input UNION ALL SELECT k FROM input") == (0, 0, 4, 8)
    assert books("SELECT COUNT(*) AS n FROM input") == (0, 3, 0, 1)


def test_a_value_that_is_refused_is_told_with_its_place() -> None:
    with pytest.raises(TransformError) as caught:
        run(TABLE, ROWS, {"kind": "sql", "query": "SELECT CAST(name AS INTEGER) AS n FROM input"})
    assert caught.value.pointer == "/steps/0/query"
    assert caught.value.message in {f"Step 1 (sql): '{name}' is not an integer." for name in "abc"}


def test_rows_that_are_set_aside_later_have_the_numbers_of_the_query_s_rows() -> None:
    query = {"kind": "sql", "query": "SELECT name FROM input WHERE name IS NOT NULL ORDER BY name DESC"}
    done, found = run(TABLE, ROWS, query, {"kind": "cast", "columns": {"name": "integer"}, "on_failure": "quarantine"})
    assert (found, done.quarantined, done.quarantine_sample[:5]) == ([], 3, "row 1")


def test_a_star_asks_for_all_columns_only_where_it_stands_for_them() -> None:
    asked = {
        "SELECT * FROM (SELECT k FROM input) AS t": {"k"},
        "SELECT COUNT(*) AS n FROM input": set(),
        "SELECT o.*, i.k FROM input i JOIN other o ON i.k = o.key": {"k"},
        "SELECT i.* FROM input i JOIN other o ON i.k = o.key": set(TABLE.names),
        "SELECT * FROM input": set(TABLE.names),
    }
    for query, names in asked.items():
        assert KINDS["sql"].mentions(TABLE, Sql(query=query)) == names, query


def test_a_query_knows_of_which_columns_its_own_are_made() -> None:
    query = "SELECT k, COUNT(*) AS n, SUM(v) AS s FROM input WHERE day IS NULL GROUP BY k"
    (stage,) = stages(Recipe(steps=(Sql(query=query),)), TABLE)
    lineage = KINDS["sql"].lineage(TABLE, stage.step, {})
    assert lineage == {"k": {"k", "day"}, "n": {"k", "day"}, "s": {"k", "v", "day"}}
    assert stage.after == schema(k="integer", n="integer!", s="float")
    assert KINDS["sql"].mentions(TABLE, stage.step) == {"k", "v", "day"}
