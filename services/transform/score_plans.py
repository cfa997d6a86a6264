"""Carries out a folder of instructions by the service's own planner and runner, and writes what came of each.

A case is a folder with `input.csv` (UTF-8, commas, a header; an empty cell is a null and nothing else is) and
`instruction.txt`; labels may stand beside them and are not read.
"""

import csv
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Recipe
from services.chassis.case_folders import told
from services.transform import runner
from services.transform.conversions import to_text
from services.transform.errors import TransformError
from services.transform.jobs import ApplyJob, JobModule
from services.transform.planner.looking import look
from services.transform.planner.planner import RulesPlanner
from services.transform.planner.view import Plan, Planner

_TYPES: tuple[tuple[LogicalType, re.Pattern[str], pl.DataType], ...] = (
    (LogicalType.BOOLEAN, re.compile(r"(?i:true|false)"), pl.Boolean()),
    (LogicalType.INTEGER, re.compile(r"[+-]?(0|[1-9]\d{0,17})"), pl.Int64()),
    (LogicalType.FLOAT, re.compile(r"[+-]?(0|[1-9]\d*|(?=\.))(\.\d*)?([eE][+-]?\d+)?"), pl.Float64()),
    (LogicalType.DATE, re.compile(r"\d{4}-\d\d-\d\d"), pl.Date()),
    (LogicalType.TIMESTAMP, re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?"), pl.Datetime("us")),
)


def read(path: Path) -> tuple[pl.DataFrame, Schema]:
    """A plain CSV file as a typed table."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [row for row in csv.reader(file) if row]
    header, body = lines[0], lines[1:]
    series, columns = [], []
    for at, name in enumerate(header):
        values = [row[at] if at < len(row) and row[at] != "" else None for row in body]
        type_, typed = _typed(name, values)
        columns.append(Column(name=name, type=type_))
        series.append(typed)
    return pl.DataFrame(series), Schema(columns=tuple(columns))


def _typed(name: str, values: list[str | None]) -> tuple[LogicalType, pl.Series]:
    known = [value for value in values if value is not None]
    texts = pl.Series(name, values, dtype=pl.String)
    for type_, pattern, dtype in _TYPES:
        if known and all(pattern.fullmatch(value) for value in known):
            try:
                if type_ is LogicalType.BOOLEAN:
                    return type_, texts.str.to_lowercase() == "true"
                if type_ is LogicalType.TIMESTAMP:
                    return type_, texts.str.replace(" ", "T").str.to_datetime(time_unit="us")
                return type_, texts.str.to_date() if type_ is LogicalType.DATE else texts.cast(dtype)
            except pl.exceptions.PolarsError:
                continue
    return LogicalType.STRING, texts


def carry_out(case: Path, out: Path, planner: Planner) -> dict[str, str] | None:
    """One case: a table in `out`, or what was asked or refused."""
    instruction = (case / "instruction.txt").read_text(encoding="utf-8").strip()
    with tempfile.TemporaryDirectory(prefix="plan-") as scratch:
        source = Path(scratch) / "input.parquet"
        frame, schema = read(case / "input.csv")
        frame.write_parquet(source)
        made = planner.plan(instruction, look([str(source)], schema))
        if not isinstance(made, Plan):
            return {"id": case.name, "kind": "question", "text": made.text}
        folder = Path(scratch) / "output"
        folder.mkdir()
        job = ApplyJob(
            inputs=(str(source),),
            table_schema=schema,
            modules=(JobModule(name="", recipe=Recipe(steps=made.steps)),),
            output=str(folder),
        )
        try:
            done = runner.apply(job)
        except TransformError as error:
            return {"id": case.name, "kind": "refusal", "text": error.message}
        parts = [pl.read_parquet(folder / part) for part in done.parts]
        _write(pl.concat(parts) if parts else None, done.table_schema, out / f"{case.name}.csv")
    return None


def _write(frame: pl.DataFrame | None, schema: Schema, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(schema.names)
        if frame is not None:
            frame.columns = [f"c{at}" for at in range(frame.width)]
            texts = frame.select(to_text(pl.col(f"c{at}"), column.type) for at, column in enumerate(schema.columns))
            writer.writerows(["" if value is None else value for value in row] for row in texts.iter_rows())


def run(cases: Path, out: Path, planner: Planner | None = None) -> tuple[int, int]:
    """All cases of a folder; how many there were, and how many were answered with a question or a refusal."""
    out.mkdir(parents=True, exist_ok=True)
    planner = planner or RulesPlanner()
    found = sorted(path for path in cases.iterdir() if _is_case(path))
    asked = [answer for case in found if (answer := carry_out(case, out, planner)) is not None]
    with (out / "answers.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in asked)
    return len(found), len(asked)


def _is_case(folder: Path) -> bool:
    return (folder / "instruction.txt").exists()


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m services.transform.score_plans CASES OUT`."""
    folder, out = told("score-plans", str(__doc__), arguments, _is_case, "an instruction.txt")
    cases, asked = run(folder, out)
    sys.stdout.write(f"{cases} cases: {cases - asked} tables, {asked} questions or refusals, in {out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
