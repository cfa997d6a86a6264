"""Random tables, and the files that they come as after some changes of their form."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from contracts.data import Column, LogicalType, Schema

WORDS = ("region", "owner", "remark", "batch", "level", "source", "grade", "token", "shift", "zone")
CITIES = ("Rome", "Oslo", "Bern", "Kyiv", "Lima")
KINDS: dict[str, tuple[LogicalType, tuple[str, ...]]] = {
    "count": (LogicalType.INTEGER, ("seats", "pieces", "visitors")),
    "measure": (LogicalType.FLOAT, ("weight", "dep_delay", "temperature")),
    "day": (LogicalType.DATE, ("flight_date", "birth_day", "shipped")),
    "code": (LogicalType.STRING, ("city", "carrier", "status")),
    "name": (LogicalType.STRING, ("title", "street", "label")),
    "flag": (LogicalType.BOOLEAN, ("late", "active", "paid")),
}
OTHER_NAMES = {
    "seats": "seat_count", "pieces": "item_count", "visitors": "visitor_number", "weight": "mass", "city": "town",
    "dep_delay": "departure_delay", "temperature": "temp", "flight_date": "date_of_flight", "birth_day": "dob",
    "shipped": "ship_date", "carrier": "airline", "status": "state", "title": "caption", "street": "road",
    "label": "tag", "late": "is_late", "active": "enabled", "paid": "settled",
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """What a table means: its columns, and typed rows for any delivery."""

    columns: tuple[tuple[str, str], ...]  # name, kind

    @classmethod
    def made(cls, chance: random.Random) -> "Table":
        kinds = [chance.choice(sorted(KINDS)) for _ in range(chance.randint(2, 5))]
        named: dict[str, str] = {}
        for kind in kinds:
            free = [name for name in KINDS[kind][1] if name not in named]
            if free:
                named[chance.choice(free)] = kind
        return cls((("id", "id"), *named.items()))

    @property
    def schema(self) -> Schema:
        types = {kind: type for kind, (type, _) in KINDS.items()} | {"id": LogicalType.INTEGER}
        return Schema(columns=tuple(Column(name=name, type=types[kind]) for name, kind in self.columns))

    def rows(self, delivery: int, many: int) -> list[list[Any]]:
        """The rows of a delivery."""
        chance = random.Random(f"{self.columns}{delivery}")
        return [[_value(kind, delivery, n, chance) for _, kind in self.columns] for n in range(many)]


def _value(kind: str, delivery: int, n: int, chance: random.Random) -> Any:
    if kind == "id":
        return delivery * 10_000 + n
    if kind != "code" and chance.random() < 0.05:
        return None
    made: dict[str, Callable[[], Any]] = {
        "count": lambda: chance.randint(1, 400),
        "measure": lambda: round(chance.gauss(60, 12), 2),
        "day": lambda: date(2026, 1, 1) + timedelta(days=28 * delivery + chance.randint(0, 27)),
        "code": lambda: chance.choices(CITIES, (5, 4, 3, 2, 1))[0],
        "name": lambda: f"{chance.choice(WORDS)} {chance.randint(1, 9_999)}",
        "flag": lambda: chance.random() < 0.3,
    }
    return made[kind]()


def text(value: Any) -> str:
    """A value as it was always written."""
    return "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)


@dataclass
class File:
    """A delivery as it is written, and what was done to it."""

    names: list[str]
    rows: list[list[str]]
    told: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, table: Table, rows: Sequence[Sequence[Any]]) -> "File":
        return cls([name for name, _ in table.columns], [[text(value) for value in row] for row in rows])

    def each(self, at: int, write: Callable[[str], str]) -> None:
        """Write the values of a column otherwise."""
        self.rows = [[*row[:at], write(row[at]) if row[at] else "", *row[at + 1 :]] for row in self.rows]


def change(file: File, chance: random.Random) -> File:
    """The file after one more change."""
    file = replace(file, names=list(file.names), rows=[list(row) for row in file.rows], told=list(file.told))
    name = chance.choices(list(CHANGES), [1 if name in _WITHOUT_A_SIGN else 3 for name in CHANGES])[0]
    at = chance.randrange(1, len(file.names)) if len(file.names) > 1 else 0
    CHANGES[name](file, at, chance)
    file.told.append(f"{name} {at}")
    return file


def _rename(file: File, at: int, chance: random.Random) -> None:
    name = OTHER_NAMES.get(file.names[at], f"{file.names[at]}_new")
    file.names[at] = name if name not in file.names else f"{name}_{len(file.names)}"


def _style(file: File, at: int, chance: random.Random) -> None:
    styled = [re.sub(r"_(\w)", lambda found: found.group(1).upper(), name) for name in file.names]
    file.names = (
        [name.upper() for name in file.names] if chance.random() < 0.5 or len(set(styled)) < len(styled) else styled
    )


def _reorder(file: File, at: int, chance: random.Random) -> None:
    order = list(range(len(file.names)))
    chance.shuffle(order)
    file.names = [file.names[place] for place in order]
    file.rows = [[row[place] for place in order] for row in file.rows]


def _add(file: File, at: int, chance: random.Random) -> None:
    name = next(name for name in chance.sample(WORDS, len(WORDS)) if name not in file.names)
    file.names.append(name)
    for row in file.rows:
        row.append(chance.choice(("x1", "x2", "")))


def _drop(file: File, at: int, chance: random.Random) -> None:
    del file.names[at]
    for row in file.rows:
        del row[at]


def _decoy(file: File, at: int, chance: random.Random) -> None:
    _drop(file, at, chance)
    _add(file, at, chance)


def _comma(file: File, at: int, chance: random.Random) -> None:
    file.each(at, lambda value: value.replace(".", ",") if re.fullmatch(r"-?\d+\.\d+", value) else value)


def _decimals(file: File, at: int, chance: random.Random) -> None:
    file.each(at, lambda value: f"{value}.0" if re.fullmatch(r"-?\d+", value) else value)


def _days(file: File, at: int, chance: random.Random) -> None:
    file.each(at, lambda value: re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\3.\2.\1", value))


def _truths(file: File, at: int, chance: random.Random) -> None:
    file.each(at, lambda value: {"true": "yes", "false": "no"}.get(value, value))


def _no_texts(file: File, at: int) -> bool:
    """In a column of texts, whatever is written is a text, and what it says."""
    return all(re.fullmatch(r"[-\d.,]*|true|false|yes|no", row[at]) for row in file.rows)


def _junk(file: File, at: int, chance: random.Random) -> None:
    if _no_texts(file, at):
        for row in chance.sample(file.rows, min(2, len(file.rows))):
            row[at] = "???"


def _marker(file: File, at: int, chance: random.Random) -> None:
    for row in file.rows:
        row[at] = row[at] or "n/a"


def _unit(file: File, at: int, chance: random.Random) -> None:
    file.each(at, lambda value: str(round(float(value) * 0.3048, 4)) if re.fullmatch(r"-?\d+\.\d+", value) else value)


def _flip(file: File, at: int, chance: random.Random) -> None:
    file.each(at, lambda value: {"true": "false", "false": "true"}.get(value, value))


def _swap(file: File, at: int, chance: random.Random) -> None:
    other = chance.randrange(len(file.names))
    file.names[at], file.names[other] = file.names[other], file.names[at]


CHANGES: dict[str, Callable[[File, int, random.Random], None]] = {
    "renamed": _rename,
    "style": _style,
    "reordered": _reorder,
    "added": _add,
    "dropped": _drop,
    "decoy": _decoy,
    "comma": _comma,
    "decimals": _decimals,
    "days": _days,
    "truths": _truths,
    "junk": _junk,
    "marker": _marker,
    "unit": _unit,
    "flipped": _flip,
    "swapped": _swap,
}
# Of these, neither names nor notation tell.
_WITHOUT_A_SIGN = frozenset({"decoy", "dropped", "unit", "flipped", "swapped"})


def read(file: File) -> tuple[Schema, list[tuple[Any, ...]]]:
    """The file as a reader types it: a column is what all of its values are."""
    columns, values = [], []
    for at, name in enumerate(file.names):
        type, convert = _typed([row[at] for row in file.rows if row[at] not in ("", "n/a")])
        columns.append(Column(name=name, type=type))
        nothing = ("",) if type is LogicalType.STRING else ("", "n/a")
        values.append([None if row[at] in nothing else convert(row[at]) for row in file.rows])
    return Schema(columns=tuple(columns)), list(zip(*values, strict=True))


def _typed(texts: list[str]) -> tuple[LogicalType, Callable[[str], Any]]:
    def all_are(pattern: str) -> bool:
        return bool(texts) and all(re.fullmatch(pattern, value) for value in texts)

    if all_are(r"-?\d{1,15}"):
        return LogicalType.INTEGER, int
    if all_are(r"-?\d+(\.\d+)?"):
        return LogicalType.FLOAT, float
    if all_are(r"\d{4}-\d\d-\d\d"):
        return LogicalType.DATE, date.fromisoformat
    if all_are("true|false"):
        return LogicalType.BOOLEAN, lambda value: value == "true"
    return LogicalType.STRING, str
