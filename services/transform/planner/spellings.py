"""How the values of a column are written: the step that reads them as numbers or dates, or the question that decides."""

import re
from collections.abc import Sequence
from functools import cache

from contracts.data import LogicalType
from contracts.recipe import Cast, ParseDate, ParseNumber, ReplaceText, Step, Text, Trim
from services.transform.planner.magnitudes import bare_wanted
from services.transform.planner.months import month_only, month_steps
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader
from services.transform.planner.view import ask
from services.transform.steps.formats import SHAPES

_MAPPED = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:%|percent)\s*(?:->|=>|→|=|to|into|becomes?|should (?:be|become)|as|is|means|:)\s*(?:the\s+|an?\s+)?(?:plain\s+)?(?:number\s+)?(\d*\.?\d+)"
)
_FRACTION = re.compile(
    r"\bfractions?\b|(?<![\w.])0?\.\d|\bratios?\b|\bproportions?\b|between 0 and 1|\bdecimal (?:fraction|form)|\bas (?:a )?decimals?\b|\bdivide[d]? by 100",
    re.I,
)
_POINTS = re.compile(
    r"(?:percent|%|percentage) (?:signs?|symbols?|characters?|marks?)|without (?:the )?(?:%|percent)|percentage points|\bpercent number|number of percent|(?:strip|drop|remove|lose|cut|rid of) (?:the )?(?:%|percent)",
    re.I,
)
_NO_FRACTION = re.compile(
    r"(?:\bnot|n't|\bnever|\binstead of|\brather than|\bwithout|\bno)\s+(?:\w+\s+){0,3}?(?:fractions?|0?\.\d+|divid\w+|decimals?|to 1|by 100)\b",
    re.I,
)
_HUNDRED = re.compile(
    r"\b0\s*(?:-|–|to|and|\.\.)\s*100\b|\bout of 100\b|\b100 scale\b|\bpercent(?:age)? (?:scale|values?)\b", re.I
)
_COMMA_POINT = re.compile(
    r"\beuropean\b|\bgerman\b|\bcontinental\b|decimal commas?|comma (?:as|is|for) (?:the )?decimal|\bfrench\b|\bspanish\b|\bitalian\b|commas? (?:as|for) decimals?|dots? (?:as|for|are|is) (?:the )?thousands?|dots? for thousands|commas? (?:to|into|with) (?:a )?(?:points?|dots?)|decimal separator is (?:a |the )?comma",
    re.I,
)
_POINT_POINT = re.compile(
    r"\bamerican\b|\benglish\b|\bus (?:style|format)|thousands? (?:separator )?commas?|commas? (?:as|for|are|is) (?:the )?thousands?|decimal points?|thousands separators?",
    re.I,
)
_WHOLE = re.compile(r"\bintegers?\b|\bints?\b|\bwhole numbers?\b", re.I)
_SIGNS = re.compile(r"[€$£¥₹₽₩฿¢]|\b(?:EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|kr\.?|Fr\.?)(?![A-Za-z])|zł")

