"""What a child does to compare two versions: run both over the same rows, then say what differs."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from contracts.checks import UniqueCheck
from contracts.data import Schema
from services.transform.differing.differ import Stored, counted_schema, differ
from services.transform.differing.pairing import pairs
from services.transform.jobs import Applied, ApplyJob, Differed, DifferJob, JobModule, Part
from services.transform.runner import Unwritten, apply


@dataclass(frozen=True)
class _Applied(Stored):
    """A version's rows in files."""

    applied: Applied


def run(job: DifferJob) -> Differed:
    """The difference; raises TransformError."""
    folder = Path(job.output)
    contract = _unique(job.left[-1]) + _unique(job.right[-1])
    # Whoever looks for a key looks often: then the rows are kept.
    often = job.keys is None and not contract
    left, right = (_side(job, getattr(job, name), folder / name, often=often) for name in ("left", "right"))
    with ExitStack() as heard:
        for side in (left, right):
            if isinstance(side, Unwritten):
                heard.enter_context(side.heard())
        found, written = differ(left, right, folder, keys=job.keys, contract=contract)
    counted = counted_schema(pairs(left.schema, right.schema))
    return Differed(
        left=left.applied,
        right=right.applied,
        difference=found,
        only_left=_part(written.only_left, left.schema if found.keys else counted),
        only_right=_part(written.only_right, right.schema if found.keys else counted),
        changed=_part(written.changed, written.changed_schema),
    )


def _side(job: DifferJob, modules: tuple[JobModule, ...], folder: Path, *, often: bool) -> Unwritten | _Applied:
    """A version's rows: made while they are compared where that is no more work, else before that."""
    folder.mkdir()
    apply_job = ApplyJob(
        inputs=job.inputs,
        table_schema=job.table_schema,
        modules=modules,
        output=str(folder),
        part_rows=job.part_rows,
        keys=job.secrets,
    )
    made = None if often else Unwritten.of(apply_job)
    if made is not None:
        return made
    done = apply(apply_job, passing=True)
    return _Applied([folder / name for name in done.parts], done.table_schema, done.rows, done)


def _unique(module: JobModule) -> tuple[tuple[str, ...], ...]:
    return tuple(check.columns for check in module.output_checks if isinstance(check, UniqueCheck))


def _part(path: Path | None, schema: Schema) -> Part | None:
    return None if path is None else Part(file=path.name, table_schema=schema)
