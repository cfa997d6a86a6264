"""Recipes through the real worker in real children: same answer as in this process, and limits that hold."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.adaptation import PastInput
from contracts.commands.command import RunScope
from contracts.commands.transform import ProveInput, ProveResult
from contracts.data import DatasetRef, Schema
from contracts.differences import DifferenceRows
from contracts.recipe import DatasetInput, Recipe, Steps
from contracts.runs import ErrorType
from contracts.workflow import ModuleVersionRef, ResolvedModule
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits
from services.chassis.storage import Storage
from services.transform.computing import Computing
from services.transform.errors import DatasetUnreadable, MemoryExceeded, RecipeInvalid, TimeExceeded, TransformError
from services.transform.jobs import JobModule
from services.transform.proving.proving import Progress, Proving
from tests.unit.transform.evaluating import frame, schema

TABLE = schema(a="integer", s="string", v="float")
ROWS = [(n, f"row {n}" if n % 9 else None, n / 8) for n in range(5_000)]
TENANT = UUID("00000000-0000-7000-8000-000000000001")


class Stored:
    """Where a folder store lies."""

    storage_s3_endpoint = None

    def __init__(self, folder: Path) -> None:
        self.storage = f"file://{folder}"


class Bench:
    """A store with a dataset, and the computing over it."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.objects = folder / "objects"
        self.storage = Storage(Stored(self.objects))
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.computing = Computing(self.storage, sandbox, self.scratch)

    def dataset(self, table: Schema = TABLE, rows: Sequence[Sequence[Any]] = ROWS) -> DatasetRef:
        with self.storage.writer(TENANT, table, part_rows=2_048) as writer:
            writer.write(frame(table, rows))
            return writer.finish()

    def rows(self, ref: DatasetRef) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for batch in self.storage.batches(ref) for row in batch.to_pylist()]

    async def apply(
        self, dataset: DatasetRef, *steps: dict[str, Any], seconds: float = 60, beside: DatasetRef | None = None
    ) -> Any:
        inputs = {}
        if beside is not None:
            inputs["other"] = DatasetInput(dataset=beside.id, table_schema=beside.table_schema)
        recipe = Recipe(steps=Steps.validate_python(list(steps)), inputs=inputs)
        return await self.computing.apply(TENANT, dataset, [JobModule(name="m", recipe=recipe)], seconds)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    made = Sandbox(Limits(memory_mb=1024, file_mb=64), work="services.transform.worker")
    yield made
    asyncio.run(made.close())


@pytest.fixture
async def bench(tmp_path: Path, shared: Sandbox) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, shared)
    yield made
    assert list(made.scratch.iterdir()) == [], "a job left its folder behind"


STEPS: list[dict[str, Any]] = [
    {"kind": "drop_null", "columns": ["s"]},
    {"kind": "derive", "columns": [{"column": "n", "expression": "CAST(SPLIT_PART(s, ' ', 2) AS INTEGER) * 2"}]},
    {"kind": "filter", "where": "n % 5 <> 0"},
    {"kind": "cast", "columns": {"v": "integer"}, "on_failure": "quarantine"},
]


