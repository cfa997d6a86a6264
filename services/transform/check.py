"""Would this recipe run on these columns? Answered for every step before the first row is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.checks import Check
from contracts.commands.connector import Problem
from contracts.data import Schema
from contracts.recipe import Recipe
from services.transform.errors import RecipeInvalid
from services.transform.expressions.analysis import unknown_column
from services.transform.expressions.tree import named
from services.transform.steps.catalog import KINDS
from services.transform.steps.conform import Conform, ConformKind, fits
from services.transform.steps.expect import Side, expected, judged, kind_of
from services.transform.steps.kind import Report, StepKind

_CONFORM = ConformKind()


@dataclass(frozen=True)
class Stage:
    """One step of a recipe that was checked: what goes in and what comes out."""

    pointer: str
    index: int
    step: Any
    kind: StepKind[Any]
    before: Schema
    after: Schema
    label: str


def check(recipe: Recipe, schema: Schema, prefix: str = "") -> Schema:
    """The schema of the recipe's output; raises RecipeInvalid with all that is wrong with its first bad step."""
    checked = stages(recipe, schema, prefix)
    return checked[-1].after if checked else schema


def stages(
    recipe: Recipe, schema: Schema, prefix: str = "", name: str = "", *, kinds: Mapping[str, StepKind[Any]] = KINDS
) -> list[Stage]:
    """The recipe's steps, each with its schemas; raises RecipeInvalid.

    `prefix` goes before each JSON pointer, the module's name before each message.
    """
    checked = []
    inputs = {name: other.table_schema for name, other in recipe.inputs.items()}
    for index, step in enumerate(recipe.steps):
        pointer = f"{prefix}/steps/{index}"
        kind = kinds[step.kind]
        report = Report(pointer, inputs=inputs)
        after = kind.output_schema(schema, step, report)
        if report.problems:
            raise RecipeInvalid(_said(report.problems, label(name, index, step.kind)))
        checked.append(Stage(pointer, index, step, kind, schema, after, label(name, index, step.kind)))
        schema = after
    return checked


def module_stages(
    recipe: Recipe,
    schema: Schema,
    *,
    prefix: str,
    name: str,
    input_contract: Schema | None,
    output_contract: Schema | None,
    input_checks: Sequence[Check] = (),
    output_checks: Sequence[Check] = (),
    kinds: Mapping[str, StepKind[Any]] = KINDS,
) -> list[Stage]:
    """A module's steps between its contracts, and the checks that a run looks at; raises RecipeInvalid.

    Columns that the contract does not know are left out before the first step, so that a file with one more column
    gives the same table as before. Only those that a step names all the same are kept.
    """
    looked = _looked("input", input_checks, input_contract or schema, prefix, name)
    if input_contract is not None:
        exact = _between(Conform(input_contract), schema, prefix, f"Module {name} does not get its input")
        try:
            checked = [exact, *_placed(looked, exact.after), *stages(recipe, exact.after, prefix, name, kinds=kinds)]
        except RecipeInvalid as error:
            beside = _named_beside(recipe, schema, input_contract, prefix)
            if not beside:
                raise error from None
            wide = _between(Conform(input_contract, beside), schema, prefix, f"Module {name} does not get its input")
            checked = [wide, *_placed(looked, wide.after), *stages(recipe, wide.after, prefix, name, kinds=kinds)]
    else:
        checked = [*_placed(looked, schema), *stages(recipe, schema, prefix, name, kinds=kinds)]
    after = checked[-1].after if checked else schema
    if output_contract is not None and _shape(after) != _shape(output_contract):
        checked.append(_between(Conform(output_contract), after, prefix, f"Module {name} does not give its output"))
        after = checked[-1].after
    return [*checked, *_placed(_looked("output", output_checks, output_contract or after, prefix, name), after)]


def check_checks(input_checks: Sequence[Check], input: Schema, output_checks: Sequence[Check], output: Schema) -> None:
    """Whether the checks of both contracts can be looked at; raises RecipeInvalid."""
    report = Report("")
    judged("input", input_checks, input, report)
    judged("output", output_checks, output, report)
    if report.problems:
        raise RecipeInvalid(report.problems)


def _looked(side: Side, checks: Sequence[Check], contract: Schema, prefix: str, name: str) -> Stage | None:
    report = Report(prefix)
    judged(side, checks, contract, report)
    what = f"Module {name}, {side} check"
    if report.problems:
        raise RecipeInvalid(_said(report.problems, what))
    step = expected(side, checks)
    if step is None:
        return None
    return Stage(f"{prefix}/{side}_checks", -1, step, kind_of(step), contract, contract, what)


def _placed(stage: Stage | None, schema: Schema) -> list[Stage]:
    return [] if stage is None else [replace(stage, before=schema, after=schema)]


def check_output(after: Schema, contract: Schema) -> None:
    """Compare what comes out with what was promised; raises RecipeInvalid.

    More may come out than was promised: it is left out. A promise that is not kept would be found by the first run.
    """
    problems = []
    for index, wanted in enumerate(contract.columns):
        place, found = f"/output_contract/columns/{index}", after.column(wanted.name)
        if found is None:
            error = unknown_column(wanted.name, list(after.names))
            message = f"The recipe does not give this column. {error.message}"
            problems.append(Problem(pointer=place, code="column_missing", message=message))
        elif not fits(found.type, wanted.type):
            message = f"Column {wanted.name!r} comes out as {named(found.type)}, and {named(wanted.type)} is promised."
            problems.append(Problem(pointer=place, code="wrong_type", message=message))
    if problems:
        raise RecipeInvalid(problems)


def _named_beside(recipe: Recipe, schema: Schema, contract: Schema, prefix: str) -> frozenset[str]:
    """The columns that the contract does not know and a step names."""
    beside = frozenset(schema.names) - frozenset(contract.names)
    wide = _between(Conform(contract, beside), schema, prefix, "")
    named: set[str] = set()
    try:
        for stage in stages(recipe, wide.after, prefix):
            named |= stage.kind.mentions(stage.before, stage.step)
    except RecipeInvalid:
        return frozenset()
    return beside & named


def label(name: str, index: int, kind: str) -> str:
    """What a step is called in a message."""
    return f"Module {name}, step {index + 1} ({kind})" if name else f"Step {index + 1} ({kind})"


def _between(step: Conform, schema: Schema, prefix: str, what: str) -> Stage:
    report = Report(prefix)
    after = _CONFORM.output_schema(schema, step, report)
    if report.problems:
        raise RecipeInvalid(_said(report.problems, what))
    return Stage(prefix, -1, step, _CONFORM, schema, after, what)


def _shape(schema: Schema) -> list[tuple[str, str]]:
    return [(column.name, column.type.value) for column in schema.columns]


def _said(problems: list[Problem], what: str) -> list[Problem]:
    """The problems with their place in front, so that a message can stand alone."""
    return [problem.model_copy(update={"message": f"{what}: {problem.message}"}) for problem in problems]
