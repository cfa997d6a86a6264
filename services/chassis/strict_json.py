"""JSON as the API reads it: no duplicate names, no NaN, no lone surrogates, no depth, no surprises in types."""

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from contracts.commands.connector import Problem
from services.chassis.problems import ProblemError, bad_request, invalid

MAX_DEPTH = 64
MAX_DIGITS = 400  # of a whole number; Python itself refuses only beyond 4,300
MAX_ERRORS = 50
_UNUSABLE = re.compile("[\ud800-\udfff\x00]")  # what UTF-8 and PostgreSQL cannot hold

# What these say by themselves repeats what was sent.
_MESSAGES = {
    "union_tag_invalid": "is none of the kinds there are: {expected_tags}",
    "uuid_parsing": "is not a UUID",
    "url_parsing": "is not a URL",
    "decimal_parsing": "is not a decimal number",
    "timezone_offset": "has the wrong time zone offset",
}


class _NumberTooLong(ValueError):
    """A whole number with more digits than anything here counts."""


def parse(raw: bytes) -> Any:
    """The document; raises ProblemError 400 for what is not JSON, 422 for values that nothing can hold."""
    try:
        document = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise bad_request("json_invalid", "The body is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except _NumberTooLong:
        raise invalid(
            [Problem(pointer="", code="number_too_long", message="holds a number that is too long")]
        ) from None
    except ProblemError:
        raise
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise bad_request("json_invalid", f"The body is not JSON{where}.") from None
    errors: list[Problem] = []
    _inspect(document, "", 1, errors)
    if errors:
        raise invalid(errors)
    return document


def validate(adapter: TypeAdapter[Any], raw: bytes) -> Any:
    """The document as its model. Types are strict, unknown names are refused, errors never hold what was sent."""
    document = parse(raw)
    try:
        # JSON mode, not the parsed document: strictness there knows that a UUID can only come as a string.
        return adapter.validate_json(raw, strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid(problems_of([item | {"loc": _placed(item, document)} for item in found[:MAX_ERRORS]])) from None


def _placed(item: Any, document: Any) -> tuple[int | str, ...]:
    """Where in the document the error is. Models of several shapes name the one they tried: no place of that name."""
    place: list[int | str] = []
    for at, part in enumerate(item["loc"]):
        absent = item["type"] == "missing" and at == len(item["loc"]) - 1
        inside = isinstance(document, dict) and part in document
        inside = inside or (isinstance(document, list) and isinstance(part, int) and part < len(document))
        if inside:
            document = document[part]
        elif not absent and part != "[key]":
            continue
        place.append(part)
    return tuple(place)


def problems_of(errors: Sequence[Any], strip: int = 0) -> list[Problem]:
    """Validation errors as pointers, codes and messages, without the values that caused them."""
    return [
        Problem(
            pointer="".join(f"/{_escape(str(part))}" for part in item["loc"][strip:]),
            code=str(item["type"]),
            message=_message(item),
        )
        for item in errors[:MAX_ERRORS]
    ]


def _message(item: Any) -> str:
    template = _MESSAGES.get(item["type"])
    if template is None:
        return str(item["msg"])[:300]
    context = item.get("ctx", {})
    return template.format(expected_tags=context.get("expected_tags", ""))


def _escape(part: str) -> str:
    part = _UNUSABLE.sub("\N{REPLACEMENT CHARACTER}", part[:100])
    return part.replace("~", "~0").replace("/", "~1")


def _inspect(value: Any, pointer: str, depth: int, errors: list[Problem]) -> None:
    if isinstance(value, str):
        if not value.isascii() or "\x00" in value:
            _inspect_text(value, pointer, errors)
    elif isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            errors.append(Problem(pointer=pointer, code="number_too_large", message="is beyond what a float holds"))
    elif isinstance(value, dict):
        if depth > MAX_DEPTH:
            raise _too_deep()
        for name, item in value.items():
            below = f"{pointer}/{_escape(name)}"
            _inspect_text(name, below, errors)
            _inspect(item, below, depth + 1, errors)
    elif isinstance(value, list):
        if depth > MAX_DEPTH:
            raise _too_deep()
        for index, item in enumerate(value):
            _inspect(item, f"{pointer}/{index}", depth + 1, errors)


def _inspect_text(text: str, pointer: str, errors: list[Problem]) -> None:
    if len(errors) < MAX_ERRORS and _UNUSABLE.search(text):
        message = "holds a lone surrogate or a NUL character"
        errors.append(Problem(pointer=pointer, code="invalid_unicode", message=message))


def _too_deep() -> ProblemError:
    return bad_request("json_too_deep", f"The body is nested more than {MAX_DEPTH} deep.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise bad_request("json_duplicate_name", "A name appears twice in one object.")
    return found


def _constant(name: str) -> NoReturn:
    raise bad_request("json_invalid", f"{name} is not JSON.")


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _NumberTooLong
    return int(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant, parse_int=_whole)
