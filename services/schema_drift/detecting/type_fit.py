"""How far two column types are apart."""

from contracts.data import MOMENTS, NUMBERS, LogicalType

_FAMILIES = (NUMBERS, MOMENTS)


def type_fit(expected: LogicalType, incoming: LogicalType) -> float:
    """How well an incoming type fills an expected one: 1 the same, 0 nothing in common."""
    if incoming == expected:
        return 1.0
    if incoming.widens(expected):
        return 0.9
    if any(incoming in family and expected in family for family in _FAMILIES):
        return 0.6
    # Text can hold anything, so a column that arrives as text may well be the same one, badly typed.
    return 0.4 if LogicalType.STRING in (incoming, expected) else 0.1
