"""Files of which the oracle knows every row: what must arrive, and what must be accounted for instead."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

Row = tuple[int, str, int, int]  # id, name, amount, doubled: as it must stand in the destination

HEADER = "id,name,amount"
RENAMED = "id,full_name,amount"  # what a supplier makes of it one day
NAMES = ["Anna", "Bo", "Zoë", "O'Hara", '"Smith, ""J"" Jr."', "Łódź", "line", "NULL-ish"]
# What the files are read with, by a module of the registry.
MODULE: dict[str, Any] = {
    "name": "settle-amounts",
    "description": "Rows without an amount and repeated rows go, a column comes",
    "recipe": {
        "steps": [
            {"kind": "drop_null", "columns": ["amount"]},
            {"kind": "deduplicate", "keys": ["id"]},
            {"kind": "derive", "columns": [{"column": "doubled", "expression": "amount * 2"}]},
        ]
    },
    "input_contract": {
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "name", "type": "string"},
            {"name": "amount", "type": "integer"},
        ]
    },
    "output_contract": {
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "name", "type": "string"},
            {"name": "amount", "type": "integer"},
            {"name": "doubled", "type": "integer"},
        ]
    },
}


@dataclass
class Books:
    """What the arithmetic of some files must come to."""

    read: int = 0
    loaded: int = 0
    filtered: int = 0
    deduplicated: int = 0
    quarantined: int = 0
    combined: int = 0
    added: int = 0

    def __add__(self, other: "Books") -> "Books":
        return Books(*(mine + theirs for mine, theirs in zip(self.terms, other.terms, strict=True)))

    @property
    def terms(self) -> tuple[int, ...]:
        """The terms in the order in which books are written."""
        return (
            self.read,
            self.loaded,
            self.filtered,
            self.deduplicated,
            self.quarantined,
            self.combined,
            self.added,
        )

    @property
    def balance(self) -> bool:
        """Whether as many rows went as came."""
        return self.read + self.added == sum(self.terms[1:-1])


@dataclass
class File:
    """One file, and what must become of it."""

    key: str
    body: bytes
    rows: Counter[Row] = field(default_factory=Counter)
    books: Books = field(default_factory=Books)


class Maker:
    """Makes files; an id is never used twice."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._next = 1

    def file(self, key: str, count: int, header: str = HEADER) -> File:
        """A file of so many different rows, and a few that are ragged, repeated or without an amount."""
        random, lines, made = self._random, [header], File(key, b"")
        for number in range(count):
            identity, name = self._next, random.choice(NAMES)
            self._next += 1
            shown, amount = name.strip('"').replace('""', '"'), random.randrange(-1_000, 1_000_000)
            made.books.read += 1
            kind = random.randrange(200)
            # The first rows of a file are good ones: they say what its columns are.
            if number < 20 or kind > 5:
                lines.append(f"{identity},{name},{amount}")
                made.rows[(identity, shown, amount, amount * 2)] += 1
                made.books.loaded += 1
                if kind == 6:
                    lines.append(lines[-1])
                    made.books.read += 1
                    made.books.deduplicated += 1
            elif kind > 2:
                lines.append(f"{identity},{name},")
                made.books.filtered += 1
            else:
                lines.append(f"{identity},{name},{amount},one too many")
                made.books.quarantined += 1
        made.body = ("\n".join(lines) + "\n").encode()
        return made
