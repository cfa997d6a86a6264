"""Which type can be made into which; what becomes of a single value is the business of `conversions`."""

from contracts.data import LogicalType

_B, _I, _F, _D, _S = (
    LogicalType.BOOLEAN,
    LogicalType.INTEGER,
    LogicalType.FLOAT,
    LogicalType.DECIMAL,
    LogicalType.STRING,
)
_DATE, _TIME, _TS, _TZ, _BIN = (
    LogicalType.DATE,
    LogicalType.TIME,
    LogicalType.TIMESTAMP,
    LogicalType.TIMESTAMP_TZ,
    LogicalType.BINARY,
)

CONVERTIBLE: dict[LogicalType, frozenset[LogicalType]] = {
    _B: frozenset({_B, _I, _F, _D, _S}),
    _I: frozenset({_I, _B, _F, _D, _S}),
    _F: frozenset({_F, _I, _D, _S}),
    _D: frozenset({_D, _I, _F, _S}),
    _S: frozenset(LogicalType),
    _DATE: frozenset({_DATE, _TS, _TZ, _S}),
    _TIME: frozenset({_TIME, _S}),
    _TS: frozenset({_TS, _TZ, _DATE, _TIME, _S}),
    _TZ: frozenset({_TZ, _TS, _DATE, _TIME, _S}),
    _BIN: frozenset({_BIN, _S}),
}

# Every value of the first fits the second.
_ALWAYS_FITS = {
    (_B, _I), (_B, _F), (_B, _D), (_I, _F), (_I, _D), (_D, _F), (_DATE, _TS), (_DATE, _TZ), (_TS, _TZ), (_TS, _DATE),
    (_TS, _TIME), (_TZ, _TS), (_TZ, _DATE), (_TZ, _TIME), (_S, _BIN),
}  # fmt: skip


def can_convert(source: LogicalType, target: LogicalType) -> bool:
    """Whether there is a way at all."""
    return target in CONVERTIBLE[source]


def can_fail(source: LogicalType, target: LogicalType) -> bool:
    """Whether some values of the source do not fit the target."""
    if source is target or (target is _S and source is not _BIN):
        return False
    return (source, target) not in _ALWAYS_FITS
