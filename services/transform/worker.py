"""What a child does with a job: run it, and put what went wrong into words."""

import errno
from collections.abc import Callable
from typing import Any

from services.transform import profile, runner
from services.transform.check import stages
from services.transform.errors import (
    MemoryExceeded,
    OutputTooLarge,
    RecipeInvalid,
    TransformError,
)
from services.transform.jobs import JOBS, Checked, CheckJob, Done, Failed
from services.transform.needed import needed_columns


def check(job: CheckJob) -> Checked:
    """What a recipe would do; raises RecipeInvalid."""
    checked = stages(job.recipe, job.table_schema)
    after = checked[-1].after if checked else job.table_schema
    return Checked(table_schema=after, needed=needed_columns(checked, job.table_schema))


_RUN: dict[str, Callable[[Any], Done]] = {"apply": runner.apply, "check": check, "profile": profile.profile}


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
        if isinstance(found, MemoryError) or _number(found) == errno.ENOMEM:
            return MemoryExceeded("")
        if _number(found) in (errno.EFBIG, errno.ENOSPC, errno.EDQUOT):
            return OutputTooLarge("The result is too large to be written.")
        found = found.__cause__ or found.__context__
    if isinstance(error, TransformError):
        inner = str(error.message)
        return MemoryExceeded("") if _is_memory(inner) else error
    if _is_memory(str(error)):
        return MemoryExceeded("")
    return TransformError(f"The engine ended this step: {type(error).__name__}.")


def _number(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _is_memory(text: str) -> bool:
    lowered = text.lower()
    return any(
        sign in lowered for sign in ("cannot allocate memory", "out of memory", "memory allocation", "os error 12")
    )
