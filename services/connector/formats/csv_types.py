"""Texts as typed columns: which type all values of a column have, and which values do not have it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute

from contracts.data import LogicalType
from services.chassis.arrow import arrow_type
from services.connector.formats.null_markers import MARKERS

# Blanks of other kinds: tabs, and those of Unicode. A line end is content: somebody quoted it.
_RARE_BLANKS = (b"\t", b"\xc2\xa0", b"\xe2\x80", b"\xe3\x80\x80")
_BLANKS = " \t\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000"
# A tab in front of what a spreadsheet program would take for a formula: somebody put it there so that it does not.
_GUARDED = r"^\t[\t ]*(?:[=@]|[+-][^\d.,\s])"
Lexicon = Literal["text", "postgres"]
Values = Any  # an Arrow array
pc: Any = pyarrow.compute  # its stubs know too few of its overloads


def markers_of(lexicon: Lexicon) -> tuple[str, ...]:
    """What may stand for "no value" in a column that holds no texts."""
    return ("",) if lexicon == "postgres" else tuple(sorted(MARKERS))


_T = LogicalType
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_ZONE = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_WHOLE = r"(?:0|[1-9][0-9]*)"
_EXPONENT = r"[eE][+-]?[0-9]{1,3}"

# How values of each type may be written. Digits that would not come out again as they went in are no numbers:
# leading zeros, a plus sign, more digits than the type holds exactly.
_WRITTEN: dict[LogicalType, str] = {
    _T.INTEGER: r"(?:0|-?[1-9][0-9]{0,17})",
    _T.FLOAT: rf"-?(?:0|[1-9][0-9]{{0,14}}|(?:{_WHOLE}\.[0-9]*|\.[0-9]+)(?:{_EXPONENT})?|{_WHOLE}{_EXPONENT})",
    _T.DECIMAL: r"-?(?:0|[1-9][0-9]{0,28})(?:\.[0-9]{1,9})?",
    _T.BOOLEAN: r"(?i:true|false)",
    _T.DATE: _DATE,
    _T.TIMESTAMP: rf"{_DATE}(?:[T ]{_CLOCK})?",
    _T.TIMESTAMP_TZ: rf"{_DATE}[T ]{_CLOCK}{_ZONE}",
    _T.TIME: r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?",
    _T.BINARY: r"\\x(?:[0-9a-fA-F]{2})*",
}
_PATTERNS = {type: f"^{pattern}$" for type, pattern in _WRITTEN.items()}
_COMPILED = {type: re.compile(pattern) for type, pattern in _WRITTEN.items()}

# In this order: the first that all values fit.
_CANDIDATES = (_T.INTEGER, _T.FLOAT, _T.BOOLEAN, _T.DATE, _T.TIMESTAMP, _T.TIMESTAMP_TZ)
_WIDER: dict[frozenset[LogicalType], LogicalType] = {
    frozenset({_T.INTEGER, _T.FLOAT}): _T.FLOAT,
    frozenset({_T.DATE, _T.TIMESTAMP}): _T.TIMESTAMP,
}


@dataclass(frozen=True)
class Converted:
    """A column in its type; `bad` marks the values that do not have it, None when all do."""

    values: Values
    bad: Values | None = None


def trimmed(values: Values, *, blanks: bool = False) -> Values:
    """Texts without the blanks around them; nothing is done where there are none, which is quickly seen."""
    letters = values.buffers()[2] if isinstance(values, pa.Array) else None
    content = b" \t" if letters is None else letters.to_pybytes()
    around = b" " in content and any(pc.any(ends(values, " ")).as_py() for ends in (pc.starts_with, pc.ends_with))
    rare = not around and any(sign in content for sign in _RARE_BLANKS)
    if around or (rare and pc.any(pc.match_substring_regex(values, r"^[\t\p{Zs}]|[\t\p{Zs}]$")).as_py()):
        bare = pc.utf8_trim(values, characters=_BLANKS)
        # What is nothing but blanks is no value, unless somebody quoted such texts.
        emptied = pc.and_(pc.equal(bare, ""), pc.not_equal(values, ""))
        return pc.if_else(emptied, values if blanks else pa.scalar(None, pa.string()), bare)
    return values


def trimmed_texts(values: Values, *, blanks: bool = False) -> Values:
    """The same for a column of texts, where a tab can be a part of the value."""
    bare = trimmed(values, blanks=blanks)
    if bare is values:
        return values
    return pc.if_else(pc.match_substring_regex(values, _GUARDED), pc.utf8_rtrim(values, characters=_BLANKS), bare)


def infer(values: Values) -> LogicalType | None:
    """The narrowest type that all values have; None when there is no value."""
    texts = pc.drop_null(values)
    if len(texts) == 0:
        return None
    for type in _CANDIDATES:
        # One look at the first value spares most columns a look at all of them.
        if _COMPILED[type].fullmatch(texts[0].as_py()) and convert(texts, type).bad is None:
            return type
    return _T.STRING


def infer_text(values: Iterable[str]) -> str | None:
    """The same for a few texts as they stand in the file; the type's name."""
    filled = [value for value in values if value not in MARKERS]
    found = infer(pa.array(filled, type=pa.string()))
    return found.value if found else None


