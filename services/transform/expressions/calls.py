"""Function calls as the parser writes them → name and arguments in the order of our own list."""

from collections.abc import Iterator

from sqlglot import exp

from services.transform.expressions.functions import ALIASES, UNSTEADY
from services.transform.expressions.tree import ExpressionInvalid

# The parser has a class for each function it knows. Here: our name, where the arguments stand, and what may stand
# beside them because it says nothing that we do not know (how another dialect would have it).
_KNOWN: dict[type[exp.Expr], tuple[str, tuple[str, ...], frozenset[str]]] = {
    exp.Abs: ("ABS", ("this",), frozenset()),
    exp.Sign: ("SIGN", ("this",), frozenset()),
    exp.Round: ("ROUND", ("this", "decimals"), frozenset()),
    exp.Floor: ("FLOOR", ("this",), frozenset()),
    exp.Ceil: ("CEIL", ("this",), frozenset()),
    exp.Sqrt: ("SQRT", ("this",), frozenset()),
    exp.Pow: ("POWER", ("this", "expression"), frozenset()),
    exp.Ln: ("LN", ("this",), frozenset()),
    exp.Exp: ("EXP", ("this",), frozenset()),
    exp.Upper: ("UPPER", ("this",), frozenset()),
    exp.Lower: ("LOWER", ("this",), frozenset()),
    exp.Length: ("LENGTH", ("this",), frozenset()),
    exp.Substring: ("SUBSTRING", ("this", "start", "length"), frozenset()),
    exp.Left: ("LEFT", ("this", "expression"), frozenset()),
    exp.Right: ("RIGHT", ("this", "expression"), frozenset()),
    exp.Replace: ("REPLACE", ("this", "expression", "replacement"), frozenset()),
    exp.Contains: ("CONTAINS", ("this", "expression"), frozenset()),
    exp.StartsWith: ("STARTS_WITH", ("this", "expression"), frozenset()),
    exp.EndsWith: ("ENDS_WITH", ("this", "expression"), frozenset()),
    exp.SplitPart: ("SPLIT_PART", ("this", "delimiter", "part_index"), frozenset()),
    exp.RegexpLike: ("REGEXP_LIKE", ("this", "expression", "flag"), frozenset({"full_match"})),
    exp.RegexpReplace: (
        "REGEXP_REPLACE",
        ("this", "expression", "replacement", "modifiers"),
        frozenset({"single_replace"}),
    ),
    exp.RegexpExtract: ("REGEXP_EXTRACT", ("this", "expression", "group"), frozenset({"null_if_pos_overflow"})),
    exp.Extract: ("DATE_PART", ("this", "expression"), frozenset()),
    exp.TimestampTrunc: ("DATE_TRUNC", ("unit", "this"), frozenset()),
    exp.DateTrunc: ("DATE_TRUNC", ("unit", "this"), frozenset({"unabbreviate"})),
    exp.DateFromParts: ("MAKE_DATE", ("year", "month", "day"), frozenset()),
    exp.TimestampFromParts: ("MAKE_TIMESTAMP", ("year", "month", "day", "hour", "min", "sec"), frozenset()),
    exp.Coalesce: ("COALESCE", ("this", "expressions"), frozenset()),
    exp.Nullif: ("NULLIF", ("this", "expression"), frozenset()),
    exp.Greatest: ("GREATEST", ("this", "expressions"), frozenset({"ignore_nulls"})),
    exp.Least: ("LEAST", ("this", "expressions"), frozenset({"ignore_nulls"})),
    exp.Concat: ("CONCAT", ("expressions",), frozenset({"safe", "coalesce"})),
    exp.Anonymous: ("", ("expressions",), frozenset()),
}
# Functions with one argument that are a part of a date.
_PARTS: dict[type[exp.Expr], str] = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Day: "day",
    exp.DayOfMonth: "day",
    exp.DayOfYear: "doy",
    exp.DayOfWeek: "dow",
    exp.DayOfWeekIso: "isodow",
    exp.Week: "week",
    exp.WeekOfYear: "week",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
}
_TRIMS = {"": "TRIM", "BOTH": "TRIM", "LEADING": "LTRIM", "TRAILING": "RTRIM"}


