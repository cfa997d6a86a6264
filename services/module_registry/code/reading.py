"""Reads YAML that may be hostile, and remembers where everything stands.

Only what a person writes by hand is read: mappings, lists, texts, numbers, true, false, null. Tags, anchors, aliases
and a second document are refused, and so are depth and size beyond use. A plain word is what YAML 1.2 says it is: `no`
is a text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from contracts.commands.connector import Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000
_MAX_NUMBER = 100
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

Path = tuple[str | int, ...]


class CodeRefused(Exception):
    """The text cannot be used; each problem says where."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


@dataclass(frozen=True)
class Place:
    """Where something stands, from 1; `start` and `end` are offsets in the text."""

    line: int
    column: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Text:
    """A document that was read: its values, and the places of values and of keys."""

    document: Any
    values: dict[Path, Place]
    keys: dict[Path, Place]

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of the deepest part of a path that is there."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Place(1, 1))


@dataclass
class _Open:
    """A mapping or list whose end has not come yet."""

    path: Path
    value: dict[str, Any] | list[Any]
    key: str | None = None


@dataclass
class _Reader:
    text: str
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    document: Any = None
    documents: int = 0
    nodes: int = 0

    def read(self) -> Text:
        for event in self._events():
            self._take(event)
        if self.documents == 0:
            raise CodeRefused(Problem(pointer="", code="empty", message="The text is empty.", line=1, column=1))
        return Text(self.document, self.values, self.keys)

    def _events(self) -> Iterator[Any]:
        try:
            # Not the loader's own construction: it would follow aliases and nest without end.
            yield from yaml.parse(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = f"This is not YAML: {error.problem or error.context}."
            raise CodeRefused(_problem("yaml", said, mark)) from None
        except yaml.reader.ReaderError as error:
            before = self.text[: error.position]
            line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
            said = f"The text holds a character that YAML does not allow (U+{_code(error.character):04X})."
            raise CodeRefused(Problem(pointer="", code="yaml", message=said, line=line, column=column)) from None

    def _take(self, event: Any) -> None:
        mark = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise CodeRefused(_problem("several_documents", "The text holds a second document.", mark))
            return
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise CodeRefused(_problem("alias", "Anchors and aliases are not read here; write it out.", mark))
        if getattr(event, "tag", None) is not None:
            raise CodeRefused(_problem("tag", "Tags are not read here.", mark))
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], mark)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.stack.pop()

    def _scalar(self, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            path = (*top.path, event.value)
            if event.value in top.value:
                raise CodeRefused(_problem("key_twice", f"{event.value[:100]!r} stands here twice.", event.start_mark))
            top.key = event.value
            top.value[event.value] = None
            self.keys[path] = _place(event)
            return
        value = event.value if event.style is not None else plain(event.value, event.start_mark)
        self._put(value, event)

    def _begin(self, value: Any, mark: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise CodeRefused(_problem("too_deep", f"Nested more than {MAX_DEPTH} deep.", mark))
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise CodeRefused(_problem("key", "The name of a field is a text.", mark))
        self.stack.append(_Open(self._put(value, None, mark), value))

    def _put(self, value: Any, event: Any, mark: Any = None) -> Path:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise CodeRefused(_problem("too_large", f"More than {MAX_NODES:,} values.", mark or event.start_mark))
        path: Path = ()
        top = self.stack[-1] if self.stack else None
        if top is None:
            self.document = value
        elif isinstance(top.value, list):
            path = (*top.path, len(top.value))
            top.value.append(value)
        else:
            key = top.key or ""
            path = (*top.path, key)
            top.value[key] = value
            top.key = None
        self.values[path] = _place(event) if event is not None else Place(mark.line + 1, mark.column + 1, mark.index)
        return path


def read(text: str) -> Text:
    """The document in a text; raises CodeRefused."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        said = f"The text is larger than {MAX_BYTES // 1024} KB."
        raise CodeRefused(Problem(pointer="", code="too_large", message=said, line=1, column=1))
    return _Reader(text).read()


def plain(word: str, mark: Any = None) -> Any:
    """What a word without quotes is."""
    if word in _NULL:
        return None
    if word in _BOOLEAN:
        return _BOOLEAN[word]
    number = bool(_INTEGER.fullmatch(word) or _BASED.fullmatch(word) or _FLOAT.fullmatch(word))
    if _NO_NUMBER.fullmatch(word) or (number and len(word) > _MAX_NUMBER):
        raise CodeRefused(_problem("number", "This number is not read here; write it as a text if it is one.", mark))
    if _INTEGER.fullmatch(word):
        return int(word)
    if _BASED.fullmatch(word):
        return int(word, 0)
    if number:
        value = float(word)
        if value in (float("inf"), float("-inf")):
            raise CodeRefused(_problem("number", "This number is too large.", mark))
        return value
    return word


def is_text(word: str) -> bool:
    """Whether a word without quotes is read as the text that it is."""
    try:
        return isinstance(plain(word), str)
    except CodeRefused:
        return False


def _code(character: Any) -> int:
    return character if isinstance(character, int) else ord(character[:1])


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    return Place(start.line + 1, start.column + 1, start.index, end.index)


def _problem(code: str, message: str, mark: Any) -> Problem:
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    return Problem(pointer="", code=code, message=message, line=line, column=column)
