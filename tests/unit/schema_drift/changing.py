"""A small table that changes its shape: what it was, how it comes, and the module that needs it; for several tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Derivation, Derive, Recipe, Sort, SortKey
from contracts.workflow import ModuleVersionRef, ResolvedModule

MODULE_ID = "0197f3a2-0000-7000-8000-000000000001"
CARRIERS = ("UA", "AA", "B6", "DL", "EV")


def schema(**columns: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in columns.items()))


CONTRACT = schema(flight="integer", carrier="string", dep_delay="float", day="date", late="boolean")
OUTPUT = schema(flight="integer", carrier="string", dep_delay="float", day="date", late="boolean", twice="integer")


def typed(month: int, size: int = 80) -> list[list[Any]]:
    """Rows as they are after reading."""
    return [
        [
            1000 * month + n,
            CARRIERS[(n * month) % 5],
            ((n * 37 + month) % 90) / 4 - 3 if n % 9 else None,
            date(2013, month, 1) + timedelta(days=n % 28),
            n % 3 == 0,
        ]
        for n in range(size)
    ]


def text(value: Any) -> str:
    return "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)


def texts(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    return [[text(value) for value in row] for row in rows]


def module(**more: Any) -> ResolvedModule:
    steps = (
        Derive(columns=(Derivation(column="twice", expression="flight * 2"),)),
        Sort(by=(SortKey(column="flight"),)),
    )
    ref = ModuleVersionRef(module_id=MODULE_ID, name="clean", version=3, content_hash="0" * 64)
    return ResolvedModule(ref=ref, recipe=Recipe(steps=steps), input_contract=CONTRACT, output_contract=OUTPUT, **more)


@dataclass(frozen=True)
class Change:
    """How a file is written from some month on: names, types that a reader gives, texts, values that it reads."""

    names: tuple[str, ...] = ("flight", "carrier", "dep_delay", "day", "late")
    types: tuple[str, ...] = ("integer", "string", "float", "date", "boolean")
    write: Callable[[list[Any]], list[str]] = lambda row: [text(value) for value in row]
    read: Callable[[list[Any]], list[Any]] = lambda row: row


def as_texts(row: list[Any], at: int, write: Callable[[Any], str]) -> list[Any]:
    return [*row[:at], None if row[at] is None else write(row[at]), *row[at + 1 :]]


def at(place: int, kind: str, write: Callable[[Any], str]) -> Change:
    """One column that arrives as texts."""
    types = ["integer", "string", "float", "date", "boolean"]
    types[place] = kind
    return Change(
        types=tuple(types),
        write=lambda row: [text(value) for value in as_texts(row, place, write)],
        read=lambda row: as_texts(row, place, write),
    )


DECIMALS = Change(
    names=("flight", "carrier", "departure_delay", "DAY", "late", "seats"),
    types=("float", "string", "float", "date", "boolean", "integer"),
    write=lambda row: [f"{row[0]}.0", *(text(value) for value in row[1:]), "7"],
    read=lambda row: [float(row[0]), *row[1:], 7],
)
CHANGES = {
    "renamed, added, integers as decimals": DECIMALS,
    "decimal comma": at(2, "string", lambda value: f"{value:.2f}".replace(".", ",")),
    "percent": at(2, "string", lambda value: f"{value}%"),
    "day first": at(3, "string", lambda value: f"{value:%d.%m.%Y}"),
    "eight digits": Change(
        types=("integer", "string", "float", "integer", "boolean"),
        write=lambda row: [text(value) for value in [*row[:3], f"{row[3]:%Y%m%d}", row[4]]],
        read=lambda row: [*row[:3], int(f"{row[3]:%Y%m%d}"), row[4]],
    ),
    "words for truths": at(4, "string", lambda value: "yes" if value else "no"),
    "other words for truths": at(4, "string", lambda value: "ja" if value else "nein"),
}