async def test_a_dataset_becomes_another_with_its_books_and_what_was_set_aside(bench: Bench) -> None:
    result = await bench.apply(bench.dataset(), *STEPS)
    kept = [n for n in range(5_000) if n % 9 and (2 * n) % 5]
    whole = [n for n in kept if n % 8 == 0]
    assert bench.rows(result.dataset) == [(n, f"row {n}", n // 8, 2 * n) for n in whole]
    assert [(book.kind, book.rows_in, book.rows_out) for book in result.books] == [
        ("drop_null", 5_000, 5_000 - 556),
        ("derive", 4_444, 4_444),
        ("filter", 4_444, len(kept)),
        ("cast", len(kept), len(whole)),
    ]
    assert result.quarantined.dataset.rows == len(kept) - len(whole)
    first = bench.rows(result.quarantined.dataset)[0]
    assert first == (2, "not an integer", "v", "0.125", '{"a":"1","s":"row 1","v":"0.125","n":"2"}')
    assert result.quarantined.sample == "row 2, column 'v': '0.125' is not an integer"


async def test_the_same_twice_is_the_same_dataset(bench: Bench) -> None:
    dataset = bench.dataset()
    first, second = await asyncio.gather(bench.apply(dataset, *STEPS), bench.apply(dataset, *STEPS))
    assert first == second
    empty = await bench.apply(dataset, {"kind": "limit", "rows": 0})
    assert (empty.dataset.rows, bench.rows(empty.dataset)) == (0, [])
    assert (await bench.apply(empty.dataset, {"kind": "sort", "by": [{"column": "a"}]})).dataset.rows == 0


async def test_versions_are_compared_while_others_write_the_very_rows_they_read(bench: Bench) -> None:
    dataset, over = bench.dataset(), asyncio.Event()

    async def write() -> None:
        while not over.is_set():
            assert await asyncio.to_thread(bench.dataset) == dataset

    def module(name: str, *steps: dict[str, Any]) -> JobModule:
        return JobModule(name=name, recipe=Recipe(steps=Steps.validate_python(list(steps))))

    left = module("left", {"kind": "sort", "by": [{"column": "a"}]})
    right = module("right", {"kind": "sort", "by": [{"column": "a", "descending": True}]})
    writing = asyncio.create_task(write())
    try:
        for _ in range(5):
            found = await bench.computing.differ(TENANT, dataset, [left], [right], ("a",), 60)
            assert found.difference.left_rows == 5_000
        fewer = module("fewer", {"kind": "limit", "rows": 10})
        found = await bench.computing.differ(TENANT, dataset, [left], [left, fewer], ("a",), 60)
        assert (found.difference.equal, found.difference.only_left) == (10, 4_990)
    finally:
        over.set()
        await writing


async def test_a_candidate_is_tried_on_the_past_and_on_what_came(bench: Bench) -> None:
    past = bench.dataset()
    new = schema(a="integer", text="string", v="float")
    came = bench.dataset(new, [(n, "", 0.5) for n in range(10)])
    dropping = {"kind": "drop_null", "columns": ["s"]}

    def recipe(*steps: dict[str, Any]) -> Recipe:
        return Recipe(steps=Steps.validate_python(list(steps)))

    def version(number: int, input: Schema, *steps: dict[str, Any]) -> ResolvedModule:
        ref = ModuleVersionRef(module_id="m", name="m", version=number, content_hash=str(number))
        return ResolvedModule(ref=ref, recipe=recipe(*steps), input_contract=input, output_contract=TABLE)

    prelude = {"kind": "rename", "columns": {"text": "s"}}
    wrong = {"kind": "derive", "columns": [{"column": "v", "expression": "v * 2"}]}

    async def proved(*adapting: dict[str, Any], most: int = 1 << 30) -> ProveResult:
        asked = ProveInput(
            scope=RunScope(tenant=TENANT, run_id=TENANT, workflow_id=TENANT, workflow="w"),
            base=version(1, TABLE, dropping),
            candidate=version(0, new, *adapting, dropping),
            prelude=recipe(*adapting),
            inverse=recipe({"kind": "rename", "columns": {"s": "text"}}),
            past=(PastInput(run_id=TENANT, dataset=past, at="2026-01-01T00:00:00Z"),),
            incoming=came,
            keys=("a",),
        )
        progress = Progress(of=2)
        found = await Proving(bench.computing, 60, most).prove(asked, progress)
        assert progress.inputs == 2
        assert await Proving(bench.computing, 60, most).prove(asked, progress) == found
        return found

    (replay,) = (found := await proved(prelude)).replays
    assert (replay.difference.same, replay.difference.equal, replay.input) == (True, 4_444, past)
    assert (found.incoming.rows_out, found.incoming.lost_values, replay.rows) == (10, {}, DifferenceRows())
    (replay,) = (await proved(prelude, wrong)).replays
    assert (replay.difference.changed, replay.difference.equal) == (4_444, 0)
    assert replay.rows.changed is not None
    assert [row[5:] for row in bench.rows(replay.rows.changed)][:2] == [(0.125, 0.25), (0.25, 0.5)]
    (replay,) = (await proved(prelude, most=1)).replays
    assert (replay.before.rows_in, replay.after.rows_in, replay.difference.same) == (2_048, 2_048, True)
    assert 0 < replay.before.share < 1


async def test_moments_are_profiled_where_no_file_of_zones_can_be_read(bench: Bench) -> None:
    moments = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 29)]
    dataset = bench.dataset(schema(at="timestamp_tz"), [(moment,) for moment in moments])
    (column,) = (await bench.computing.profile(TENANT, dataset, 60)).columns
    assert (column.minimum, column.maximum) == ("2026-01-01 00:00:00+00:00", "2026-01-28 00:00:00+00:00")


async def test_a_profile_is_made_in_a_child(bench: Bench) -> None:
    found = await bench.computing.profile(TENANT, bench.dataset(), 60)
    assert (found.rows, [column.nulls for column in found.columns]) == (5_000, [0, 556, 0])


async def test_a_recipe_that_is_wrong_comes_back_with_all_its_pointers(bench: Bench) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        await bench.apply(bench.dataset(), {"kind": "select", "columns": ["a", "x", "y"]})
    assert [problem.pointer for problem in caught.value.problems] == ["/steps/0/columns/1", "/steps/0/columns/2"]
    checked = await bench.computing.check(Recipe(steps=Steps.validate_python(STEPS)), TABLE)
    assert (checked.table_schema.names, checked.needed.names) == (("a", "s", "v", "n"), ("a", "s", "v"))


