"""Queries and expressions that try to leave their rows, each with what it is after.

`{secret}` is a text file with a secret, `{table}` a table with one, `{target}` a file that is not there yet,
`{address}` a server, `{parent}` the number of the process that started this one.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

Goal = Literal["read", "write", "call", "harmless", "memory", "endless", "crash"]


@dataclass(frozen=True)
class Attack:
    """What is asked for, and what it would do where nothing stops it."""

    name: str
    goal: Goal
    text: str

    def aimed(self, **targets: str) -> str:
        """The text with its targets in it."""
        text = self.text
        for name, target in targets.items():
            text = text.replace("{" + name + "}", target)
        return text


def _named(**groups: dict[str, tuple[Goal, str]]) -> list[Attack]:
    return [Attack(f"{group}: {name}", *one) for group, attacks in groups.items() for name, one in attacks.items()]


_DUCKDB, _PYTHON = "-- duckdb\n", "# python\n"

QUERIES = _named(
    polars={
        "a text file": ("read", "SELECT * FROM read_csv('{secret}', has_header => false)"),
        "a text file by its name": ("harmless", "SELECT content FROM '{secret}'"),
        "a table file": ("read", "SELECT * FROM read_parquet('{table}')"),
        "the machine's users": ("harmless", "SELECT * FROM read_csv('/etc/passwd')"),
        "the own surroundings": ("harmless", "SELECT * FROM read_csv('/proc/self/environ')"),
        "what the engine printed": ("harmless", "SELECT * FROM read_parquet('errors.txt')"),
        "a page": ("call", "SELECT * FROM read_csv('http://{address}/x.csv')"),
        "a table of a bucket": ("harmless", "SELECT * FROM read_parquet('s3://bucket/x.parquet')"),
        "a product of tables": ("endless", "SELECT COUNT(*) AS n FROM input a CROSS JOIN input b CROSS JOIN input c"),
        "a sorted product": ("endless", "SELECT a.s FROM input a CROSS JOIN input b CROSS JOIN input c ORDER BY a.s"),
        "a text of a gigabyte": ("endless", "SELECT LPAD(s, 1000000000, 'x') AS x FROM input"),
        "very deep": ("harmless", "SELECT " + "(" * 4_900 + "k" + ")" * 4_900 + " AS x FROM input"),
        "very many": ("harmless", "SELECT k FROM input WHERE " + "k = 1 OR " * 1_000 + "k = 1"),
        "a pattern too large": ("harmless", "SELECT REGEXP_LIKE(s, '((a{1000}){1000}){100}') AS x FROM input"),
        "a statement": ("harmless", "DROP TABLE input"),
        "two statements": ("harmless", "SELECT a FROM input; DROP TABLE input"),
    },
    duckdb={
        "a text file": ("read", f"{_DUCKDB}SELECT content FROM read_text('{{secret}}')"),
        "a text file as a table": ("read", f"{_DUCKDB}SELECT column0 FROM read_csv('{{secret}}', header = false)"),
        "a text file by its name": ("read", f"{_DUCKDB}SELECT content FROM read_blob('{{secret}}')"),
        "a text file sniffed": ("read", f"{_DUCKDB}SELECT columns FROM sniff_csv('{{secret}}')"),
        "a listing": ("read", f"{_DUCKDB}SELECT string_agg(file, ' ') FROM glob('{{secret}}*')"),
        "the machine's name": ("read", f"{_DUCKDB}SELECT content FROM read_text('/etc/hostname')"),
        "the parent's surroundings": ("read", f"{_DUCKDB}SELECT content FROM read_blob('/proc/{{parent}}/environ')"),
        "copy": ("write", f"{_DUCKDB}COPY (SELECT 1 AS a) TO '{{target}}'"),
        "export": ("write", f"{_DUCKDB}CREATE TABLE x AS SELECT 1 AS a; EXPORT DATABASE '{{target}}'"),
        "attach": ("write", f"{_DUCKDB}ATTACH '{{target}}' AS other; CREATE TABLE other.x AS SELECT 1 AS a"),
        "install": ("harmless", f"{_DUCKDB}INSTALL httpfs"),
        "load": ("harmless", f"{_DUCKDB}LOAD '{{secret}}'"),
        "settings": ("harmless", f"{_DUCKDB}SET secret_directory = '/root'; PRAGMA database_list"),
        "secrets": ("harmless", f"{_DUCKDB}SELECT name FROM duckdb_secrets()"),
        "a variable": ("harmless", f"{_DUCKDB}SELECT getvariable('app.tenant')"),
        "a function of a database": ("harmless", f"{_DUCKDB}SELECT set_config('app.tenant', 'x', true)"),
        "a list without end": ("memory", f"{_DUCKDB}SELECT list_sum(range(300000000))"),
        "texts of a gigabyte": (
            "endless",
            f"{_DUCKDB}SELECT sum(length(repeat('x', 1000000000) || range)) FROM range(100)",
        ),
        "a product of a billion by a billion": (
            "endless",
            f"{_DUCKDB}SELECT sum((a.range * b.range) % 7) FROM range(1000000000) a, range(1000000000) b",
        ),
        "a query that asks itself": (
            "endless",
            f"{_DUCKDB}WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
        ),
        "a hundred thousand rows of each": ("endless", f"{_DUCKDB}SELECT unnest(range(100000)) FROM input"),
        "very deep": ("harmless", f"{_DUCKDB}SELECT {'(' * 4_900}1{')' * 4_900}"),
    },
    python={
        "a file": ("read", f"{_PYTHON}result = open('{{secret}}').read()"),
        "the machine's name": ("read", f"{_PYTHON}result = open('/etc/hostname').read()"),
        "a file through a link": (
            "read",
            f"{_PYTHON}import os\nos.symlink('{{secret}}', 'link')\nresult = open('link').read()",
        ),
        "the parent's surroundings": ("read", f"{_PYTHON}result = open('/proc/{{parent}}/environ').read()"),
        "the parent's memory": ("read", f"{_PYTHON}result = open('/proc/{{parent}}/maps').read()"),
        "the own surroundings": ("harmless", f"{_PYTHON}import os\nresult = dict(os.environ)"),
        "a new file": ("write", f"{_PYTHON}result = open('{{target}}', 'w').write('x')"),
        "a program": (
            "write",
            f"{_PYTHON}import subprocess\nresult = subprocess.run(['touch', '{{target}}']).returncode",
        ),
        "a program by its shell": ("write", f"{_PYTHON}import os\nresult = os.system('touch {{target}}')"),
        "a class's way out": (
            "write",
            f"{_PYTHON}import os\n"
            "found = [one for one in ''.__class__.__mro__[1].__subclasses__() if one.__name__ == '_wrap_close']\n"
            "os = found[0].__init__.__globals__\n"
            "result = os['popen']('touch {target}').read()",
        ),
        "a page": (
            "call",
            f"{_PYTHON}import urllib.request\nresult = urllib.request.urlopen('http://{{address}}/x.csv').read()",
        ),
        "a socket": (
            "call",
            f"{_PYTHON}import socket\nhost, port = '{{address}}'.split(':')\n"
            "result = socket.create_connection((host, int(port)), 3).sendall(b'GET /x HTTP/1.0\\r\\n\\r\\n')",
        ),
        "the parent's end": ("harmless", f"{_PYTHON}import os\nresult = os.kill(os.getppid(), 9)"),
        "forks without end": (
            "endless",
            f"{_PYTHON}import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        ),
        "threads without end": (
            "endless",
            f"{_PYTHON}import threading, time\nwhile True:\n"
            "    try: threading.Thread(target=time.sleep, args=(99,)).start()\n    except RuntimeError: pass",
        ),
        "a loop without end": ("endless", f"{_PYTHON}while True: pass"),
        "a sleep": ("endless", f"{_PYTHON}import time\ntime.sleep(99)"),
        "a list without end": ("memory", f"{_PYTHON}found = []\nwhile True: found.append(bytearray(b'x') * 9_000_000)"),
        "a text of ten gigabytes": ("memory", f"{_PYTHON}result = 'x' * 10_000_000_000"),
        "a file without end": ("endless", f"{_PYTHON}file = open('x', 'w')\nwhile True: file.write('x' * 1_000_000)"),
        "calls without end": (
            "crash",
            f"{_PYTHON}import sys, functools\nsys.setrecursionlimit(10**9)\n"
            "def f(*_): return functools.reduce(f, (1, 2, 3))\nf()",
        ),
        "a wrong address": ("crash", f"{_PYTHON}import ctypes\nctypes.string_at(0)"),
        "an error that tells of places": ("harmless", f"{_PYTHON}raise ValueError(open.__module__, '{{secret}}')"),
    },
)

EXPRESSIONS = _named(
    polars={
        "a text file": ("harmless", "read_csv('{secret}')"),
        "a query": ("harmless", "(SELECT 1)"),
        "a text of a gigabyte": ("endless", "LPAD(s, 1000000000, 'x')"),
        "a text of half a megabyte in each row": ("endless", "LPAD(s, 500000, 'x') || LPAD(s, 500000, 'y')"),
        "a text that doubles": ("endless", "||".join(["LPAD(s, 9000, 'x')"] * 300)),
        "very deep": ("harmless", "(" * 4_500 + "a" + ")" * 4_500),
        "very many": ("harmless", "+".join(["a"] * 4_900)),
        "very many refusals": ("harmless", "NOT " * 2_400 + "a = 1"),
        "a pattern too large": ("harmless", "REGEXP_LIKE(s, '((a{1000}){1000}){100}')"),
        "a template": ("harmless", "{{ cycler.__init__.__globals__.os.popen('touch {target}') }}"),
        "a program": ("harmless", "__import__('os').system('touch {target}')"),
        "a function of a database": ("harmless", "pg_read_file('/etc/passwd')"),
        "a program of a database": ("harmless", "COPY (SELECT 1) TO PROGRAM 'touch {target}'"),
        "a setting": ("harmless", "set_config('app.tenant', 'x', true)"),
        "a comment that is none": ("harmless", "a /*!50000 + pg_sleep(99) */ + pg_sleep(99)"),
    },
)

# What an engine answers in no time, whoever asks.
QUICK = ["REGEXP_LIKE(s, '(a+)+$')", "REGEXP_LIKE(s, '(.*)*x')", "REGEXP_LIKE(s, '(x+x+)+y')"]

# What a check cannot know: short, of functions that are allowed, and without end.
GROWING = "REPLACE(" * 9 + "'aaa'" + ", 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')" * 9


def query(text: str) -> dict[str, Any]:
    """As a query over the table."""
    return {"kind": "sql", "query": text}


def expression(text: str) -> dict[str, Any]:
    """As a new column."""
    return {"kind": "derive", "columns": [{"column": "found", "expression": text}]}


def condition(text: str) -> dict[str, Any]:
    """As a filter."""
    return {"kind": "filter", "where": f"({text}) IS NOT NULL"}


WAYS = {
    **{f"query, {attack.name}": (attack, query) for attack in QUERIES},
    **{f"expression, {attack.name}": (attack, expression) for attack in EXPRESSIONS},
    **{f"condition, {attack.name}": (attack, condition) for attack in EXPRESSIONS},
}


def assert_kind(document: dict[str, Any], text: str) -> None:
    """Whoever asked is told in sentences, and of no place but those that they named themselves."""
    assert document["status"] == 422, document
    for said in [document["detail"], *(one["message"] for one in document.get("errors", ()))]:
        assert re.fullmatch(r"[A-Z(\"'].{8,500}[.?…]", said), said
        assert not re.search(
            r"Traceback|\bline \d+, in\b|Errno|os error|panicked|0x[0-9a-f]{6}|\.(py|rs|so)\b", said
        ), said
        for path in re.findall(r"/[\w.-]+(?:/[\w.-]+)+", said):
            assert path in text, said