def call(tree: exp.Expr) -> tuple[str, list[exp.Expr]] | None:
    """The name and the arguments of a call, or None if the tree is none that is known here."""
    if isinstance(tree, exp.Trim):
        only(tree, "this", "expression", "position")
        name = _TRIMS.get(str(tree.args.get("position") or "").upper())
        return None if name is None else (name, list(_arguments(tree, ("this", "expression"))))
    if isinstance(tree, exp.Pad):
        only(tree, "this", "expression", "fill_pattern", "is_left")
        return "LPAD" if tree.args.get("is_left") else "RPAD", list(
            _arguments(tree, ("this", "expression", "fill_pattern"))
        )
    if isinstance(tree, exp.Log):
        # LOG10(x) arrives with its base.
        base = tree.args.get("this")
        if isinstance(base, exp.Literal) and base.this == "10" and tree.args.get("expression") is not None:
            return "LOG10", list(_arguments(tree, ("expression",)))
        raise ExpressionInvalid("function_unknown", "LOG means different things; write LN or LOG10.")
    part = _PARTS.get(type(tree))
    if part is not None:
        only(tree, "this")
        return "DATE_PART", [exp.Literal.string(part), *_arguments(tree, ("this",))]
    known = _KNOWN.get(type(tree))
    if known is None:
        return None
    name, keys, beside = known
    only(tree, *keys, *beside, *(("this",) if isinstance(tree, exp.Anonymous) else ()))
    if isinstance(tree, exp.Anonymous):
        name = str(tree.this).upper()
        name = ALIASES.get(name, name)
    return name, list(_arguments(tree, keys))


def only(tree: exp.Expr, *keys: str) -> None:
    """Refuse a tree that says more than is understood here."""
    for key, value in tree.args.items():
        if key not in keys and value not in (None, False, []):
            raise refused(tree)


def refused(tree: exp.Expr) -> ExpressionInvalid:
    """Why a tree has no place in an expression."""
    if isinstance(tree, exp.Query | exp.Subquery | exp.Exists | exp.Table):
        return ExpressionInvalid("not_allowed", "Queries have no place in an expression.")
    if isinstance(tree, exp.AggFunc | exp.Window):
        return ExpressionInvalid("not_allowed", "An expression sees one row: it cannot count, sum or look at others.")
    if isinstance(tree, exp.Func):
        return unknown_function(tree.sql_name())
    name = type(tree).__name__
    if isinstance(tree, exp.Command | exp.DDL | exp.DML | exp.Copy | exp.Set | exp.Pragma):
        return ExpressionInvalid("not_allowed", "Statements have no place in an expression.")
    return ExpressionInvalid("not_allowed", f"{name} has no place in an expression.")


def unknown_function(name: str) -> ExpressionInvalid:
    """Why a function cannot be called."""
    if name.upper() in UNSTEADY:
        reason = f"{name[:60].upper()} gives another answer each time; the same rows must always give the same result."
        return ExpressionInvalid("not_allowed", reason)
    return ExpressionInvalid("function_unknown", f"The function {name[:60].upper()} is not one that can be called.")


def _arguments(tree: exp.Expr, keys: tuple[str, ...]) -> Iterator[exp.Expr]:
    missing = False
    for key in keys:
        value = tree.args.get(key)
        if value is None:
            missing = True
            continue
        if missing:
            raise ExpressionInvalid("wrong_arguments", "An argument is missing.")
        for argument in value if isinstance(value, list) else [value]:
            if not isinstance(argument, exp.Expr):
                raise refused(tree)
            # Units and parts are written as words: EXTRACT(year FROM x).
            yield exp.Literal.string(argument.name) if isinstance(argument, exp.Var) else argument