async def test_a_value_that_is_refused_is_told_with_module_and_step(bench: Bench) -> None:
    with pytest.raises(TransformError) as caught:
        await bench.apply(bench.dataset(), {"kind": "limit", "rows": 9}, {"kind": "cast", "columns": {"s": "date"}})
    assert caught.value.type is ErrorType.EXPRESSION_FAILED
    assert caught.value.message == "Module m, step 2 (cast): 'row 1' is not a date."


async def test_text_that_doubles_without_end_meets_the_limit_of_memory(bench: Bench) -> None:
    doubling = [{"column": "s", "expression": "s || s"} for _ in range(40)]
    with pytest.raises(MemoryExceeded, match="more than 1024 MB"):
        await bench.apply(bench.dataset(), {"kind": "derive", "columns": doubling})
    assert (await bench.apply(bench.dataset(), {"kind": "limit", "rows": 1})).dataset.rows == 1


async def test_a_result_that_is_too_large_meets_the_limit_of_its_file(bench: Bench) -> None:
    # Numbers that do not compress, in one file: a sort writes one part of up to 500,000 rows.
    rows = [(n, None, float(hash((n, "x")))) for n in range(200_000)]
    wide = [{"column": f"c{n}", "expression": f"SQRT(ABS(v + a * {n}.5))"} for n in range(60)]
    with pytest.raises(TransformError) as caught:
        await bench.apply(
            bench.dataset(rows=rows), {"kind": "derive", "columns": wide}, {"kind": "sort", "by": [{"column": "a"}]}
        )
    assert caught.value.message == "The result is too large to be written."


async def test_a_deadline_ends_a_recipe(bench: Bench) -> None:
    rows = [(n, "x" * 100, 0.5) for n in range(100_000)]
    dataset = bench.dataset(rows=rows)
    heavy = [{"column": f"c{n}", "expression": "REGEXP_REPLACE(s, '(x+x+)+y', 'z', 'g')"} for n in range(100)]
    with pytest.raises(TimeExceeded):
        await bench.apply(dataset, {"kind": "derive", "columns": heavy}, seconds=0.5)


JOIN: dict[str, Any] = {"kind": "join", "with": "other", "on": [{"left": "s", "right": "s"}], "columns": ["label"]}


async def test_another_dataset_is_joined_inside_the_walls(bench: Bench) -> None:
    labels = [(f"row {n}", f"label {n}") for n in range(0, 5_000, 10)] + [("row 1", "one"), ("row 1", "eins")]
    other = bench.dataset(schema(s="string", label="string"), labels)
    result = await bench.apply(bench.dataset(), JOIN, beside=other)
    expected = [(row, label) for row in ROWS for key, label in labels if row[1] == key]
    assert sorted(bench.rows(result.dataset)) == sorted((*row, label) for row, label in expected)
    (book,) = result.books
    assert (book.rows_in, book.filtered, book.added, book.rows_out) == (
        5_000,
        5_000 - len(expected) + 1,
        1,
        len(expected),
    )


async def test_a_dataset_that_is_not_there_or_another_ones_is_no_input(bench: Bench) -> None:
    mine, labels = bench.dataset(), schema(s="string", label="string")
    with bench.storage.writer(UUID("00000000-0000-7000-8000-000000000002"), labels) as writer:
        writer.write(frame(labels, [("row 1", "secret")]))
        foreign = writer.finish()
    lost = foreign.model_copy(update={"id": "0" * 64})
    for other in (foreign, lost):
        with pytest.raises(RecipeInvalid) as caught:
            await bench.apply(mine, JOIN, beside=other)
        (problem,) = caught.value.problems
        assert (problem.pointer, problem.code) == ("/inputs/other/dataset", "dataset_unknown")
    with pytest.raises(RecipeInvalid) as caught:
        await bench.apply(mine, JOIN, beside=mine.model_copy(update={"table_schema": labels}))
    assert caught.value.problems[0].code == "wrong_columns"


async def test_a_part_that_was_changed_on_disk_is_refused(bench: Bench) -> None:
    dataset = bench.dataset()
    part = next(path for path in bench.objects.rglob("*.parquet"))
    part.chmod(0o644)
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(DatasetUnreadable):
        await bench.apply(dataset, {"kind": "limit", "rows": 1})


async def test_names_and_texts_of_every_script_survive(bench: Bench) -> None:
    table = schema(**{"*": "string", "größe ✈": "integer", '"; DROP TABLE x;--': "float"})
    rows = [("漢字\n\t😀", 1, None), (None, None, 0.5), ("", 2, -0.0)]
    result = await bench.apply(
        bench.dataset(table, rows),
        {"kind": "derive", "columns": [{"column": "^.*$", "expression": '"größe ✈" + 1'}]},
        {"kind": "rename", "columns": {"*": "a/b~c"}},
    )
    assert result.dataset.table_schema.names == ("a/b~c", "größe ✈", '"; DROP TABLE x;--', "^.*$")
    assert bench.rows(result.dataset) == [(*rows[0], 2), (*rows[1], None), (*rows[2], 3)]
