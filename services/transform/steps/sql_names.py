"""Names in a query: which tables are in sight, and which column a name means."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from services.transform.expressions.analysis import nearest, unknown_column
from services.transform.expressions.tree import ExpressionInvalid
from services.transform.steps.sql_plans import Plan


@dataclass(frozen=True)
class Visible:
    """A column as the query may call it, and what it is called inside."""

    table: str
    name: str
    inner: str
    merged: bool = False  # by USING: only its table's name still reaches it


@dataclass(frozen=True)
class Relation:
    """Tables side by side."""

    plan: Plan
    columns: tuple[Visible, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(dict.fromkeys(column.table for column in self.columns))

    def with_plan(self, plan: Plan) -> "Relation":
        """The same names over another plan."""
        return replace(self, plan=plan)

    def starred(self, table: str | None) -> Iterator[Visible]:
        """What a star stands for."""
        if table is not None and table not in self.tables:
            raise unknown_table(table, self.tables)
        for column in self.columns:
            if column.table == table or (table is None and not column.merged):
                yield column

    def find(self, tree: exp.Column) -> str:
        """The inner name of the column that is meant; raises ExpressionInvalid."""
        table, name = tree.table or None, tree.name
        if table is not None and table not in self.tables:
            raise unknown_table(table, self.tables)
        seen = [one for one in self.columns if (one.table == table if table is not None else not one.merged)]
        found = [one for one in seen if one.name == name]
        if not found:
            raise unknown_column(name, [one.name for one in seen])
        if len(found) > 1:
            choices = " or ".join(f"{one.table}.{name}" for one in found)
            raise ExpressionInvalid("column_ambiguous", f"The column {name!r} is in several tables: {choices}?")
        return found[0].inner

    def resolved(self, tree: exp.Expr) -> exp.Expr:
        """The tree with the inner names of its columns."""
        return rewritten(tree, lambda node: inner(self.find(node)) if isinstance(node, exp.Column) else None)


def rewritten(tree: exp.Expr, put: Callable[[exp.Expr], exp.Expr | None]) -> exp.Expr:
    """A copy in which some nodes have others in their place, from the root on; what was put is not looked into."""
    return tree.copy().transform(lambda node: put(node) or node, copy=False)


def inner(name: str) -> exp.Column:
    """A column by its inner name."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))


def fresh(base: str, taken: Sequence[str] | Mapping[str, object]) -> str:
    """A name that is not taken."""
    while base in taken:
        base += "_"
    return base


def unknown_table(name: str, known: Sequence[str]) -> ExpressionInvalid:
    """There is no such table, and which one may have been meant."""
    near = nearest(name, list(known))
    hint = f" Did you mean {near!r}?" if near else ""
    return ExpressionInvalid("table_unknown", f"There is no table {name[:200]!r} here.{hint}")