def wider(one: LogicalType | None, other: LogicalType | None) -> LogicalType | None:
    """The narrowest type that holds what both hold."""
    if one is None or other is None or one == other:
        return one or other
    return _WIDER.get(frozenset({one, other}), _T.STRING)


def convert(values: Values, type: LogicalType, lexicon: Lexicon = "text") -> Converted:
    """Texts as values of a type. A text that is none becomes null and is marked."""
    if type == _T.STRING:
        return Converted(pc.cast(values, arrow_type(type)))
    strict = _strict(values, type, lexicon)
    if strict is not None:
        return Converted(strict)
    # Quoted markers for "no value" are no texts here.
    values = pc.if_else(pc.is_in(values, pa.array(markers_of(lexicon))), pa.scalar(None, pa.string()), values)
    written = pc.fill_null(pc.match_substring_regex(values, _pattern(type, lexicon)), False)
    kept = pc.if_else(written, values, pa.scalar(None, pa.string()))
    good = pc.is_valid(_salvage(kept, type, lexicon))
    bad = pc.and_(pc.is_valid(values), pc.invert(good))
    final = _strict(pc.if_else(good, kept, pa.scalar(None, pa.string())), type, lexicon)
    if final is None:
        raise AssertionError("values that convert one by one convert together")
    return Converted(final, bad if pc.any(bad).as_py() else None)


def _pattern(type: LogicalType, lexicon: Lexicon) -> str:
    if lexicon == "postgres":
        loose = {
            _T.INTEGER: r"^-?[0-9]+$",
            _T.FLOAT: r"^(?:-?Infinity|NaN|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)$",
            _T.BOOLEAN: r"^[tf]$",
        }
        return loose.get(type, _PATTERNS[type])
    return _PATTERNS[type]


def _salvage(values: Values, type: LogicalType, lexicon: Lexicon) -> Values:
    """Convert what converts: halves are tried until the misfits stand alone."""
    whole = _strict(values, type, lexicon)
    if whole is not None:
        return whole
    if len(values) == 1:
        return pc.cast(pa.nulls(1), arrow_type(type))
    middle = len(values) // 2
    return pa.concat_arrays(
        [_salvage(values.slice(0, middle), type, lexicon), _salvage(values.slice(middle), type, lexicon)]
    )


def _strict(values: Values, type: LogicalType, lexicon: Lexicon) -> Values | None:
    """All values in their type, or None as soon as one does not have it."""
    written = pc.match_substring_regex(values, _pattern(type, lexicon))
    if not pc.all(written, skip_nulls=True, min_count=0).as_py():
        return None
    try:
        return _cast(values, type, lexicon)
    except pa.ArrowInvalid:
        return None


def _cast(values: Values, type: LogicalType, lexicon: Lexicon) -> Values | None:
    if type == _T.BOOLEAN:
        if lexicon == "postgres":
            return pc.equal(values, "t")
        return pc.equal(pc.ascii_lower(values), "true")
    if type == _T.TIME:
        moments = pc.binary_join_element_wise(pa.scalar("1970-01-01T"), values, "")
        return pc.cast(pc.cast(moments, pa.timestamp("ns")), arrow_type(type))
    if type == _T.BINARY:
        found = [None if value is None else bytes.fromhex(value[2:]) for value in values.to_pylist()]
        return pa.array(found, type=arrow_type(type))
    converted = pc.cast(values, arrow_type(type))
    if type == _T.FLOAT and lexicon == "text" and not pc.all(pc.is_finite(converted), min_count=0).as_py():
        return None
    return converted