_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M", " %I:%M %p", " %I:%M:%S %p", ", %H:%M")
_SURE = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%B %d %Y",
    "%d-%b-%Y", "%d-%B-%Y", "%d-%b-%y", "%d %b %y", "%b %d, %y", "%d. %B %Y", "%d. %b %Y", "%d/%b/%Y", "%Y %b %d", "%Y-%b-%d", "%d %B, %Y",
    "%a %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y", "%a, %d %b %Y", "%a %b %d %Y", "%a, %b %d, %Y", "%b-%d-%Y", "%d.%b.%Y", "%A %d %B %Y", "%Y %B %d", "%B %d %y", "%d%b%Y",
)  # fmt: skip
_NUMBERED = re.compile(r"^\s*(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_DAY_FIRST = re.compile(
    r"\bdays?\s*[/\-. ]\s*months?\b|\bd{1,2}\s*[/\-.]\s*m{1,2}\b|\bdays? (?:come[s]? |is |goes )?(?:first|before)|\beuropean|\bbritish|\buk\b|\bgerman|\bday, month|\bday then month|\bday month\b|\bfrench",
    re.I,
)
_MONTH_FIRST = re.compile(
    r"\bmonths?\s*[/\-. ]\s*days?\b|\bm{1,2}\s*[/\-.]\s*d{1,2}\b|\bmonths? (?:come[s]? |is |goes )?(?:first|before)|\bamerican|\bus (?:style|format|dates?|order|notation)|\bu\.s\.|\bmonth, day|\bmonth then day|\bus\b",
    re.I,
)
_ISO = re.compile(
    r"\by{4}[/\-. ]?m{2}[/\-. ]?d{2}\b", re.I
)  # where the year comes first: what is wanted, never what is there
_TARGET = re.compile(
    r"(?:to|into|as|in|be)\s+(?:the\s+)?(?:format\s+)?['\"]?[ymd]{2,4}[/\-. ][ymd]{2,4}[/\-. ][ymd]{2,4}['\"]?", re.I
)
_ORDINAL = re.compile(r"\b(\d{1,2})(st|nd|rd|th)\b")


def number_steps(reader: Reader, column: str, *, whole: bool | None = None) -> list[Step]:
    """Steps that make numbers of a column; none where it holds numbers already."""
    view = reader.column(column)
    if view.type in NUMERIC:
        return []
    if view.type is not LogicalType.STRING:
        raise ask("contradictory", f"'{column}' is no text that numbers could be read from. Which column is meant?")
    values = [value.strip() for value in view.values if value.strip()]
    if not values:  # made by a step before: nothing is known of them but that they are to be numbers
        trimmed = Text(columns=(column,), operations=(Trim(kind="trim"),))
        return [trimmed, ParseNumber(columns=(column,), decimal=".", thousands=",", to="integer" if whole else "float")]
    said = reader.text
    percent = _percent(reader, column, values, said)
    steps: list[Step] = []
    bare = [_SIGNS.sub("", value).replace("%", "").strip() for value in values]
    letters = {re.sub(r"[\d.,()'+\-−]+", "", value).strip() for value in bare} - {""}
    if any(re.search(r"[^\W\d_]", one) for one in letters):
        if len({one.casefold() for one in letters}) > 1 or bare_wanted(values, next(iter(letters)), said) is not True:
            odd = next(value for value in values if re.search(r"[^\W\d_]", _SIGNS.sub("", value)))
            raise ask(
                "unclear",
                f"'{column}' holds '{odd}'. What number is that to be?",
                ["leave it empty", "remove those rows"],
            )
        unit = letters.pop()
        steps.append(ReplaceText(columns=(column,), pattern=rf"\s*{re.escape(unit)}\s*", replacement=""))
        bare = [value.replace(unit, "").strip() for value in bare]
    decimal, thousands = _marks(column, bare, said)
    fractions = any(re.search(rf"{re.escape(decimal)}\d+\)?$", value) for value in bare)
    target = (
        "integer"
        if not fractions and percent != "fraction" and (whole or _WHOLE.search(said) or whole is None)
        else "float"
    )
    odd_signs = any(re.search(r"[()]", value) or _SIGNS.search(value) for value in values)
    steps.append(
        ParseNumber(
            columns=(column,),
            decimal=decimal,
            thousands=thousands,
            percent=percent,
            currency=odd_signs,
            to=target,
        )
    )
    return steps


def _percent(reader: Reader, column: str, values: Sequence[str], said: str) -> str:
    if not any("%" in value for value in values):
        return "none"
    mapped = _MAPPED.search(said)
    if mapped:
        before, after = float(mapped[1]), float(mapped[2])
        return "fraction" if abs(before / 100 - after) < 1e-9 else "number"
    refused, hundred = _NO_FRACTION.search(said), _HUNDRED.search(said)
    rest = _NO_FRACTION.sub(" ", said)
    if _FRACTION.search(rest) and not hundred:
        return "fraction"
    if refused or hundred or _POINTS.search(rest):
        return "number"
    raise ask("ambiguous", f"Is 20% in '{column}' to become 0.2 or 20?", ["0.2", "20"])


