"""SQL text → plan. What may stand in a query stands here; whatever does not is refused.

The expressions in it are those of every other step, and its parts are other steps: so a query gives what those steps
would give, reaches the tables that it was given, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from contracts.data import LogicalType
from contracts.recipe import Measure
from services.transform.expressions.analysis import typed
from services.transform.expressions.calls import only, refused
from services.transform.expressions.syntax import parse
from services.transform.expressions.tree import ExpressionInvalid, Node, named
from services.transform.steps import sql_plans
from services.transform.steps.sql_figures import figure
from services.transform.steps.sql_names import Relation, Visible, fresh, inner, rewritten, unknown_table
from services.transform.steps.sql_plans import Plan

_PLACE = "/query"
_HOWS = {("", ""): "inner", ("INNER", ""): "inner", ("", "LEFT"): "left", ("", "RIGHT"): "right", ("", "FULL"): "full",
         ("OUTER", "LEFT"): "left", ("OUTER", "RIGHT"): "right", ("OUTER", "FULL"): "full", ("SEMI", ""): "semi",
         ("ANTI", ""): "anti"}  # fmt: skip
Tables = Mapping[str, Plan]


def compiled(query: str, tables: Tables) -> Plan:
    """The plan of a query over these tables; raises ExpressionInvalid."""
    return _query(read(query), tables)


def read(query: str) -> exp.Expr:
    """The syntax tree of one query; raises ExpressionInvalid."""
    tree = parse(query)
    if not isinstance(tree, exp.Query):
        raise ExpressionInvalid("not_allowed", "A query is one SELECT, and nothing else.")
    return tree


def combines(tree: exp.Expr) -> bool:
    """Whether rows of the query go into others: by groups, or because they are equal."""
    return any(isinstance(node, exp.AggFunc | exp.Group | exp.Distinct) for node in tree.walk()) or any(
        isinstance(node, exp.Union) and node.args.get("distinct") for node in tree.walk()
    )


def _query(tree: Any, tables: Tables) -> Plan:
    with_ = tree.args.get("with_") if isinstance(tree, exp.Expr) else None
    if with_ is not None:
        only(with_, "expressions")
        for cte in with_.expressions:
            only(cte, "this", "alias")
            tables = {**tables, _alias(cte): _query(cte.this, tables)}
    if isinstance(tree, exp.Subquery):
        only(tree, "this", "with_")
        return _query(tree.this, tables)
    if isinstance(tree, exp.Select):
        return _Select(tree, tables).plan()
    if isinstance(tree, exp.Union):
        only(tree, "this", "expression", "distinct", "order", "limit", "offset", "with_")
        plan = sql_plans.stacked(_query(tree.this, tables), _query(tree.expression, tables))
        plan = sql_plans.distinct(plan) if tree.args.get("distinct") else plan
        by = [(_output(item.this, plan.schema.names), down) for item, down in _order(tree)]
        return _limited(sql_plans.ordered(plan, by) if by else plan, tree)
    raise refused(tree) if isinstance(tree, exp.Expr) else _not_allowed("This")


@dataclass
class _Select:
    tree: exp.Select
    tables: Tables
    _keys: list[tuple[exp.Expr, str]] = field(default_factory=list)  # what is grouped by → its column
    _arguments: list[tuple[str, Node]] = field(default_factory=list)
    _measures: dict[exp.Expr, Measure] = field(default_factory=dict)
    _grouped: bool = False

    def plan(self) -> Plan:
        """The table that the query gives."""
        tree = self.tree
        only(tree, "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
             "with_")  # fmt: skip
        if tree.args.get("from_") is None:
            raise ExpressionInvalid("not_allowed", "A query needs a FROM: FROM input is this table.")
        self.relation = self._source(tree.args["from_"].this)
        for join in tree.args.get("joins") or []:
            self.relation = self._join(join)
        where = tree.args.get("where")
        if where is not None:
            self.relation = self.relation.with_plan(self._kept(self.relation.plan, self._resolved(where.this)))
        items = self._items()
        by = [(*self._sorted_by(item.this, items), down) for item, down in _order(tree)]
        having = tree.args.get("having")
        self._group(items, [value for _, value, _ in by if value is not None])
        values = [self._value(value) for _, value in items]
        sorted_by = [(name, None if value is None else self._value(value), down) for name, value, down in by]
        condition = None if having is None else self._value(self._resolved(having.this))
        plan = self._aggregated()
        if condition is not None:
            plan = self._kept(plan, condition)
        return self._finished(plan, [name for name, _ in items], values, sorted_by)

    def _finished(
        self, plan: Plan, names: list[str], values: list[exp.Expr], by: list[tuple[str, exp.Expr | None, bool]]
    ) -> Plan:
        """The columns that were asked for, in order."""
        taken = list(plan.schema.names)
        made, outputs = [], {}
        for name, value in zip(names, values, strict=True):
            outputs[name] = fresh(f"{name} ", taken)
            taken.append(outputs[name])
            made.append((outputs[name], typed(value, plan.schema)))
        keys = []
        for name, beside, down in by:
            if beside is not None:
                key = fresh("order ", taken)
                taken.append(key)
                made.append((key, typed(beside, plan.schema)))
            keys.append((outputs[name] if beside is None else key, down))
        plan = sql_plans.derived(plan, made, _PLACE)
        separate = self.tree.args.get("distinct")
        if separate is not None:
            only(separate)
            if any(key not in outputs.values() for key, _ in keys):
                raise ExpressionInvalid("not_allowed", "With DISTINCT, ORDER BY takes columns that are selected.")
            plan = sql_plans.named(plan, {one: one for one in outputs.values()})
            plan = sql_plans.distinct(plan)
        if keys:
            first: dict[str, bool] = {}
            for one, down in keys:
                first.setdefault(one, down)
            plan = sql_plans.ordered(plan, list(first.items()))
        return _limited(sql_plans.named(plan, outputs), self.tree)

    def _source(self, tree: exp.Expr) -> Relation:
        if isinstance(tree, exp.Subquery):
            only(tree, "this", "alias")
            name, plan = _alias(tree) or "", _query(tree.this, self.tables)
        elif isinstance(tree, exp.Table) and isinstance(tree.this, exp.Identifier):
            only(tree, "this", "alias")
            found = self.tables.get(tree.name)
            if found is None:
                raise unknown_table(tree.name, list(self.tables))
            name, plan = _alias(tree) or tree.name, found
        else:
            raise ExpressionInvalid("not_allowed", "FROM takes the tables of the step, and nothing else.")
        return Relation(plan, tuple(Visible(name, column, column) for column in plan.schema.names))

    def _join(self, join: exp.Join) -> Relation:
        only(join, "this", "on", "using", "side", "kind")
        how = _HOWS.get((join.kind, join.side))
        left, right = self.relation, self._source(join.this)
        if how is None or not (join.args.get("on") or join.args.get("using")):
            raise ExpressionInvalid("not_allowed", "A join needs equal columns: JOIN … ON a = b, or USING (a).")
        (name,) = right.tables or (join.this.alias_or_name,)
        if name in left.tables:
            raise ExpressionInvalid("name_taken", f"Two tables are called {name!r}; give one of them another name.")
        right = _renamed(right, left.plan.schema.names)
        if join.args.get("using"):
            if how in ("right", "full"):
                raise ExpressionInvalid("not_allowed", "USING goes with inner and left joins; else write ON.")
            shared = [one.name for one in join.args["using"]]
            pairs = [(left.find(exp.column(one)), right.find(exp.column(one))) for one in shared]
            values: list[tuple[exp.Expr, exp.Expr]] = [(inner(one), inner(other)) for one, other in pairs]
            merged = {other for _, other in pairs}
        else:
            values, merged = _equalities(join.args["on"], left, right), set()
        keys = (
            _keyed(left.plan, [one for one, _ in values]),
            _keyed(right.plan, [other for _, other in values], "right"),
        )
        plan = sql_plans.joined(keys[0][0], keys[1][0], how, list(zip(keys[0][1], keys[1][1], strict=True)))
        columns = left.columns
        if how not in ("semi", "anti"):
            columns += tuple(Visible(one.table, one.name, one.inner, one.inner in merged) for one in right.columns)
        return Relation(sql_plans.named(plan, {one.inner: one.inner for one in columns}), columns)

    def _resolved(self, tree: exp.Expr) -> exp.Expr:
        return self.relation.resolved(tree)

    def _kept(self, plan: Plan, tree: exp.Expr) -> Plan:
        condition = typed(tree, plan.schema)
        if condition.type not in (LogicalType.BOOLEAN, None):
            message = f"A condition must be true or false, and this is {named(condition.type)}."
            raise ExpressionInvalid("wrong_type", message)
        return sql_plans.filtered(plan, condition, _PLACE)

    def _items(self) -> list[tuple[str, exp.Expr]]:
        """The columns that are asked for: their names, and their values over the tables."""
        found: list[tuple[str, exp.Expr]] = []
        for item in self.tree.expressions:
            column = item if isinstance(item, exp.Column) else None
            if isinstance(item, exp.Star) or (column is not None and isinstance(column.this, exp.Star)):
                only(item if column is None else column.this)
                table = None if column is None else column.table
                found += [(one.name, inner(one.inner)) for one in self.relation.starred(table)]
            elif isinstance(item, exp.Alias):
                found.append((item.alias, self._resolved(item.this)))
            elif column is not None:
                found.append((column.name, self._resolved(column)))
            else:
                message = f"What is computed needs a name: {item.sql('duckdb')[:60]} AS …"
                raise ExpressionInvalid("name_missing", message)
        names = [name for name, _ in found]
        for name in names:
            if names.count(name) > 1:
                raise ExpressionInvalid("name_taken", f"There would be two columns named {name!r}.")
        return found

    def _sorted_by(self, tree: exp.Expr, items: list[tuple[str, exp.Expr]]) -> tuple[str, exp.Expr | None]:
        """A column that is asked for, or a value beside them."""
        names = [name for name, _ in items]
        if isinstance(tree, exp.Literal) or (isinstance(tree, exp.Column) and not tree.table and tree.name in names):
            return _output(tree, names), None
        return "", self._resolved(tree)

    def _group(self, items: list[tuple[str, exp.Expr]], beside: list[exp.Expr]) -> None:
        """What there is one row for."""
        group, names = self.tree.args.get("group"), dict(items)
        trees: list[exp.Expr] = []
        if group is not None:
            only(group, "expressions", "all")
            if group.args.get("all"):
                trees = [value for _, value in items if value.find(exp.AggFunc) is None]
            for one in group.expressions:
                seen = [column.name for column in self.relation.columns]
                if isinstance(one, exp.Literal):
                    trees.append(names[_output(one, list(names))])
                elif isinstance(one, exp.Column) and not one.table and one.name not in seen and one.name in names:
                    trees.append(names[one.name])
                else:
                    trees.append(self._resolved(one))
        figures = any(value.find(exp.AggFunc) is not None for value in [*names.values(), *beside])
        self._grouped = figures or group is not None or self.tree.args.get("having") is not None
        for tree in dict.fromkeys(trees):
            typed(tree, self.relation.plan.schema)
            self._keys.append((tree, fresh(f"key {len(self._keys)}", self.relation.plan.schema.names)))

    def _value(self, tree: exp.Expr) -> exp.Expr:
        """A value of the row of a group: made of what is grouped by, and of figures."""
        if not self._grouped:
            return tree
        keys = dict(self._keys)

        def put(node: exp.Expr) -> exp.Expr | None:
            if node in keys:
                return inner(keys[node])
            if isinstance(node, exp.Filter | exp.AggFunc | exp.IgnoreNulls):
                return inner(self._measure(node))
            if isinstance(node, exp.Column):
                message = f"The column {node.name!r} must stand in GROUP BY, or inside a figure such as SUM."
                raise ExpressionInvalid("not_grouped", message)
            return None

        return rewritten(tree, put)

    def _measure(self, tree: exp.Expr) -> str:
        if tree in self._measures:
            return self._measures[tree].name
        call, condition = tree, None
        if isinstance(call, exp.Filter):
            only(call, "this", "expression")
            call, condition = call.this, call.expression.this
        if isinstance(call, exp.IgnoreNulls) and isinstance(call.this, exp.AnyValue):
            call = call.this
        function, argument, q = figure(call)
        if condition is not None:
            argument = exp.Case(ifs=[exp.If(this=condition, true=argument or exp.Literal.number(1))])
        column = None
        if argument is not None:
            column = fresh(f"argument {len(self._arguments)}", self.relation.plan.schema.names)
            self._arguments.append((column, typed(argument, self.relation.plan.schema)))
        name = fresh(f"figure {len(self._measures)}", self.relation.plan.schema.names)
        self._measures[tree] = Measure.model_validate({"function": function, "column": column, "name": name, "q": q})
        return name

    def _aggregated(self) -> Plan:
        plan = self.relation.plan
        if not self._grouped:
            return plan
        keys = [(name, typed(tree, plan.schema)) for tree, name in self._keys]
        plan = sql_plans.derived(plan, [*keys, *self._arguments], _PLACE)
        if not keys and not self._measures:
            raise ExpressionInvalid("not_allowed", "A query of groups needs a figure or something to group by.")
        return sql_plans.aggregated(plan, [name for name, _ in keys], list(self._measures.values()))


def _equalities(on: exp.Expr, left: Relation, right: Relation) -> list[tuple[exp.Expr, exp.Expr]]:
    """What must be equal: a value of the tables so far, and one of the new table."""
    found = []
    for one in on.flatten() if isinstance(on, exp.And) else [on]:
        one = one.unnest()
        if not isinstance(one, exp.EQ):
            raise ExpressionInvalid("not_allowed", "A join takes equalities with AND; put the rest into WHERE.")
        sides = one.this, one.expression
        both = Relation(left.plan, (*left.columns, *right.columns))
        ours = {column.inner for column in left.columns}
        where = [{both.find(column) in ours for column in side.find_all(exp.Column)} for side in sides]
        if where not in ([{True}, {False}], [{False}, {True}]):
            raise ExpressionInvalid("not_allowed", "Each side of an equality in ON looks at one of the two tables.")
        mine, theirs = sides if where[0] == {True} else sides[::-1]
        found.append((left.resolved(mine), right.resolved(theirs)))
    return found


def _keyed(plan: Plan, values: list[exp.Expr], side: str = "left") -> tuple[Plan, list[str]]:
    """With the values that are compared as columns of their own: what is selected stays what it was."""
    names: list[str] = []
    for at, _ in enumerate(values):
        names.append(fresh(f"{side} {at} ", [*plan.schema.names, *names]))
    made = [(name, typed(value, plan.schema)) for name, value in zip(names, values, strict=True)]
    return sql_plans.derived(plan, made, _PLACE), names


def _renamed(relation: Relation, taken: tuple[str, ...]) -> Relation:
    """The same columns under inner names that the other tables do not have."""
    names: dict[str, str] = {}
    for column in relation.columns:
        names[fresh(column.inner, [*taken, *names])] = column.inner
    back = {old: new for new, old in names.items()}
    columns = tuple(Visible(one.table, one.name, back[one.inner], one.merged) for one in relation.columns)
    return Relation(sql_plans.named(relation.plan, names), columns)


def _order(tree: exp.Expr) -> list[tuple[exp.Ordered, bool]]:
    order = tree.args.get("order")
    if order is None:
        return []
    only(order, "expressions")
    for item in order.expressions:
        only(item, "this", "desc", "nulls_first")
        if item.args.get("nulls_first"):
            raise ExpressionInvalid("not_allowed", "Nulls come last.")
    return [(item, bool(item.args.get("desc"))) for item in order.expressions]


def _output(tree: exp.Expr, names: list[str] | tuple[str, ...]) -> str:
    """The column of the result that a name or a number means."""
    if (
        isinstance(tree, exp.Literal)
        and not tree.is_string
        and tree.this.isdigit()
        and 0 < int(tree.this) <= len(names)
    ):
        return names[int(tree.this) - 1]
    if isinstance(tree, exp.Column) and not tree.table and tree.name in names:
        return tree.name
    raise ExpressionInvalid("column_unknown", f"{tree.sql('duckdb')[:60]} is no column of the result.")


def _limited(plan: Plan, tree: exp.Expr) -> Plan:
    found = []
    for name in ("limit", "offset"):
        value = tree.args.get(name)
        if value is not None:
            only(value, "expression")
            if not isinstance(value.expression, exp.Literal) or not str(value.expression.this).isdigit():
                raise ExpressionInvalid("wrong_arguments", f"{name.upper()} takes a whole number.")
        found.append(None if value is None else min(int(value.expression.this), 2**62))
    return plan if found == [None, None] else sql_plans.limited(plan, found[0], found[1] or 0)


def _alias(tree: exp.Expr) -> str:
    alias = tree.args.get("alias")
    if isinstance(alias, exp.TableAlias):
        only(alias, "this")
    return str(tree.alias)


def _not_allowed(what: str) -> ExpressionInvalid:
    return ExpressionInvalid("not_allowed", f"{what} has no place in a query.")
