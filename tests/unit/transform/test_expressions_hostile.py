"""Expressions that try to leave their row: files, queries, settings, code, and work without end. All are refused."""

import time

import pytest
from pydantic import ValidationError

from contracts.recipe import Recipe
from services.transform.errors import RecipeInvalid
from services.transform.expressions.analysis import analyse
from services.transform.expressions.tree import ExpressionInvalid
from tests.unit.transform.evaluating import evaluate, run, schema

TABLE = schema(a="integer", s="string", b="boolean")

REFUSED = [
    # statements and queries
    ("SELECT 1", "not_allowed"),
    ("(SELECT 1)", "not_allowed"),
    ("a IN (SELECT 1)", "not_allowed"),
    ("EXISTS (SELECT 1)", "not_allowed"),
    ("a = ANY (SELECT 1)", "not_allowed"),
    ("1 UNION SELECT 2", "not_allowed"),
    ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "not_allowed"),
    ("a; DROP TABLE t", "syntax"),
    ("COPY t TO '/tmp/x'", "not_allowed"),
    ("COPY (SELECT 1) TO PROGRAM 'id'", "not_allowed"),
    ("ATTACH '/tmp/x.db'", "not_allowed"),
    ("INSTALL httpfs", "not_allowed"),
    ("EXPORT DATABASE '/tmp'", "syntax"),
    ("SET x = 1", "not_allowed"),
    ("PRAGMA database_list", "not_allowed"),
    ("DESCRIBE t", "not_allowed"),
    ("FROM read_csv('/etc/passwd')", "not_allowed"),
    ("*", "not_allowed"),
    # functions of databases that reach beyond the row
    ("pg_read_file('/etc/passwd')", "function_unknown"),
    ("lo_export(1, '/tmp/x')", "function_unknown"),
    ("query_to_xml('delete from t', true, true, '')", "function_unknown"),
    ("dblink('host=x', 'select 1')", "function_unknown"),
    ("pg_sleep(1000000)", "function_unknown"),
    ("set_config('app.tenant', 'x', true)", "function_unknown"),
    ("current_setting('app.tenant')", "function_unknown"),
    ("read_csv('/etc/passwd')", "function_unknown"),
    ("read_parquet('/etc/passwd')", "function_unknown"),
    ("read_text('/etc/passwd')", "function_unknown"),
    ("sniff_csv('/etc/passwd')", "function_unknown"),
    ("glob('/etc/*')", "function_unknown"),
    ("duckdb_secrets()", "function_unknown"),
    ("getvariable('x')", "function_unknown"),
    ("getenv('HOME')", "function_unknown"),
    # rows that grow without end
    ("repeat('x', 1000000000)", "function_unknown"),
    ("range(1000000000000)", "function_unknown"),
    ("unnest([1, 2])", "function_unknown"),
    ("LPAD(s, 1000000000)", "wrong_arguments"),
    # other rows, other times
    ("SUM(a)", "not_allowed"),
    ("COUNT(*)", "not_allowed"),
    ("SUM(a) OVER ()", "not_allowed"),
    ("ROW_NUMBER() OVER ()", "not_allowed"),
    ("LAG(a) OVER (ORDER BY a)", "not_allowed"),
    ("NOW()", "not_allowed"),
    ("CURRENT_TIMESTAMP", "not_allowed"),
    ("RANDOM()", "not_allowed"),
    ("UUID()", "not_allowed"),
    # other languages
    ("__import__('os')", "function_unknown"),
    ("eval('1')", "function_unknown"),
    ("a.__class__", "not_allowed"),
    ("(lambda x=1: x)()", "syntax"),
    ("{{ ''.__class__.__mro__ }}", "function_unknown"),
    ("{% for i in range(1000000000) %}", "syntax"),
    ("s -> '$.x'", "function_unknown"),
    ("x -> x + 1", "function_unknown"),
    ("[1, 2]", "function_unknown"),
    ("{'a': 1}", "function_unknown"),
    ("a[1]", "not_allowed"),
    ("s COLLATE nocase", "function_unknown"),
    ("a AS b", "not_allowed"),
    ("$1", "not_allowed"),
    ("?", "not_allowed"),
    (":name", "not_allowed"),
    ("e'\\x41'", "not_allowed"),
    ("a AT TIME ZONE 'UTC'", "not_allowed"),
    ("INTERVAL 1 DAY", "not_allowed"),
    ("(a, s)", "not_allowed"),
    ("CAST(a AS INTEGER[])", "type_unknown"),
    ("CAST(a AS pg_authid)", "type_unknown"),
    ("t.a", "not_allowed"),
    # patterns
    ("REGEXP_LIKE(s, '(?=a)')", "invalid_pattern"),
    ("REGEXP_LIKE(s, '(?<!a)b')", "invalid_pattern"),
    ("REGEXP_LIKE(s, '(a)\\1')", "invalid_pattern"),
    ("REGEXP_LIKE(s, '" + "a" * 1_001 + "')", "invalid_pattern"),
    ("REGEXP_LIKE(s, s)", "not_allowed"),
    ("s LIKE s", "not_allowed"),
    ("s LIKE 'a!' ESCAPE '!'", "invalid_pattern"),
    # size
    ("(" * 31 + "a" + ")" * 31, "too_deep"),
    ("(" * 1_900 + "a" + ")" * 1_900, "too_deep"),
    ("(" * 4_000 + "a" + ")" * 4_000, "too_large"),
    ("NOT " * 2_000 + "b", "too_deep"),
    ("- " * 2_000 + "a", "too_deep"),
    ("CASE WHEN b THEN " * 200 + "1" + " END" * 200, "too_deep"),
    ("ABS(" * 300 + "a" + ")" * 300, "too_deep"),
    ("+".join(["a"] * 2_000), "too_deep"),
    ("||".join(["s"] * 1_000), "too_deep"),
    ("a" * 1_000_000, "too_large"),
    (",".join(["a"] * 5_000), "too_large"),
    ("'" * 9_999, "syntax"),
    ("/*" * 4_000, "syntax"),
    ("", "syntax"),
    ("-- nothing", "syntax"),
    ("a\x00", "syntax"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_no_expression_over_one_row_is_refused(text: str, code: str) -> None:
    start = time.process_time()
    with pytest.raises(ExpressionInvalid) as caught:
        analyse(text, TABLE)
    assert time.process_time() - start < 5  # seconds of a busy processor
    assert caught.value.code == code
    assert 0 < len(caught.value.message) < 400
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["pg_read_file", "read_csv", "NOW"])
def test_the_same_calls_are_refused_wherever_an_expression_stands(name: str) -> None:
    for step in (
        {"kind": "filter", "where": f"{name}('x') IS NULL"},
        {"kind": "derive", "columns": [{"column": "c", "expression": f"CASE WHEN b THEN {name}() END"}]},
    ):
        with pytest.raises(RecipeInvalid) as caught:
            run(TABLE, [(1, "x", True)], step)
        assert caught.value.problems[0].pointer.startswith("/steps/0/")


