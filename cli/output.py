"""What a command says: one JSON document or tables on stdout, narration on stderr."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from cli.errors import CliError

# What arrives from files and other systems must not steer the terminal.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
WHOLE = frozenset({"id", "entry", "run"})
WIDE = 200


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


def plain(value: object, longest: int | None = None) -> str:
    """A value as text that is safe to print: control characters are shown, not obeyed."""
    if value is None:
        text = ""
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    text = _STEERING.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return text


class Output:
    """Where a command's words go."""

    def __init__(self, form: Format = Format.TABLE) -> None:
        self.json = form is Format.JSON
        self.out = _console(sys.stdout)
        self.err = _console(sys.stderr)

    def say(self, text: str | Text) -> None:
        """Narration: what is going on, for a person."""
        self.err.print(text, soft_wrap=True)

    def done(self, text: str) -> None:
        """Narration: something is done."""
        self.say(Text.assemble(("✓ ", "green"), plain(text)))

    def warn(self, text: str) -> None:
        """Narration: something deserves a look."""
        self.say(Text.assemble(("! ", "yellow"), plain(text)))

    def document(self, value: object) -> None:
        """The result as one JSON document on stdout."""
        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        # A lone surrogate, legal in a path or a cell, cannot be written as UTF-8; JSON has an escape for it.
        sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")

    def show(self, document: object, *parts: RenderableType) -> None:
        """The result: as one JSON document, or as these parts one after the other."""
        if self.json:
            self.document(document)
            return
        for part in parts:
            self.out.print(part, soft_wrap=isinstance(part, str | Text))

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show that something takes a moment; nothing where nobody watches."""
        if self.err.is_terminal:
            with self.err.status(plain(text)):
                yield
        else:
            yield

    def failure(self, error: CliError) -> None:
        """A failure: what happened, where, and what to do."""
        if self.json:
            self.document(error.document())
        self.say(Text.assemble(("✗ ", "bold red"), plain(error.message)))
        for place in error.where:
            self.say(Text.assemble("  at ", (plain(place.pointer or "/"), "bold"), f": {plain(place.message)}"))
        if error.hint:
            self.say(Text.assemble(("→ ", "cyan"), plain(error.hint)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", longest: int = 60) -> Table:
    """A table of plain values."""
    made = Table(box=None, header_style="bold", title=title or None, title_justify="left", pad_edge=False)
    for column in columns:
        # An id that is broken in two cannot be copied.
        whole = column in WHOLE
        made.add_column(plain(column), overflow="fold", no_wrap=whole, min_width=36 if whole else None)
    for row in rows:
        made.add_row(*(value if isinstance(value, Text) else Text(plain(value, longest)) for value in row))
    return made


def facts(pairs: Mapping[str, object]) -> Text:
    """Names and values of one thing, a line each; the terminal breaks long ones, so that they can be copied whole."""
    shown = {plain(name): value for name, value in pairs.items() if value not in (None, "", [], {})}
    width = max(map(len, shown), default=0) + 2
    made = Text()
    for name, value in shown.items():
        made.append(name.ljust(width), style="bold")
        made.append_text(value if isinstance(value, Text) else Text(plain(value)))
        made.append("\n")
    made.rstrip()
    return made


def moment(text: object) -> str:
    """A time of the API as people read it, in UTC."""
    return "" if text is None else datetime.fromisoformat(str(text)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def age(text: object) -> str:
    """How long ago a time of the API is, in few letters."""
    return _lasting((datetime.now(UTC) - datetime.fromisoformat(str(text))).total_seconds())


def until(text: object) -> str:
    """How long it is until a time of the API."""
    seconds = (datetime.fromisoformat(str(text)) - datetime.now(UTC)).total_seconds()
    return f"in {_lasting(seconds)}" if seconds > 0 else "over"


def _lasting(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def picked(items: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """A table of some fields of objects, named like the fields."""
    return table(
        [column.removesuffix("_at").replace("_", " ") for column in columns],
        ([_picked(item, column) for column in columns] for item in items),
    )


def _picked(item: Mapping[str, Any], column: str) -> object:
    return moment(item.get(column)) if column.endswith("_at") else item.get(column)


def _console(file: TextIO) -> Console:
    # What is not read on a terminal, is read by a program or in a file: there is no edge to wrap at.
    width = None if file.isatty() else WIDE
    return Console(file=file, highlight=False, markup=False, emoji=False, width=width)


OUTCOME_STYLES = {
    "succeeded": "green",
    "committed": "green",
    "partial": "yellow",
    "quarantined": "yellow",
    "running": "cyan",
    "requested": "cyan",
    "failed": "bold red",
    "cancelled": "red",
}


def outcome(state: object) -> Text:
    """A state in its colour."""
    return Text(plain(state), style=OUTCOME_STYLES.get(str(state), ""))