def _marks(column: str, bare: Sequence[str], said: str) -> tuple[str, str | None]:
    """The sign of the decimals and that of the thousands."""
    spaced = any(re.search(r"\d[  ]\d", value) for value in bare)
    ticked = any(re.search(r"\d['’]\d", value) for value in bare)
    group = " " if spaced else "'" if ticked else None
    comma = [value for value in bare if "," in value]
    dot = [value for value in bare if "." in value]
    for one, other in ((",", "."), (".", ",")):
        if any(one in value and other in value and value.rindex(one) > value.rindex(other) for value in bare):
            return one, other
    sure_comma = any(value.count(",") == 1 and not re.search(r"\d,\d{3}\)?$", value) for value in comma)
    sure_dot = any(value.count(".") == 1 and not re.search(r"\d\.\d{3}\)?$", value) for value in dot)
    if sure_comma:
        return ",", group or ("." if dot else None)
    if sure_dot:
        return ".", group or ("," if comma else None)
    many_dots = any(value.count(".") > 1 for value in dot)
    if dot and (many_dots or (_COMMA_POINT.search(said) and not _POINT_POINT.search(said))):
        return ",", "."
    if (
        comma
        and _COMMA_POINT.search(said)
        and not _POINT_POINT.search(said)
        and not any(value.count(",") > 1 for value in comma)
    ):
        return ",", None
    if dot and all(re.fullmatch(r"\(?[+\-−]?\d{1,3}\.\d{3}\)?", value) for value in dot) and len(dot) == len(bare):
        raise ask(
            "ambiguous",
            f"Is '{dot[0]}' in '{column}' a number in the thousands or one with three decimals?",
            ["thousands", "decimals"],
        )
    return ".", group or ("," if comma else None)


def looks_dated(reader: Reader, column: str) -> bool:
    """Whether the values of a column of texts are dates."""
    view = reader.column(column)
    if view.type in TEMPORAL:
        return True
    if view.type is not LogicalType.STRING or not view.values:
        return False
    if month_only(view.values):
        return True
    sample = [_ORDINAL.sub(r"\1", value.strip()) for value in view.values[:200]]
    return sum(bool(_NUMBERED.match(value) or _sure(value)) for value in sample) >= 0.9 * len(sample)


def dated_columns(reader: Reader) -> list[str]:
    """The columns whose values are dates."""
    return [column.name for column in reader.view.columns if looks_dated(reader, column.name)]


def date_steps(reader: Reader, column: str, *, to: str | None = None) -> list[Step]:
    """Steps that read the dates of a column of texts; none where it holds dates already."""
    view = reader.column(column)
    if view.type in TEMPORAL:
        return []
    if view.type is not LogicalType.STRING:
        raise ask(
            "contradictory",
            f"'{column}' holds no texts that could be dates. Which column is meant?",
            dated_columns(reader),
        )
    months = month_steps(reader, column, view.values)
    if months is not None:
        return months
    steps: list[Step] = []
    if any(_ORDINAL.search(value) for value in view.values):
        steps.append(ReplaceText(columns=(column,), pattern=r"\b([0-9]{1,2})(?:st|nd|rd|th)\b", replacement=r"\1"))
    if any(value != value.strip() for value in view.values):
        steps.append(ReplaceText(columns=(column,), pattern=r"^\s+|\s+$", replacement=""))
    formats = date_format(reader, column)
    clock = any("%H" in one or "%I" in one for one in formats)
    target = to or ("timestamp" if clock else "date")
    steps.append(ParseDate(columns=(column,), formats=formats, to=target))
    return steps


