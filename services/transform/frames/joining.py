"""Frames about texts that are split and columns that are joined."""

import re
from collections.abc import Sequence
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import (
    Cast,
    Derivation,
    Derive,
    Drop,
    Explode,
    JoinColumns,
    Split,
    Step,
    Text,
    Trim,
)
from services.transform.frames.base import Answer, Frames, act, fresh
from services.transform.frames.deriving import checked_name
from services.transform.frames.letters import _TEXT
from services.transform.planner.arithmetic import as_text
from services.transform.planner.reading import NUMERIC, Reader, quoted, slot, text
from services.transform.planner.view import ask
from services.transform.planner.words import key

frames = Frames("joining")
frame = frames.frame


# -- splitting and joining
@frame("split")
def split(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A text split into columns."""
    column, names = env["c"], tuple(env["n"])
    if reader.column(column).type is not _TEXT or len(names) < 2:
        return None
    separator = env.get("s")
    if separator is None:
        separator = _common_separator(reader, column, len(names))
        if separator is None:
            raise ask(
                "ambiguous",
                f"At which character is '{column}' to be split?",
                ["a space", "a comma", "a dash", "a slash"],
            )
    for name in names:
        if name != column:
            checked_name(reader, name)
    keep = env.get("r") != "drop" and column not in names
    step = (
        Split(column=column, separator=separator, into=names, keep=keep)
        if column not in names
        else Split(column=column, separator=separator, into=names)
    )
    tidy = tuple(name for name in names)
    padded = (
        any(f"{separator} " in value or f" {separator}" in value for value in reader.column(column).values)
        and separator.strip() != ""
    )
    cleaning_step = (Text(columns=tidy, operations=(Trim(kind="trim"),)),) if padded else ()
    return act(step, *cleaning_step, made=names, used=(column,))


@slot("KeepOrDrop")
def keep_or_drop(reader: Reader, at: int) -> Any:
    """Whether the source stays."""
    it = "(it|<c:Cols>|original|original column|original columns|originals|source column|source columns|them|source|old column|old ones|old columns|those three|those two|both|the two|the three|two|three|those|these)"
    for end, _, cost in reader.match(
        f"[,|;|LP|.|-|and] [and|but] (keep|keeping|leave|leaving|retain|retaining) {it} [as it is|as is|as they are|too|in place|as well|alone|in table|where they are] [RP]",
        at,
    ):
        yield end, "keep", cost
    for end, _, cost in reader.match(
        f"[,|;|LP|.|-|and] [and|then|but] [then] (remove|removing|drop|dropping|delete|deleting|get rid of|lose|discard|discarding|replacing|throw away|without) {it} [afterwards|then|column|columns|after that] [RP]",
        at,
    ):
        yield end, "drop", cost


def _common_separator(reader: Reader, column: str, count: int) -> str | None:
    """The one sign that stands count-1 times in every value."""
    values = [value for value in reader.column(column).values if value.strip()]
    found = [
        sign
        for sign in (", ", "; ", " - ", "/", "|", ";", ",", "-", "_", ":", "@", " ", ".")
        if values and all(value.count(sign) == count - 1 for value in values)
    ]
    signs = {one.strip() or " " for one in found}
    return found[0] if len(signs) == 1 or (len(signs) == 2 and " " in signs and len(found[0]) > 1) else None


@frame("split into rows")
def explode(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A list in a text becomes rows."""
    column = env["c"]
    if reader.column(column).type is not _TEXT:
        return None
    separator = env.get("s")
    if separator is None:
        found = [sign for sign in (";", "|", ",", "/") if any(sign in value for value in reader.column(column).values)]
        if len(found) != 1:
            raise ask(
                "ambiguous", f"What stands between the values in '{column}'?", ["a comma", "a semicolon", "a slash"]
            )
        separator = found[0]
    return act(
        Explode(column=column, separator=separator),
        Text(columns=(column,), operations=(Trim(kind="trim"),)),
        touched=(column,),
    )


@frame("join columns")
def join(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns joined into one text."""
    low = {reader.low(step) for step in range(start, end)}
    template = env.get("t")
    columns = tuple(env.get("c", ()))
    name = env.get("n")
    steps: list[Step]
    if template is not None:
        pieces, used = template
        if columns and set(columns) != set(used):
            return None
        if name is None:
            name = fresh(reader, "_".join(key(one) for one in used))
        if name not in used:
            checked_name(reader, name)
        expression = " || ".join(as_text(reader, one) if is_column else text(one) for is_column, one in pieces)
        steps = [Derive(columns=(Derivation(column=name, expression=expression),))]
        columns = used
    else:
        if len(columns) < 2:
            return None
        if low & {"add", "sum"} and "s" not in env:
            return None
        if (
            reader.low(start) in ("put", "bring")
            and "together" not in low
            and "s" not in env
            and not low & {"into", "one"}
        ):
            return None
        dated = _as_date(reader, columns)
        if "s" not in env and dated is not None:
            expression, default = dated, "date"
            name = name or default
            steps = [Derive(columns=(Derivation(column=checked_name(reader, name, columns), expression=expression),))]
            if env.get("ds") not in (None, "%Y-%m-%d"):
                steps.append(Cast(columns={name: _TEXT}, format=env["ds"]))
        elif "ds" in env:
            return None
        else:
            if "s" not in env and not low & {"nothing", "no", "without"}:
                raise ask(
                    "ambiguous",
                    f"What is to stand between {' and '.join(columns)}?",
                    ["a space", "a comma", "a dash", "nothing"],
                )
            if name is None:
                name = fresh(reader, "_".join(key(one) for one in columns))
            separator = env.get("s", "")
            steps = [
                JoinColumns(
                    columns=columns, column=checked_name(reader, name, columns), separator=separator, skip_null=True
                )
            ]
            if any(reader.column(one).nulls for one in columns):
                expression = (
                    f" || {text(separator)} || ".join(as_text(reader, one) for one in columns)
                    if separator
                    else " || ".join(as_text(reader, one) for one in columns)
                )
                steps = [Derive(columns=(Derivation(column=name, expression=expression),))]
    if env.get("r") == "drop":
        gone = tuple(one for one in columns if one != name)
        steps.append(Drop(columns=gone))
    return act(*steps, made=(name,), used=columns)


def _as_date(reader: Reader, columns: Sequence[str]) -> str | None:
    """A date of its parts: year, month and day in numbers."""
    found: dict[str, str] = {}
    for name in columns:
        for part in ("year", "month", "day"):
            if part in key(name) or (part == "year" and key(name) == "yr"):
                found.setdefault(part, name)
    if (
        len(columns) != 3
        or len(set(found.values())) != 3
        or any(reader.column(one).type is not LogicalType.INTEGER for one in columns)
    ):
        return None
    return f"MAKE_DATE({', '.join(quoted(found[part]) for part in ('year', 'month', 'day'))})"


@slot("Template")
def template(reader: Reader, at: int) -> Any:
    """A quoted text that holds names of columns, or an example of values: its pieces and its columns."""
    if at >= len(reader.tokens):
        return
    if reader.tokens[at].kind == "quoted":
        found = _by_names(reader, reader.tokens[at].text) or _by_example(reader, reader.tokens[at].text)
        if found is not None:
            yield at + 1, found, 0.0


Pieces = tuple[tuple[bool, str], ...]


def _by_names(reader: Reader, said: str) -> tuple[Pieces, tuple[str, ...]] | None:
    names = sorted(reader.view.names, key=len, reverse=True)
    options = "|".join(
        rf"\{{{re.escape(name)}\}}|<{re.escape(name)}>|\[{re.escape(name)}\]|(?<![^\W_]){re.escape(name)}(?![^\W_])"
        for name in names
    )
    pieces: list[tuple[bool, str]] = []
    used: list[str] = []
    last = 0
    for match in re.finditer(options, said, re.I):
        bare = match.group().strip("{}<>[]")
        name = next((one for one in names if one == bare), None) or next(
            one for one in names if one.casefold() == bare.casefold()
        )
        if match.start() > last:
            pieces.append((False, said[last : match.start()]))
        pieces.append((True, name))
        used.append(name)
        last = match.end()
    if last < len(said):
        pieces.append((False, said[last:]))
    if len(used) < 2 or any(not is_column and re.search(r"[^\W_]{3,}", one) for is_column, one in pieces):
        return None
    return tuple(pieces), tuple(dict.fromkeys(used))


def _by_example(reader: Reader, said: str) -> tuple[Pieces, tuple[str, ...]] | None:
    """The columns whose values make up an example, and what stands between them."""
    spans: list[tuple[int, int, str]] = []
    for column in reader.view.columns:
        if column.type not in (_TEXT, *NUMERIC):
            continue
        for value in column.values:
            if len(value) < 1 or value not in said:
                continue
            for match in re.finditer(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", said):
                spans.append((match.start(), match.end(), column.name))
    best: list[tuple[int, int, str]] = []
    at = 0
    for begin, end, name in sorted(spans, key=lambda one: (one[0], -one[1])):
        if begin >= at and name not in [one[2] for one in best]:
            rivals = {other for first, last, other in spans if (first, last) == (begin, end)}
            if len(rivals) > 1:
                return None
            best.append((begin, end, name))
            at = end
    if len(best) < 2:
        return None
    pieces: list[tuple[bool, str]] = []
    last_end = 0
    for begin, end, name in best:
        if begin > last_end:
            pieces.append((False, said[last_end:begin]))
        pieces.append((True, name))
        last_end = end
    if last_end < len(said):
        pieces.append((False, said[last_end:]))
    if any(not is_column and re.search(r"[^\W_]{2,}", one) for is_column, one in pieces):
        return None
    return tuple(pieces), tuple(name for _, _, name in best)
