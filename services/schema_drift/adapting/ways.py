"""What brings a column that came into the type and the spelling that are needed, and past values back into its form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contracts.data import MOMENTS, NUMBERS, LogicalType
from contracts.recipe import (
    Affix,
    Cast,
    FillNull,
    ParseDate,
    ParseNumber,
    Replace,
    Replacement,
    ReplaceText,
    Step,
    Text,
)
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.plain import PLAIN_NUMBER, WHOLE_NUMBER

OnFailure = Literal["quarantine", "null"]
# What stands around a number in each way of writing it that parse_number does not take off by itself.
_AROUND: dict[str, tuple[str, str]] = {
    "minus at the end": (r"^(.*[0-9])\s*-$", r"-\1"),
    "apostrophe before number": (r"^['’`]", ""),
    "quotation marks in value": (r"[\"'“”‘’]", ""),
    "word after number": (r"^[^0-9+-]+|[^0-9]+$", ""),
}
_UNREADABLE = frozenset({"number inside JSON"})


@dataclass(frozen=True)
class Way:
    """Steps on a column under its needed name; `certain` is False where a change is left as it came."""

    there: tuple[Step, ...] = ()
    back: tuple[Step, ...] = ()
    certain: bool = True


@dataclass(frozen=True)
class Side:
    """A column on one side: its type, and its values where they are known."""

    type: LogicalType
    figures: Figures | None = None


def way(name: str, needed: Side, came: Side, on_failure: OnFailure, rewritten: bool = False) -> Way | None:
    """The way for one column; None where none is known. `rewritten` says that its spelling was found to differ."""
    if came.type is needed.type and needed.type is not LogicalType.STRING:
        return Way()
    if came.type is needed.type:
        spelled = _spellings(name, needed.figures, came.figures) if rewritten else None
        return spelled or Way(certain=not rewritten)
    if came.type.widens(needed.type):
        return Way()
    if came.type is LogicalType.STRING and needed.type in NUMBERS:
        return _number(name, needed.type, came.figures, on_failure)
    if came.type is LogicalType.STRING and needed.type in MOMENTS:
        return _moment(name, needed.type, came.figures, on_failure)
    if came.type is LogicalType.STRING and needed.type is LogicalType.BOOLEAN:
        return _truth(name, came.figures, on_failure)
    if needed.type is LogicalType.STRING:
        return _text(name, needed, came, on_failure)
    dates = came.figures.dates if came.figures else None
    if came.type is LogicalType.INTEGER and needed.type in MOMENTS:
        if dates is None or needed.type is not LogicalType.DATE:
            return None
        text = _cast(name, LogicalType.STRING, on_failure)
        read = ParseDate(columns=(name,), formats=("%Y%m%d",), to="date", on_failure=on_failure)
        back = (_cast(name, LogicalType.STRING, "quarantine", "%Y%m%d"), _cast(name, LogicalType.INTEGER, "quarantine"))
        return Way((text, read), back)
    if {came.type, needed.type} & MOMENTS and not {came.type, needed.type} <= MOMENTS:
        return None
    return _cast_both(name, needed.type, came.type, on_failure)


def emptied(name: str, type: LogicalType, texts: Sequence[str]) -> Way | None:
    """Values that stand for nothing become null; None where there are none such in a column of this type."""
    values: list[Any] = list(texts)
    # Of numbers the reader has taken the usual markers for what they are.
    if type is LogicalType.INTEGER:
        values = [int(text) for text in texts if WHOLE_NUMBER.fullmatch(text)]
    elif type is LogicalType.FLOAT:
        values = [float(text) for text in texts if PLAIN_NUMBER.fullmatch(text)]
    elif type is not LogicalType.STRING:
        return None
    if not values:
        return None
    replaced = tuple(Replacement(old=value, new=None) for value in values)
    return Way((Replace(column=name, values=replaced),), (FillNull(columns=(name,), value=values[0]),))


def _cast(name: str, type: LogicalType, on_failure: OnFailure, format: str | None = None) -> Cast:
    return Cast(columns={name: type}, on_failure=on_failure, format=format)


def _cast_both(name: str, needed: LogicalType, came: LogicalType, on_failure: OnFailure) -> Way:
    return Way((_cast(name, needed, on_failure),), (_cast(name, came, "quarantine"),))


def _number(name: str, needed: LogicalType, came: Figures | None, on_failure: OnFailure) -> Way | None:
    found = came.numerals if came else None
    if came is None or found is None:
        return _cast_both(name, needed, LogicalType.STRING, on_failure)
    if found.way in _UNREADABLE:
        return None
    decimal, thousands = _marks(found.way, list(came.counts))
    read = ParseNumber(
        columns=(name,),
        decimal=decimal,
        thousands=thousands,
        percent="number" if found.way == "percent sign" else "none",
        currency=found.way in ("currency mark", "brackets around negatives"),
        to="integer" if needed is LogicalType.INTEGER else "decimal" if needed is LogicalType.DECIMAL else "float",
        on_failure=on_failure,
    )
    around = _AROUND.get(found.way)
    before = () if around is None else (ReplaceText(columns=(name,), pattern=around[0], replacement=around[1]),)
    return Way((*before, read), written_number(name, decimal, read.percent))


def written_number(name: str, decimal: str, percent: str) -> tuple[Step, ...]:
    """Numbers as texts with such a decimal mark, and with a percent sign where they had one."""
    back: list[Step] = [_cast(name, LogicalType.STRING, "quarantine")]
    if decimal == ",":
        back.append(ReplaceText(columns=(name,), pattern=".", replacement=",", literal=True))
    if percent == "number":
        back.append(Text(columns=(name,), operations=(Affix(kind="add_suffix", text="%"),)))
    return tuple(back)


def _marks(way: str, texts: list[str]) -> tuple[Literal[".", ","], Literal[",", ".", " ", "'"] | None]:
    """The decimal mark and the one between thousands."""
    if way == "thousands comma":
        return ".", ","
    if way == "thousands point":
        return ",", "."
    if way == "thousands apostrophe":
        return ".", "'"
    blank = any(sign in text.strip() for text in texts for sign in " \u00a0\u202f")
    if way in ("decimal comma", "thousands space"):
        comma = way == "decimal comma" or any("," in text for text in texts)
        point = comma and any("." in text for text in texts)
        return ("," if comma else "."), ("." if point else " " if blank else None)
    # Marks around the number say nothing of those in it: the last one is the decimal one, unless three digits follow.
    ends = [text.rpartition(",")[2] for text in texts if "," in text]
    if not ends:
        return ".", None
    comma = any("." in text and text.rindex(",") > text.rindex(".") for text in texts if "," in text) or any(
        len([sign for sign in end if sign.isdigit()]) != 3 for end in ends if "." not in end
    )
    return (",", ".") if comma else (".", ",")


def _moment(name: str, needed: LogicalType, came: Figures | None, on_failure: OnFailure) -> Way | None:
    dates = came.dates if came else None
    if dates is None:
        return _cast_both(name, needed, LogicalType.STRING, on_failure)
    if needed is LogicalType.TIMESTAMP_TZ:
        return None  # which zone is meant, the values do not say
    to: Literal["date", "timestamp"] = "date" if needed is LogicalType.DATE else "timestamp"
    format, first = _format(dates.way)
    formats = ("%Y%m%d",) if format == "%Y%m%d" else ()
    read = ParseDate(columns=(name,), formats=formats, day_first=first, to=to, on_failure=on_failure)
    written = format if needed is LogicalType.DATE or formats else f"{format} %H:%M:%S"
    return Way((read,), (_cast(name, LogicalType.STRING, "quarantine", written),))


def _format(way: str) -> tuple[str, bool | None]:
    """How such a day is written, and whether the day stands first."""
    if way.startswith("eight digits"):
        return "%Y%m%d", None
    if way.startswith(("day", "month")) and way != "month names":
        first = way.startswith("day")
        mark = way.removeprefix("day").removeprefix("month")[0]
        year = "%y" if way.endswith("two digits") else "%Y"
        return mark.join(("%d", "%m", year) if first else ("%m", "%d", year)), first
    return ("%d %b %Y" if way == "month names" else "%Y/%m/%d"), None


_CAST_TRUTHS = frozenset({("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"), ("1", "0")})


def _truth(name: str, came: Figures | None, on_failure: OnFailure) -> Way | None:
    words = came.truths if came else None
    cast = _cast_both(name, LogicalType.BOOLEAN, LogicalType.STRING, on_failure)
    if came is None or words is None or words in _CAST_TRUTHS:
        return cast
    if "" in words:
        return None
    values = tuple(Replacement(old=text, new="true" if came.means(text) else "false") for text in sorted(came.counts))
    return Way((Replace(column=name, values=values), *cast.there), cast.back)


def _text(name: str, needed: Side, came: Side, on_failure: OnFailure) -> Way:
    old, new = needed.figures, came.figures
    if came.type in MOMENTS and old is not None and old.dates is not None and came.type is LogicalType.DATE:
        format, first = _format(old.dates.way)
        if old.dates.way == "month names":
            return Way((_cast(name, LogicalType.STRING, on_failure),), (), certain=False)
        formats = ("%Y%m%d",) if format == "%Y%m%d" else ()
        back = ParseDate(columns=(name,), formats=formats, day_first=first, to="date", on_failure="quarantine")
        return Way((_cast(name, LogicalType.STRING, on_failure, format),), (back,))
    cast = _cast_both(name, LogicalType.STRING, came.type, on_failure)
    if old is not None and new is not None and old.truths and new.truths:
        words = {
            "true" if came.type is LogicalType.BOOLEAN else new.truths[0]: True,
            "false" if came.type is LogicalType.BOOLEAN else new.truths[1]: False,
        }
        spelled = {old.means(text): text for text in sorted(old.counts)}
        if len(spelled) == 2:
            there = tuple(Replacement(old=word, new=spelled[meant]) for word, meant in words.items())
            back_ = tuple(Replacement(old=one.new, new=one.old) for one in there)
            return Way(
                (*cast.there, Replace(column=name, values=there)), (Replace(column=name, values=back_), *cast.back)
            )
    return Way(cast.there, cast.back, certain=came.type is LogicalType.INTEGER)


def _spellings(name: str, old: Figures | None, new: Figures | None) -> Way | None:
    """Words for true and false in the spelling that is known; other spellings of texts are left alone."""
    if old is None or new is None or not old.truths or not new.truths or "" in (*old.truths, *new.truths):
        return None
    known, fresh = ({side.means(text): text for text in sorted(side.counts)} for side in (old, new))
    if len(known) != 2 or len(fresh) != 2 or new.distinct != 2:
        return None
    there = tuple(Replacement(old=fresh[meant], new=known[meant]) for meant in (True, False))
    back = tuple(Replacement(old=one.new, new=one.old) for one in there)
    return Way((Replace(column=name, values=there),), (Replace(column=name, values=back),))
