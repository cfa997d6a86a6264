"""A light look at a draft: does each step name columns that are there when it runs, as far as that can be told here?

Expressions are not read here: the service that runs them has their parser, and is asked about every draft that comes
by HTTP; a session's draft was made by it.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from contracts.commands.connector import Problem
from contracts.data import Schema
from contracts.recipe import (
    Cast,
    Deduplicate,
    Derive,
    Drop,
    DropNull,
    FillNull,
    Filter,
    Limit,
    Recipe,
    Rename,
    Replace,
    ReplaceText,
    Round,
    Sample,
    Select,
    Sort,
    Step,
    Text,
)
from contracts.workflow import ModuleDraft

MAX_PROBLEMS = 50
# They change values and rows, and leave the columns as they are.
_KEEPING = (Filter, Cast, FillNull, DropNull, Deduplicate, Sort, Limit, Sample, Replace, ReplaceText, Text, Round)


def check(recipe: Recipe, input_contract: Schema) -> list[Problem]:
    """What is wrong with the column names of a recipe, as JSON pointers into the draft."""
    columns = set(input_contract.names)
    problems: list[Problem] = []
    for index, step in enumerate(recipe.steps):
        where = f"/recipe/steps/{index}"
        for pointer, name in _mentions(step):
            if name not in columns:
                message = f"step {index + 1} ({step.kind}) names {name[:200]!r}, which is not there" + _meant(
                    name, columns
                )
                problems.append(Problem(pointer=where + pointer, code="column_unknown", message=message))
        if isinstance(step, Rename):
            problems += _collisions(step, columns, where)
        after = _after(step, columns)
        if after is None or len(problems) >= MAX_PROBLEMS:
            break
        columns = after
    return problems[:MAX_PROBLEMS]


def _mentions(step: Step) -> Iterable[tuple[str, str]]:
    if isinstance(step, Select | Drop | FillNull | DropNull):
        yield from ((f"/columns/{i}", name) for i, name in enumerate(step.columns))
    elif isinstance(step, Deduplicate):
        yield from ((f"/keys/{i}", name) for i, name in enumerate(step.keys))
    elif isinstance(step, Sort):
        yield from ((f"/by/{i}/column", key.column) for i, key in enumerate(step.by))
    elif isinstance(step, Replace):
        yield "/column", step.column
    elif isinstance(step, Rename | Cast):
        yield from ((f"/columns/{_escape(name)}", name) for name in step.columns)


def _meant(name: str, columns: set[str]) -> str:
    known = sorted(columns)[:2_000]
    near = get_close_matches(name[:200], known, n=1, cutoff=0.6) or [c for c in known if c.lower() == name.lower()][:1]
    return f"; did you mean {near[0]!r}?" if near else ""


def _collisions(step: Rename, columns: set[str], where: str) -> Iterable[Problem]:
    staying = columns - set(step.columns)
    seen: set[str] = set()
    for old, new in step.columns.items():
        if new in staying or new in seen:
            message = "the new name is another column's already"
            yield Problem(pointer=f"{where}/columns/{_escape(old)}", code="column_exists", message=message)
        seen.add(new)


def _after(step: Step, columns: set[str]) -> set[str] | None:
    """The columns behind a step; None where only the service that runs it can say."""
    if isinstance(step, Select):
        return set(step.columns)
    if isinstance(step, Drop):
        return columns - set(step.columns)
    if isinstance(step, Rename):
        return {step.columns.get(name, name) for name in columns}
    if isinstance(step, Derive):
        return columns | {derivation.column for derivation in step.columns}
    return columns if isinstance(step, _KEEPING) else None


def _escape(name: str) -> str:
    return name[:100].replace("~", "~0").replace("/", "~1")


def check_checks(draft: ModuleDraft) -> list[Problem]:
    """What is wrong with the columns that the contracts' checks name, as JSON pointers into the draft."""
    problems = []
    sides = (
        ("/input_checks", draft.input_checks, draft.input_contract),
        ("/output_checks", draft.output_checks, draft.output_contract),
    )
    for where, checks, contract in sides:
        columns, seen = set(contract.names), set()
        for index, one in enumerate(checks):
            place = f"{where}/{index}"
            for name in one.named:
                if name not in columns:
                    message = f"the contract has no column {name[:200]!r}" + _meant(name, columns)
                    problems.append(Problem(pointer=place, code="column_unknown", message=message))
            if one.identity in seen:
                message = f"there is another {one.kind} check of the same columns"
                problems.append(Problem(pointer=place, code="check_twice", message=message))
            seen.add(one.identity)
    return problems[:MAX_PROBLEMS]
