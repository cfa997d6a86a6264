"""The runner: exact books, the same bytes each time, contracts around modules, and lies that are found out."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from contracts.data import Schema
from contracts.recipe import Filter, Recipe, Steps
from contracts.runs import ErrorType
from services.transform.errors import BooksUnbalanced, DatasetUnreadable, RecipeInvalid, ValueRefused
from services.transform.jobs import Applied, Failed, JobModule
from services.transform.runner import apply
from services.transform.steps.catalog import KINDS
from services.transform.steps.filter import FilterKind
from services.transform.steps.kind import Site
from services.transform.table import Table
from services.transform.worker import answer
from tests.unit.transform.evaluating import job, read, run, schema

TABLE = schema(a="integer", s="string", v="float")
ROWS = [(n, None if n % 7 == 0 else str(n * 3) if n % 5 else f"x{n}", n / 4) for n in range(1_000)]
STEPS: list[dict[str, Any]] = [
    {"kind": "filter", "where": "a % 3 <> 0"},
    {"kind": "derive", "columns": [{"column": "u", "expression": "UPPER(s)"}]},
    {"kind": "cast", "columns": {"s": "integer"}, "on_failure": "quarantine"},
    {"kind": "drop_null", "columns": ["s"]},
    {"kind": "limit", "rows": 400},
]


def test_rows_are_counted_at_every_step() -> None:
    done, found = run(TABLE, ROWS, *STEPS, parts=7)
    third = [row for row in ROWS if row[0] % 3]
    misfits = [row for row in third if row[1] and row[1].startswith("x")]
    whole = [row for row in third if row[1] and not row[1].startswith("x")]
    assert [(book.kind, book.rows_in, book.rows_out) for book in done.books] == [
        ("filter", 1_000, len(third)),
        ("derive", len(third), len(third)),
        ("cast", len(third), len(third) - len(misfits)),
        ("drop_null", len(third) - len(misfits), len(whole)),
        ("limit", len(whole), 400),
    ]
    assert [row[0] for row in found] == [row[0] for row in whole[:400]]
    assert done.quarantined == len(misfits)


def test_quarantined_rows_bear_their_number_reason_and_all_they_held(tmp_path: Path) -> None:
    table = schema(a="integer", s="string", v="float", raw="binary", **{'"*"': "decimal"})
    rows = [(1, "7", 1.0, b"\xff", 1), (2, "x", 1.5, None, 2), (3, "8", 2.5, b"", None), (4, None, None, b"", None)]
    work = job(
        tmp_path,
        table,
        [rows[:2], rows[2:]],
        [
            {"kind": "rename", "columns": {"s": "count"}},
            {"kind": "cast", "columns": {"count": "integer", "v": "integer"}, "on_failure": "quarantine"},
        ],
    )
    done = apply(work)
    assert [row[:2] for row in read(work, done.parts, done.table_schema)] == [(1, 7), (4, None)]
    kept = schema(row="integer", reason="string", column="string", value="string", raw="string")
    assert read(work, done.quarantine_parts, kept) == [
        (2, "not an integer", "count", "x", '{"a":"2","count":"x","v":"1.5","raw":null,"\\"*\\"":"2"}'),
        (3, "not an integer", "v", "2.5", '{"a":"3","count":"8","v":"2.5","raw":"","\\"*\\"":null}'),
    ]
    assert done.quarantine_sample == "row 2, column 'count': 'x' is not an integer"


@pytest.mark.parametrize(
    "steps",
    [
        STEPS,
        [{"kind": "sort", "by": [{"column": "s", "descending": True}]}],
        [{"kind": "deduplicate", "keys": ["v"], "keep": "last"}, {"kind": "sort", "by": [{"column": "a"}]}],
    ],
    ids=["part by part", "sort", "deduplicate"],
)
def test_the_same_rows_give_the_same_bytes_with_any_number_of_threads(
    tmp_path: Path, steps: list[dict[str, Any]]
) -> None:
    rows = [(n, str(n * 31 % 997), float(n % 5_000)) for n in range(150_000)]
    digests = set()
    for threads in (1, 2, 4):
        folder = tmp_path / str(threads)
        folder.mkdir()
        work = job(folder, TABLE, [rows[:100_000], rows[100_000:]], steps)
        # The engine's pool is made once in a process, so each count needs a process of its own.
        script = (
            "import sys; from services.transform.worker import handle; print(handle(sys.stdin.buffer.read()).decode())"
        )
        said = subprocess.run(
            [sys.executable, "-c", script],
            input=work.model_dump_json().encode(),
            env=os.environ | {"POLARS_MAX_THREADS": str(threads)},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[3],
        ).stdout
        done = Applied.model_validate_json(said)
        digest = hashlib.sha256()
        for name in (*done.parts, *done.quarantine_parts):
            digest.update((Path(work.output) / name).read_bytes())
        digests.add((digest.hexdigest(), done.model_dump_json()))
    assert len(digests) == 1


@pytest.mark.parametrize("step", [*STEPS[:4], {"kind": "sort", "by": [{"column": "a"}]}])
def test_no_rows_and_no_files_give_no_rows(tmp_path: Path, step: dict[str, Any]) -> None:
    done, found = run(TABLE, [], step)
    assert (found, done.parts, done.rows, done.quarantined) == ([], (), 0, 0)
    empty = job(tmp_path, TABLE, [], [step])
    assert apply(empty).rows == 0


def test_a_value_that_is_refused_is_named_with_its_step() -> None:
    with pytest.raises(ValueRefused) as caught:
        run(TABLE, ROWS, {"kind": "limit", "rows": 10}, {"kind": "cast", "columns": {"s": "integer"}})
    assert caught.value.message == "Step 2 (cast): 'x5' is not an integer."
    assert caught.value.pointer == "/steps/1/columns/s"


def test_a_later_filter_does_not_hide_a_value_that_an_earlier_step_refuses() -> None:
    for step in (
        {"kind": "cast", "columns": {"s": "integer"}},
        {"kind": "derive", "columns": [{"column": "n", "expression": "CAST(s AS INTEGER)"}]},
    ):
        with pytest.raises(ValueRefused):
            run(TABLE, ROWS, step, {"kind": "filter", "where": "a < 5"})
        done, _ = run(TABLE, ROWS, {"kind": "filter", "where": "a < 5"}, step)
        assert done.rows == 5


def test_files_that_do_not_hold_what_the_schema_says_are_refused(tmp_path: Path) -> None:
    work = job(tmp_path, TABLE, [ROWS], STEPS[:1])
    for wrong in (schema(a="integer", s="string", w="float"), schema(a="string", s="string", v="float")):
        with pytest.raises(DatasetUnreadable):
            apply(work.model_copy(update={"table_schema": wrong, "modules": ()}))
    path = Path(work.inputs[0])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DatasetUnreadable):
        apply(work)


class Swallowing(FilterKind):
    """A filter that says it removes nothing."""

    def removes(self, step: Filter) -> Any:
        return None


class Doubling(FilterKind):
    """A filter after which there are more rows than before."""

    def plan(self, table: Table, step: Filter, site: Site) -> Table:
        return table.then(pl.concat([table.lazy, table.lazy]))


@pytest.mark.parametrize("liar", [Swallowing(), Doubling()], ids=["swallowing", "doubling"])
def test_a_step_that_lies_about_its_rows_is_found_out(tmp_path: Path, liar: FilterKind) -> None:
    work = job(tmp_path, TABLE, [ROWS], [{"kind": "filter", "where": "a > 10"}])
    with pytest.raises(BooksUnbalanced):
        apply(work, {**KINDS, "filter": liar})
    assert apply(work, KINDS).rows == 989


def test_what_goes_wrong_in_a_child_is_an_answer() -> None:
    def panic() -> Applied:
        raise KeyboardInterrupt

    for error, type in (
        (MemoryError(), ErrorType.MEMORY_LIMIT),
        (OSError(27, "File too large"), ErrorType.EXPRESSION_FAILED),
        (ValueRefused("no", "/x"), ErrorType.EXPRESSION_FAILED),
        (ValueError("secret"), ErrorType.EXPRESSION_FAILED),
    ):

        def fail(error: BaseException = error) -> Applied:
            raise error

        said = answer(fail)
        assert isinstance(said, Failed)
        assert said.type is type
        assert "secret" not in said.message
    assert isinstance(answer(panic), Failed)


# modules and their contracts


def module(steps: list[dict[str, Any]], takes: Schema | None = None, gives: Schema | None = None) -> JobModule:
    recipe = Recipe(steps=Steps.validate_python(steps))
    return JobModule(name="m", recipe=recipe, pointer="/modules/0", input_contract=takes, output_contract=gives)


def conformed(tmp_path: Path, table: Schema, rows: list[tuple[Any, ...]], *modules: JobModule) -> Any:
    work = job(tmp_path, table, [rows], []).model_copy(update={"modules": modules})
    done = apply(work)
    return done, read(work, done.parts, done.table_schema)


def test_a_module_gets_its_contract_whatever_order_width_and_company_the_columns_come_in(tmp_path: Path) -> None:
    takes = schema(day="timestamp", n="float", k="decimal")
    wanted = module([{"kind": "derive", "columns": [{"column": "twice", "expression": "n * 2"}]}], takes)
    came = schema(k="integer", new="string", n="integer", day="date")
    done, found = conformed(tmp_path, came, [(1, "x", 2, None)], wanted)
    assert done.table_schema.names == ("day", "n", "k", "twice")
    assert [column.type.value for column in done.table_schema.columns] == ["timestamp", "float", "decimal", "float"]
    assert found == [(None, 2.0, 1, 4.0)]
    # What stands before and after the steps is no step, and in no books.
    assert [(book.module, book.step, book.kind) for book in done.books] == [("m", 0, "derive")]


def test_columns_that_only_a_step_names_are_kept_for_it(tmp_path: Path) -> None:
    wanted = module([{"kind": "drop", "columns": ["old"]}], schema(n="integer"), schema(n="integer"))
    done, found = conformed(tmp_path, schema(old="string", n="integer", more="string"), [("x", 1, "y")], wanted)
    assert (done.table_schema.names, found) == (("n",), [(1,)])


def test_an_output_that_the_contract_does_not_promise_is_brought_to_it_or_refused(tmp_path: Path) -> None:
    table = schema(n="integer", s="string")
    done, _ = conformed(tmp_path / "a", table, [(1, "x")], module([], None, schema(s="string", n="float")))
    assert done.table_schema.names == ("s", "n")
    with pytest.raises(RecipeInvalid, match="Module m does not give its output"):
        conformed(tmp_path / "b", table, [(1, "x")], module([], None, schema(q="integer")))


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (schema(m="integer"), "Module m does not get its input: There is no column 'n' here."),
        (schema(n="string"), "Module m does not get its input: Column 'n' must be an integer, and it is text."),
    ],
)
def test_an_input_that_breaks_the_contract_is_refused_in_words(tmp_path: Path, came: Schema, said: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        conformed(tmp_path, came, [], module([{"kind": "filter", "where": "n > 1"}], schema(n="integer")))
    assert said in caught.value.message


def test_modules_in_sequence_are_one_pass_with_books_of_each(tmp_path: Path) -> None:
    first = module([{"kind": "filter", "where": "a > 10"}], schema(a="integer"))
    second = module([{"kind": "cast", "columns": {"a": "string"}}, {"kind": "limit", "rows": 3}], schema(a="integer"))
    work = job(tmp_path, TABLE, [ROWS[:50], ROWS[50:100]], []).model_copy(
        update={"modules": (first, second.model_copy(update={"name": "second", "pointer": "/modules/1"}))}
    )
    done = apply(work)
    assert [(book.module, book.step, book.rows_out) for book in done.books] == [
        ("m", 0, 89),
        ("second", 0, 89),
        ("second", 1, 3),
    ]
    assert read(work, done.parts, done.table_schema) == [("11",), ("12",), ("13",)]


def test_a_job_reads_only_the_columns_that_matter(tmp_path: Path) -> None:
    work = job(tmp_path, TABLE, [ROWS], [{"kind": "select", "columns": ["a"]}])
    done = apply(work)
    assert [row[0] for row in read(work, done.parts, done.table_schema)] == [row[0] for row in ROWS]


@pytest.mark.parametrize("ends", [(2**63 - 1,), (-(2**63),), (2**63 - 1, -(2**63), 2**62 + 1)])
def test_a_mean_is_exact_where_the_sum_is_beyond_64_bits(ends: tuple[int, ...]) -> None:
    values = [ends[at % len(ends)] - at % 7 * (1 if ends[at % len(ends)] > 0 else -1) for at in range(1_000)]
    measure = {"kind": "aggregate", "keys": [], "measures": [{"function": "mean", "column": "n", "name": "mean"}]}
    _, found = run(schema(n="integer"), [(value,) for value in [*values, None]], measure, parts=3)
    assert found == [(float(sum(values)) / len(values),)]
