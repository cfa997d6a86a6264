"""Which column types can stand for which: what widens without loss, and how far two types are apart."""

from contracts.data import LogicalType

# Incoming type → expected types that hold all its values; the module's own cast to its contract absorbs these.
WIDENING: dict[LogicalType, frozenset[LogicalType]] = {
    LogicalType.INTEGER: frozenset({LogicalType.FLOAT, LogicalType.DECIMAL}),
    LogicalType.DATE: frozenset({LogicalType.TIMESTAMP}),
}

NUMBERS = frozenset({LogicalType.INTEGER, LogicalType.FLOAT, LogicalType.DECIMAL})
_FAMILIES: tuple[frozenset[LogicalType], ...] = (
    NUMBERS,
    frozenset({LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIMESTAMP_TZ}),
)


def widens(incoming: LogicalType, expected: LogicalType) -> bool:
    """Whether every value of the incoming type has a place in the expected one."""
    return expected in WIDENING.get(incoming, frozenset())


def type_fit(expected: LogicalType, incoming: LogicalType) -> float:
    """How well an incoming type fills an expected one: 1 the same, 0 nothing in common."""
    if incoming == expected:
        return 1.0
    if widens(incoming, expected):
        return 0.9
    if any(incoming in family and expected in family for family in _FAMILIES):
        return 0.6
    # Text can hold anything, so a column that arrives as text may well be the same one, badly typed.
    return 0.4 if LogicalType.STRING in (incoming, expected) else 0.1
