"""Oracle of the step sql: DuckDB, given the same query over the same tables."""

from functools import cache
from typing import Any

import duckdb

from tests.conformance.steps.subject import OTHER, TABLE, Case, Row
from tests.unit.transform.evaluating import frame

# Where a query leaves the order of its rows open, both answers are put into one.
QUERIES = [
    "SELECT k, name FROM input",
    "SELECT k AS a, k AS b, v * 2 AS twice, name || '!' AS shout FROM input WHERE k > 0 OR name IS NULL",
    "SELECT * FROM (SELECT k, v, name FROM input WHERE ok) AS t WHERE t.v < 5",
    "SELECT COUNT(*) AS n, COUNT(k) AS ks, COUNT(DISTINCT name) AS names, SUM(k) AS total, AVG(v) AS mean FROM input",
    "SELECT k, COUNT(*) AS n, MIN(name) AS low, MAX(day) AS high, SUM(price) AS paid FROM input GROUP BY k",
    "SELECT k + 1 AS up, MEDIAN(v) AS mid, SUM(v) AS s FROM input GROUP BY k + 1 HAVING COUNT(*) > 1",
    "SELECT ok, day, SUM(k) FILTER (WHERE v > 0) AS s, COUNT(*) FILTER (WHERE v > 0) AS n FROM input GROUP BY ALL",
    # Between minus infinity and a number DuckDB says minus infinity, and arithmetic nothing.
    "SELECT k % 2 = 0 AS even, QUANTILE_CONT(CASE WHEN ABS(v) < 1.8e300 THEN v END, 0.25) AS q, SUM(k) / COUNT(*) AS m"
    " FROM input GROUP BY 1",
    "SELECT name FROM input GROUP BY name",
    "SELECT DISTINCT k, ok FROM input",
    "SELECT k, v FROM input WHERE v IS NOT NULL ORDER BY v DESC, k LIMIT 3 OFFSET 1",
    "SELECT k FROM input WHERE k IS NOT NULL ORDER BY -k, 1 LIMIT 4",
    "SELECT k, COUNT(*) AS n FROM input GROUP BY k ORDER BY COUNT(*) DESC, k LIMIT 2",
    "SELECT i.k, o.label, o.n FROM input AS i JOIN other AS o ON i.k = o.key",
    "SELECT i.k, o.key, label FROM input i LEFT JOIN other o ON i.k = o.key AND i.n = o.n",
    "SELECT i.k, o.key, o.v AS theirs, i.v AS ours FROM input i RIGHT JOIN other o ON o.key = i.k",
    "SELECT i.k, o.key FROM input i FULL JOIN other o ON i.k + 1 = o.key",
    "SELECT k, name FROM input SEMI JOIN other ON k = key",
    "SELECT k, name FROM input ANTI JOIN other ON k = key",
    "SELECT a.k, a.name AS one, b.name AS two FROM input a JOIN input b ON a.k = b.k WHERE a.name < b.name",
    "SELECT n, k, label FROM input JOIN other USING (n)",
    "SELECT label, SUM(i.k) AS s FROM input i JOIN other o ON i.k = o.key GROUP BY label ORDER BY label",
    "SELECT k, v FROM input UNION ALL SELECT key, v FROM other",
    "SELECT k FROM input UNION SELECT key FROM other",
    "WITH t AS (SELECT k, SUM(v) AS s FROM input GROUP BY k), u AS (SELECT * FROM t WHERE s > 0)"
    " SELECT u.k, u.s, o.label FROM u LEFT JOIN other o ON u.k = o.key",
    "SELECT CASE WHEN k > 0 THEN 'up' ELSE 'down' END AS way, ANY_VALUE(LENGTH(name)) IS NULL AS none FROM input"
    " GROUP BY 1",
]


@cache
def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 1")
    return connection


def asked(query: str, rows: list[Row], others: list[Row]) -> list[Row]:
    """What DuckDB answers."""
    with _database().cursor() as connection:
        for name, table, given in (("input", TABLE, rows), ("other", OTHER, others)):
            connection.register(f"{name}_rows", frame(table, [tuple(row.values()) for row in given]).to_arrow())
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {name}_rows")
        answer = connection.execute(query)
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def query_case(query: str) -> Case:
    """The query as a step, and as DuckDB reads it."""

    def oracle(rows: list[Row], others: list[Row]) -> list[Row]:
        return asked(query, rows, others)

    step: dict[str, Any] = {"kind": "sql", "query": query}
    return Case(step, oracle, inputs=("other",), in_order="ORDER BY" in query)


CASES = [query_case(query) for query in QUERIES]