def date_format(reader: Reader, column: str) -> tuple[str, ...]:
    """The formats of the dates of a column; a doubt where day and month cannot be told apart."""
    values = [_ORDINAL.sub(r"\1", value.strip()) for value in reader.column(column).values]
    found: dict[str, None] = {}
    numbered: list[tuple[str, re.Match[str]]] = []
    for value in values:
        match = _NUMBERED.match(value)
        if match:
            numbered.append((value, match))
            continue
        formats = [one for one in found if fits(value, one)] or _sure(value)
        if not formats:
            raise ask(
                "unclear",
                f"'{value}' in '{column}' is no date. What is to become of it?",
                ["leave it empty", "remove those rows"],
            )
        found[formats[0]] = None
    if numbered:
        found |= dict.fromkeys(_numbered_formats(reader, column, numbered))
    if not found:
        raise ask("unclear", f"'{column}' holds no dates. Which column does?", dated_columns(reader))
    return tuple(found)


def _sure(value: str) -> list[str]:
    return [one + time for one in _SURE for time in _TIMES if fits(value, one + time)]


def fits(value: str, format: str) -> bool:
    """Whether a text is written in a format of dates."""
    return _shape(format).fullmatch(value) is not None


@cache
def _shape(format: str) -> re.Pattern[str]:
    """What texts of a format look like."""
    parts = re.split(r"(%.)", format)
    return re.compile("".join(SHAPES[part[1]] if part.startswith("%") else re.escape(part) for part in parts))


def _numbered_formats(reader: Reader, column: str, numbered: list[tuple[str, re.Match[str]]]) -> list[str]:
    said = _ISO.sub(" ", _TARGET.sub(" ", reader.text))
    day_first, month_first = bool(_DAY_FIRST.search(said)), bool(_MONTH_FIRST.search(said))
    if day_first and month_first:
        day_first = month_first = False
    days = any(int(match[1]) > 12 for _, match in numbered)
    months = any(int(match[3]) > 12 for _, match in numbered)
    if days and months:
        raise ask(
            "ambiguous",
            f"Some dates of '{column}' begin with the day and some with the month. How are the others to be read?",
            ["day first", "month first"],
        )
    if (days and month_first) or (months and day_first):
        raise ask(
            "contradictory",
            f"'{column}' holds dates that cannot be read so. Day first or month first?",
            ["day first", "month first"],
        )
    dots = all(match[2] == "." for _, match in numbered)
    if not (days or months or day_first or month_first or dots):
        raise ask(
            "ambiguous",
            f"Is the date column '{column}' day/month/year or month/day/year? No value settles it.",
            ["day/month/year", "month/day/year"],
        )
    order = ("%d", "%m") if days or day_first or (dots and not month_first and not months) else ("%m", "%d")
    formats: dict[str, None] = {}
    for value, match in numbered:
        year = "%Y" if len(match[4]) == 4 else "%y"
        base = match[2].join((*order, year))
        whole = next((base + time for time in _TIMES if fits(value, base + time)), None)
        if whole is None:
            raise ask(
                "unclear",
                f"'{value}' in '{column}' is no date. What is to become of it?",
                ["leave it empty", "remove those rows"],
            )
        formats[whole] = None
    return list(formats)


def written_style(said: str) -> str | None:
    """The format that somebody means by DD/MM/YYYY or `March 5, 2012`; None where it is none."""
    low = said.casefold()
    parts = re.findall(r"y{2,4}|m{2,4}|d{1,2}|[^ymd]+", low)
    signs = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "mmm": "%b", "mmmm": "%B", "dd": "%d", "d": "%d"}
    found = "".join(signs.get(part, part) for part in parts)
    return found if {"%d"} <= set(re.findall(r"%\w", found)) and len(re.findall(r"%\w", found)) == 3 else None


def as_written(column: str, format: str) -> Cast:
    """Dates as texts in a format."""
    return Cast(columns={column: LogicalType.STRING}, format=format)