def test_a_pattern_that_is_too_large_compiled_is_refused_before_any_row() -> None:
    with pytest.raises(RecipeInvalid) as caught:
        run(TABLE, [], {"kind": "filter", "where": "REGEXP_LIKE(s, '(a{1000}){1000}')"})
    assert caught.value.problems[0].code == "invalid_pattern"


def test_a_malformed_pattern_is_refused_in_one_sentence() -> None:
    with pytest.raises(RecipeInvalid) as caught:
        run(TABLE, [], {"kind": "filter", "where": "REGEXP_LIKE(s, '(a')"})
    assert "unclosed group" in caught.value.problems[0].message


def test_a_pattern_made_to_backtrack_takes_no_time() -> None:
    start = time.process_time()
    assert evaluate("REGEXP_LIKE(s, '(a+)+$')", TABLE, [(1, "a" * 50_000 + "b", True)]) == [False]
    assert evaluate("REGEXP_LIKE(s, '(.*)*x')", TABLE, [(1, "a" * 50_000, True)]) == [False]
    assert time.process_time() - start < 2


def test_what_is_needed_twice_counts_twice() -> None:
    # Each level writes its operand twice: the text is short, what would run is not.
    text = "a"
    for _ in range(20):
        text = f"({text} BETWEEN 1 AND 2)::integer"
    with pytest.raises(ExpressionInvalid) as caught:
        analyse(text, TABLE)
    assert caught.value.code in ("too_large", "too_deep")


def test_text_of_the_user_never_reaches_the_engine() -> None:
    # Comments, quotes of other dialects, and letters that look like others: only the tree counts.
    assert evaluate("a /*!50000 + 1 */ -- + 2", TABLE, [(1, "x", True)]) == [1]
    assert evaluate("s = 'x'' OR ''1''=''1'", TABLE, [(1, "x", True)]) == [False]
    assert evaluate("s = '\\'", TABLE, [(1, "\\", True)]) == [True]


def test_an_expression_longer_than_the_contract_allows_never_arrives() -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate({"steps": [{"kind": "filter", "where": "a" * 1_000_001}]})
