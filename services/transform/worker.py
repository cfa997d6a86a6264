"""What a child does with a job: run it, and put what went wrong into words."""

import errno
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from services.transform import runner, sampling
from services.transform.check import check_checks, check_output, stages
from services.transform.differing import job as differing
from services.transform.errors import (
    MemoryExceeded,
    NoRoom,
    OutOfReach,
    OutputTooLarge,
    RecipeInvalid,
    TransformError,
    ValueRefused,
)
from services.transform.explaining import explained, origins
from services.transform.jobs import JOBS, Checked, CheckJob, Done, Failed
from services.transform.needed import needed_columns
from services.transform.planner import planning
from services.transform.profiling.table import profile
from services.transform.proving import job as proving


def check(job: CheckJob) -> Checked:
    """What a recipe would do; raises RecipeInvalid."""
    checked = stages(job.recipe, job.table_schema, job.pointer)
    after = checked[-1].after if checked else job.table_schema
    if job.output_contract is not None:
        check_output(after, job.output_contract)
    check_checks(job.input_checks, job.table_schema, job.output_checks, job.output_contract or after)
    found = Checked(table_schema=after, needed=needed_columns(checked, job.table_schema))
    if not job.explain:
        return found
    inputs = {name: other.table_schema for name, other in job.recipe.inputs.items()}
    told = {"steps": explained(checked), "origins": origins(checked, job.table_schema, inputs)}
    return found.model_copy(update=told)


# Moments become Python's own with this zone, whose file lies outside the walls: it is read before they go up.
_UTC = ZoneInfo("UTC")

_RUN: dict[str, Callable[[Any], Done]] = {
    "apply": runner.apply,
    "check": check,
    "profile": profile,
    "sample": sampling.sample,
    "look": planning.look_at,
    "plan": planning.plan,
    "differ": differing.run,
    "replay": proving.run,
}


def handle(job: bytes) -> bytes:
    """The answer to a job, as JSON. Raises nothing: what goes wrong is an answer, too."""
    return answer(lambda: _run(job)).model_dump_json().encode()


def answer(run: Callable[[], Done]) -> Done | Failed:
    """What `run` returns, or why it does not."""
    try:
        return run()
    except BaseException as error:
        failed = _told(error)
        return Failed(
            type=failed.type,
            message=failed.message,
            pointer=failed.pointer,
            problems=failed.problems if isinstance(failed, RecipeInvalid) else (),
        )


def _run(job: bytes) -> Done:
    wanted = JOBS.validate_json(job)
    return _RUN[wanted.kind](wanted)


def _told(error: BaseException) -> TransformError:
    found: BaseException | None = error
    while found is not None:
        kind = _refused_by_the_system(found) if isinstance(found, OSError) else None
        if kind is None and (isinstance(found, MemoryError) or not isinstance(found, ValueRefused | RecipeInvalid)):
            kind = MemoryExceeded if isinstance(found, MemoryError) else _by_text(str(found))
        if kind is not None:
            return kind(_SAID[kind])
        found = found.__cause__ or found.__context__
    if isinstance(error, TransformError):
        return error
    return TransformError(f"The engine ended this step: {type(error).__name__}.")


def _refused_by_the_system(error: OSError) -> type[TransformError] | None:
    # The engine's errors are of Python's classes, but bear no number. No job has a store anywhere else.
    if isinstance(error, PermissionError) or any(sign in str(error) for sign in _BEYOND):
        return OutOfReach
    return _KINDS.get(error.errno or 0)


def _by_text(text: str) -> type[TransformError] | None:
    """The engine tells of the system's errors in its own words."""
    for sign, kind in _SIGNS.items():
        if sign in text:
            return kind
    return None


_BEYOND = ("(os error 1)", "(os error 13)", "object-store error")
_KINDS: dict[int, type[TransformError]] = {
    errno.ENOMEM: MemoryExceeded,
    errno.EFBIG: OutputTooLarge,
    errno.ENOSPC: NoRoom,
    errno.EDQUOT: NoRoom,
}
_SIGNS: dict[str, type[TransformError]] = {
    "(os error 12)": MemoryExceeded,
    "Cannot allocate memory": MemoryExceeded,
    "memory allocation of": MemoryExceeded,
    "(os error 27)": OutputTooLarge,
    "(os error 28)": NoRoom,
    "(os error 122)": NoRoom,
}
_SAID: dict[type[TransformError], str] = {
    MemoryExceeded: "It needs more memory than it may have.",
    OutputTooLarge: "The result is too large to be written.",
    NoRoom: "There is no room left for the result.",
    OutOfReach: "It reached for a file, a program or a network, and a step has nothing but the rows that it is given.",
}
