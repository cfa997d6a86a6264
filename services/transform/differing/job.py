"""What a child does to compare two versions: run both over the same rows, then say what differs."""

from pathlib import Path

from contracts.checks import UniqueCheck
from contracts.data import Schema
from services.transform import runner
from services.transform.differing.differ import Side, counted_schema, differ
from services.transform.differing.pairing import pairs
from services.transform.jobs import Applied, ApplyJob, Differed, DifferJob, JobModule, Part


def run(job: DifferJob) -> Differed:
    """The difference; raises TransformError."""
    folder = Path(job.output)
    left, right = _applied(job, job.left, folder / "left"), _applied(job, job.right, folder / "right")
    here, there = _side(folder / "left", left), _side(folder / "right", right)
    found, written = differ(here, there, folder, keys=job.keys, contract=_unique(job.left) + _unique(job.right))
    counted = counted_schema(pairs(here.schema, there.schema))
    return Differed(
        left=left,
        right=right,
        difference=found,
        only_left=_part(written.only_left, here.schema if found.keys else counted),
        only_right=_part(written.only_right, there.schema if found.keys else counted),
        changed=_part(written.changed, written.changed_schema),
    )


def _applied(job: DifferJob, module: JobModule, folder: Path) -> Applied:
    folder.mkdir()
    return runner.apply(
        ApplyJob(
            inputs=job.inputs,
            table_schema=job.table_schema,
            modules=(module,),
            output=str(folder),
            part_rows=job.part_rows,
            keys=job.secrets,
        ),
        passing=True,
    )


def _side(folder: Path, done: Applied) -> Side:
    return Side([folder / name for name in done.parts], done.table_schema, done.rows)


def _unique(module: JobModule) -> tuple[tuple[str, ...], ...]:
    return tuple(check.columns for check in module.output_checks if isinstance(check, UniqueCheck))


def _part(path: Path | None, schema: Schema) -> Part | None:
    return None if path is None else Part(file=path.name, table_schema=schema)
