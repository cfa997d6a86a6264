"""The figures that a query may ask of a group of rows, as measures of the step aggregate have them."""

from sqlglot import exp

from services.transform.expressions.calls import only
from services.transform.expressions.tree import ExpressionInvalid

_FIGURES: dict[type[exp.Expr], str] = {
    exp.Sum: "sum", exp.Avg: "mean", exp.Min: "min", exp.Max: "max", exp.Median: "median", exp.Stddev: "std",
    exp.StddevSamp: "std", exp.Variance: "var", exp.AnyValue: "first", exp.PercentileCont: "quantile",
}  # fmt: skip


def figure(call: exp.Expr) -> tuple[str, exp.Expr | None, float | None]:
    """Which figure a call is, and of what."""
    if isinstance(call, exp.Count):
        only(call, "this", "big_int")
        if call.this is None or isinstance(call.this, exp.Star):
            return "count", None, None
        if isinstance(call.this, exp.Distinct):
            only(call.this, "expressions")
            if len(call.this.expressions) == 1:
                return "count_distinct", call.this.expressions[0], None
            raise ExpressionInvalid("wrong_arguments", "COUNT(DISTINCT …) takes one column.")
        return "count", call.this, None
    function = _FIGURES.get(type(call))
    if function is None or isinstance(call.this, exp.Distinct):
        names = "COUNT, SUM, AVG, MIN, MAX, MEDIAN, STDDEV, VARIANCE, QUANTILE_CONT, ANY_VALUE"
        raise ExpressionInvalid("function_unknown", f"The figures of a query are {names}.")
    if function != "quantile":
        only(call, "this")
        return function, call.this, None
    only(call, "this", "expression")
    if not isinstance(call.expression, exp.Literal) or call.expression.is_string:
        raise ExpressionInvalid("wrong_arguments", "Which quantile it is must be written out: a number from 0 to 1.")
    q = float(call.expression.this)
    if not 0 <= q <= 1:
        raise ExpressionInvalid("wrong_arguments", "A quantile is a number from 0 to 1.")
    return function, call.this, q
