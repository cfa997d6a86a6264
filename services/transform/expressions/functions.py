"""The functions that expressions may call: names, parameters, results. What is not in this list cannot be called."""

from dataclasses import dataclass

from contracts.data import MOMENTS, NUMBERS, LogicalType

_TEXT = frozenset({LogicalType.STRING})
_WHOLE = frozenset({LogicalType.INTEGER})
_CLOCK = MOMENTS | {LogicalType.TIME}

# Result types that follow the first argument.
SAME = "same"


@dataclass(frozen=True)
class Parameter:
    """One parameter: what it is called, the types it takes, and whether it must be written out."""

    name: str
    types: frozenset[LogicalType]
    constant: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Function:
    """One function."""

    parameters: tuple[Parameter, ...]
    result: LogicalType | str
    summary: str
    may_be_null: bool = False  # also where no argument is
    fallible: bool = False
    variadic: bool = False  # the last parameter may be repeated


def _number(name: str = "number") -> Parameter:
    return Parameter(name, NUMBERS)


def _text(name: str = "text") -> Parameter:
    return Parameter(name, _TEXT)


def _fixed(name: str, *, optional: bool = False) -> Parameter:
    return Parameter(name, _TEXT, constant=True, optional=optional)


def _count(name: str, *, constant: bool = False, optional: bool = False) -> Parameter:
    return Parameter(name, _WHOLE, constant=constant, optional=optional)


_FLOAT, _STRING, _INTEGER, _BOOLEAN = (
    LogicalType.FLOAT,
    LogicalType.STRING,
    LogicalType.INTEGER,
    LogicalType.BOOLEAN,
)

FUNCTIONS: dict[str, Function] = {
    # numbers
    "ABS": Function((_number(),), SAME, "The number without its sign", fallible=True),
    "SIGN": Function((_number(),), _INTEGER, "-1, 0 or 1"),
    "ROUND": Function(
        (_number(), _count("digits", constant=True, optional=True)), SAME, "Rounded, halves away from zero"
    ),
    "FLOOR": Function((_number(),), SAME, "The next whole number below"),
    "CEIL": Function((_number(),), SAME, "The next whole number above"),
    "SQRT": Function((_number(),), _FLOAT, "The square root; null below zero", may_be_null=True),
    "POWER": Function((_number("base"), _number("exponent")), _FLOAT, "The base to the power of the exponent"),
    "LN": Function((_number(),), _FLOAT, "The natural logarithm; null for zero and below", may_be_null=True),
    "LOG10": Function((_number(),), _FLOAT, "The logarithm to base 10; null for zero and below", may_be_null=True),
    "EXP": Function((_number(),), _FLOAT, "e to the power of the number"),
    # text
    "UPPER": Function((_text(),), _STRING, "In capitals"),
    "LOWER": Function((_text(),), _STRING, "In small letters"),
    "TRIM": Function((_text(), _fixed("characters", optional=True)), _STRING, "Without spaces at both ends"),
    "LTRIM": Function((_text(), _fixed("characters", optional=True)), _STRING, "Without spaces at the start"),
    "RTRIM": Function((_text(), _fixed("characters", optional=True)), _STRING, "Without spaces at the end"),
    "LENGTH": Function((_text(),), _INTEGER, "How many characters"),
    "SUBSTRING": Function(
        (_text(), _count("start"), _count("length", optional=True)), _STRING, "A part; the first character is 1"
    ),
    "LEFT": Function((_text(), _count("count")), _STRING, "The first characters; all but the last -n if negative"),
    "RIGHT": Function((_text(), _count("count")), _STRING, "The last characters; all but the first -n if negative"),
    "LPAD": Function(
        (_text(), _count("length", constant=True), _fixed("fill", optional=True)),
        _STRING,
        "Filled up at the start, or cut, to a length",
    ),
    "RPAD": Function(
        (_text(), _count("length", constant=True), _fixed("fill", optional=True)),
        _STRING,
        "Filled up at the end, or cut, to a length",
    ),
    "REPLACE": Function((_text(), _fixed("old"), _fixed("new")), _STRING, "Every occurrence replaced"),
    "CONTAINS": Function((_text(), _text("part")), _BOOLEAN, "Whether the part occurs"),
    "STARTS_WITH": Function((_text(), _text("part")), _BOOLEAN, "Whether it starts with the part"),
    "ENDS_WITH": Function((_text(), _text("part")), _BOOLEAN, "Whether it ends with the part"),
    "SPLIT_PART": Function(
        (_text(), _fixed("separator"), _count("number", constant=True)),
        _STRING,
        "One of the parts between separators; the first is 1, the last -1, empty where there is none",
    ),
    "REGEXP_LIKE": Function(
        (_text(), _fixed("pattern"), _fixed("flags", optional=True)), _BOOLEAN, "Whether the pattern occurs (flag i)"
    ),
    "REGEXP_REPLACE": Function(
        (_text(), _fixed("pattern"), _fixed("new"), _fixed("flags", optional=True)),
        _STRING,
        r"The first match replaced, all with flag g; \1 stands for the first group (flags g, i)",
    ),
    "REGEXP_EXTRACT": Function(
        (_text(), _fixed("pattern"), _count("group", constant=True, optional=True)),
        _STRING,
        "The first match, or one of its groups; empty where there is none",
    ),
    # dates and times
    "DATE_PART": Function(
        (_fixed("part"), Parameter("moment", _CLOCK)),
        _INTEGER,
        "year, quarter, month, week, day, doy, dow (Sunday is 0), isodow, hour, minute or second; also as EXTRACT",
    ),
    "DATE_TRUNC": Function(
        (_fixed("unit"), Parameter("moment", MOMENTS)),
        SAME,
        "Back to the start of the year, quarter, month, week, day, hour, minute or second",
    ),
    "MAKE_DATE": Function(
        (_count("year"), _count("month"), _count("day")), LogicalType.DATE, "A date of its parts", fallible=True
    ),
    "MAKE_TIMESTAMP": Function(
        tuple(_count(name) for name in ("year", "month", "day", "hour", "minute", "second")),
        LogicalType.TIMESTAMP,
        "A timestamp of its parts",
        fallible=True,
    ),
}

# Those whose types depend on one another are judged one by one.
SPECIAL: dict[str, str] = {
    "COALESCE": "The first argument that is not null",
    "NULLIF": "Null where both arguments are equal, else the first",
    "GREATEST": "The greatest argument; nulls are passed over",
    "LEAST": "The least argument; nulls are passed over",
    "CONCAT": "The arguments as one text; nulls are passed over (|| gives null instead)",
    "MOD": "The remainder, with the sign of the dividend; null for zero (also as %)",
    "IF": "The second argument where the first is true, else the third",
}

# Other names for the same.
ALIASES: dict[str, str] = {
    "CEILING": "CEIL",
    "POW": "POWER",
    "SUBSTR": "SUBSTRING",
    "CHAR_LENGTH": "LENGTH",
    "IFNULL": "COALESCE",
    "REGEXP_MATCHES": "REGEXP_LIKE",
    "DATEPART": "DATE_PART",
}

# What gives another answer each time it is asked has no place where the same input must give the same output.
UNSTEADY = frozenset(
    {
        "NOW",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "TODAY",
        "RANDOM",
        "RAND",
        "UUID",
        "GEN_RANDOM_UUID",
        "CURRENT_USER",
        "SESSION_USER",
    }
)


def names() -> list[str]:
    """Every name that can be called."""
    return sorted({*FUNCTIONS, *SPECIAL, *ALIASES})
