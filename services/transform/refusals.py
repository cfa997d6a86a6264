"""What a job's failure is to somebody who called the API: never a 5xx for a recipe that was wrong."""

from contracts.commands.connector import Problem
from contracts.runs import ErrorType
from services.chassis.problems import ProblemError, conflict, invalid, unavailable
from services.transform.errors import RecipeInvalid, TransformError


def as_problem(error: TransformError) -> ProblemError:
    """The answer for a failure."""
    if isinstance(error, RecipeInvalid):
        return invalid(error.problems, "The steps cannot be applied.")
    if error.type in (ErrorType.ISOLATION_UNAVAILABLE, ErrorType.DESTINATION_FULL):
        return unavailable(error.message, retry_after=60)
    if error.type is ErrorType.DATASET_CORRUPT:
        return conflict(error.message, error.type.value)
    problem = Problem(pointer=error.pointer, code=error.type.value, message=error.message)
    return ProblemError(422, error.type.value, error.message, errors=[problem])
