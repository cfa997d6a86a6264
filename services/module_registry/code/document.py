"""From a text to a module's draft and back; what is wrong with it is said with line and column."""

import json
import re
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from contracts.commands.connector import Problem
from contracts.data import Schema
from contracts.module_code import ModuleCode, Side
from contracts.recipe import Recipe
from contracts.workflow import ModuleDraft
from services.module_registry.code.reading import CodeRefused, Path, Text, read
from services.module_registry.code.writing import write
from services.module_registry.levels import Contracts

MAX_PROBLEMS = 50
# A part of a draft, and where it stands in the text.
_PARTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("recipe",), ()),
    (("input_contract",), ("input",)),
    (("output_contract",), ("output",)),
    (("input_checks",), ("input", "checks")),
    (("output_checks",), ("output", "checks")),
)


def code_of(name: str, description: str, recipe: Recipe, contracts: Contracts) -> str:
    """A version as text."""
    parts = {field: getattr(recipe, field) for field in type(recipe).model_fields}
    code = ModuleCode(
        module=name,
        description=description,
        input=Side(columns=contracts.input.columns, checks=contracts.input_checks),
        output=Side(columns=contracts.output.columns, checks=contracts.output_checks),
        **parts,
    )
    return write(code)


def draft_of(source: str, name: str) -> tuple[ModuleDraft, Text, bool]:
    """The draft in a text, where its parts stand, and whether its output is to be derived; raises CodeRefused."""
    text = read(source)
    if not isinstance(text.document, dict):
        said = "The text is a mapping with `module`, `input` and `steps`."
        raise CodeRefused(Problem(pointer="", code="not_a_module", message=said, line=1, column=1))
    try:
        code = ModuleCode.model_validate_json(json.dumps(text.document), strict=True)
        draft = _draft(code)
    except ValidationError as error:
        raise CodeRefused(*(_wrong(text, dict(item)) for item in error.errors()[:MAX_PROBLEMS])) from None
    if code.module != name:
        said = f"This is the code of {code.module!r}, and it is to be saved as {name!r}."
        raise CodeRefused(_at(text, ("module",), Problem(pointer="/module", code="other_module", message=said)))
    return draft, text, code.output is None


def located(text: Text, problem: Problem) -> Problem:
    """A problem of a draft as one of the text that it was read from."""
    parts: Path = tuple(_unescape(part) for part in problem.pointer.split("/")[1:])
    for before, after in _PARTS:
        if parts[: len(before)] == before:
            parts = (*after, *parts[len(before) :])
            break
    path = _there(text, parts)
    return _at(text, path, problem.model_copy(update={"pointer": _pointer(path)}))


def renamed(source: str, name: str) -> str:
    """The same text, as the code of another module."""
    place = read(source).values[("module",)]
    return source[: place.start] + name + source[place.end :]


def _draft(code: ModuleCode) -> ModuleDraft:
    output = code.output or Side(columns=())
    return ModuleDraft(
        name=code.module,
        description=code.description,
        recipe=Recipe(**{field: getattr(code, field) for field in Recipe.model_fields}),
        input_contract=Schema(columns=code.input.columns),
        output_contract=Schema(columns=output.columns),
        input_checks=code.input.checks,
        output_checks=output.checks,
    )


def _wrong(text: Text, error: dict[str, Any]) -> Problem:
    path = _there(text, tuple(error["loc"]))
    missing, extra = error["type"] == "missing", error["type"] == "extra_forbidden"
    message = str(error["msg"]).removeprefix("Value error, ")
    if missing:
        message = f"{error['loc'][-1]!r} is missing here"
    elif error["type"] == "union_tag_invalid":
        path, message = (*path, "kind"), _no_kind(error.get("ctx") or {})
    elif extra:
        message = f"there is no field {str(path[-1] if path else '')!r} here"
    problem = Problem(pointer=_pointer(path), code=str(error["type"]), message=message[:500])
    return _at(text, path, problem, key=extra)


def _no_kind(said: dict[str, Any]) -> str:
    tag, known = str(said.get("tag", ""))[:100], re.findall(r"'([^']*)'", str(said.get("expected_tags", "")))
    near = get_close_matches(tag, known, n=1)
    return f"there is no kind {tag!r}" + (f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}")


def _there(text: Text, parts: Path) -> Path:
    """The path in the document: names of a union's branches stand in a location, but not in the text."""
    path: Path = ()
    for part in parts:
        for candidate in (part, int(part) if isinstance(part, str) and part.isdecimal() and len(part) < 9 else part):
            if (*path, candidate) in text.values:
                path = (*path, candidate)
                break
    return path


def _at(text: Text, path: Path, problem: Problem, *, key: bool = False) -> Problem:
    place = text.place(path, key=key)
    return problem.model_copy(update={"line": place.line, "column": place.column})


def _pointer(path: Path) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _unescape(part: str) -> str | int:
    return part.replace("~1", "/").replace("~0", "~")
