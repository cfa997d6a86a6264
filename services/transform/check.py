"""Would this recipe run on these columns? Answered for every step before the first row is read."""

from dataclasses import dataclass
from typing import Any

from contracts.activities import Problem
from contracts.data import Schema
from contracts.recipe import Recipe
from services.transform.errors import RecipeInvalid
from services.transform.steps.catalog import KINDS
from services.transform.steps.kind import Report, StepKind


@dataclass(frozen=True)
class Stage:
    """One step of a recipe that was checked: what goes in and what comes out."""

    pointer: str
    index: int
    step: Any
    kind: StepKind[Any]
    before: Schema
    after: Schema


def check(recipe: Recipe, schema: Schema, prefix: str = "") -> Schema:
    """The schema of the recipe's output; raises RecipeInvalid with all that is wrong with its first bad step."""
    checked = stages(recipe, schema, prefix)
    return checked[-1].after if checked else schema


def stages(recipe: Recipe, schema: Schema, prefix: str = "") -> list[Stage]:
    """The recipe's steps, each with its schemas; raises RecipeInvalid. `prefix` goes before each JSON pointer."""
    checked = []
    for index, step in enumerate(recipe.steps):
        pointer = f"{prefix}/steps/{index}"
        kind = KINDS[step.kind]
        report = Report(pointer)
        after = kind.output_schema(schema, step, report)
        if report.problems:
            raise RecipeInvalid(_named(report.problems, step.kind, index))
        checked.append(Stage(pointer, index, step, kind, schema, after))
        schema = after
    return checked


def _named(problems: list[Problem], kind: str, index: int) -> list[Problem]:
    """The problems with the step in front, so that a message can stand alone."""
    return [
        problem.model_copy(update={"message": f"Step {index + 1} ({kind}): {problem.message}"}) for problem in problems
    ]
