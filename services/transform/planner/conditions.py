"""Conditions on rows: their expressions, and how they are joined and turned round."""

from dataclasses import dataclass

from contracts.data import LogicalType
from services.transform.planner.reading import quoted, text
from services.transform.planner.view import ColumnView


@dataclass(frozen=True)
class Against:
    """A figure that a column is compared with: of which column, of which groups, how many times of it."""

    operator: str
    function: str
    column: str
    keys: tuple[str, ...] = ()
    factor: str = "1"


@dataclass(frozen=True)
class Cond:
    """A condition: its expression, and its column and values where it says that one equals one of the others."""

    sql: str
    columns: tuple[str, ...]
    equals: tuple[str, ...] = ()  # written values of columns[0]
    negated: bool = False
    against: Against | None = None


def compared(column: str, against: Against) -> Cond:
    """A column beside a figure: no expression by itself, because the figure has to be put beside each row first."""
    return Cond(f"@{against}", (column,), against=against)


def negate(condition: Cond) -> Cond:
    """The rows that do not satisfy it; nulls satisfy neither."""
    return Cond(f"NOT ({condition.sql})", condition.columns)


def both(conditions: list[Cond], word: str = "AND") -> Cond:
    """Several conditions in one."""
    if len(conditions) == 1:
        return conditions[0]
    seen = tuple(dict.fromkeys(name for one in conditions for name in one.columns))
    return Cond(f" {word} ".join(f"({one.sql})" for one in conditions), seen)


def one_of(column: str, values: list[str] | tuple[str, ...], written: bool = False) -> Cond:
    """A column equals one of some values."""
    literals = tuple(values) if written else tuple(text(value) for value in values)
    name = quoted(column)
    sql = f"{name} = {literals[0]}" if len(literals) == 1 else f"{name} IN ({', '.join(literals)})"
    return Cond(sql, (column,), literals)


def held(column: ColumnView, values: list[str] | tuple[str, ...]) -> Cond:
    """A column holds one of the values as they are shown: truths are no texts."""
    truths = column.type is LogicalType.BOOLEAN
    return one_of(column.name, [value.upper() for value in values] if truths else values, written=truths)


def none_of(found: Cond) -> Cond:
    """Its opposite, for a list of values."""
    name = quoted(found.columns[0])
    values = found.equals
    sql = f"{name} <> {values[0]}" if len(values) == 1 else f"{name} NOT IN ({', '.join(values)})"
    return Cond(sql, found.columns, values, negated=True)


def fold(chain: list[tuple[str, Cond]]) -> Cond:
    """Conditions and what joins each to the next: `and` before `or`."""
    chain = _merged(chain)
    groups: list[list[Cond]] = [[]]
    for at, (_, found) in enumerate(chain):
        joint = chain[at - 1][0] if at else "and"
        if joint == "or":
            groups.append([found])
            continue
        groups[-1].append(found)
    return both([both(group) for group in groups], "OR")


def _merged(chain: list[tuple[str, Cond]]) -> list[tuple[str, Cond]]:
    """One value or another of the same column is one condition: `Ideal or Premium, below 500`."""
    merged: list[tuple[str, Cond]] = []
    for at, (joint, found) in enumerate(chain):
        last = merged[-1][1] if merged else None
        alike = last is not None and last.equals and found.equals and last.columns == found.columns
        if last is not None and alike and chain[at - 1][0] == "or" and not (last.negated or found.negated):
            values = tuple(dict.fromkeys((*last.equals, *found.equals)))
            merged[-1] = (joint, one_of(found.columns[0], values, written=True))
        else:
            merged.append((joint, found))
    return merged
