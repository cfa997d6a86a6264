"""Dates as people write them, and what a column of them leaves open: the order of day and month is never guessed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal

Order = Literal["ymd", "dmy", "mdy", "ymd2", "dmy2", "mdy2", "named", "compact"]

_MONTHS = (
    "jan january januar janvier janv enero ene gennaio gen januari janeiro leden ledna styczen stycznia "
    "ocak tammikuuta ianuarie январь января янв",
    "feb february februar fevrier fevr febrero febbraio februari fevereiro fev unor unora luty lutego "
    "subat helmikuuta februarie февраль февраля фев",
    "mar march marz maerz mars marzo mrt maart marco mrz marzec marca brezen brezna mart martie "
    "maaliskuuta marts март марта мар",
    "apr april avril avr abril abr aprile kwiecien kwietnia duben dubna nisan aprilie huhtikuuta апрель "
    "апреля апр",
    "may mai mayo maggio mag mei maio maj maja kveten kvetna mayis toukokuuta май мая",
    "jun june juni juin junio giugno giu junho czerwiec czerwca cerven cervna haziran iunie kesakuuta "
    "июнь июня июн",
    "jul july juli juillet juil julio luglio lug julho lipiec lipca cervenec cervence temmuz iulie "
    "heinakuuta июль июля июл",
    "aug august aout agosto ago augustus sierpien sierpnia srpen srpna agustos elokuuta август августа "
    "авг",
    "sep september sept septembre septiembre settembre set setembro wrzesien wrzesnia zari eylul "
    "septembrie syyskuuta сентябрь сентября сен",
    "oct october oktober okt octobre octubre ottobre ott outubro out pazdziernik pazdziernika rijen rijna "
    "ekim octombrie lokakuuta октябрь октября окт",
    "nov november novembre noviembre novembro listopad listopada listopadu kasim noiembrie marraskuuta "
    "ноябрь ноября ноя",
    "dec december dezember dez decembre diciembre dic dicembre desember dezembro grudzien grudnia "
    "prosinec prosince aralik decembrie joulukuuta декабрь декабря дек",
)  # fmt: skip
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_ACCENTS = str.maketrans(
    "áàâäãåéèêëěíìîïıóòôöõúùûüůçñńśşšźżžąęłćčřțţťýğă", "aaaaaaeeeeeiiiiiooooouuuuucnnssszzzaelccrtttyga"
)
_DAYS = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_TIME = re.compile(
    r"(?:\s*[T,]\s*|\s+(?:at\s+|um\s+|à\s+)?|:)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?"
    r"\s*(Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)?$"
)
_PARTS = re.compile(r"^(\d{1,4})\s?([-/.\s])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?!\d)")
_DAY_NAME_YEAR = re.compile(
    rf"^{_DAYS}(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[\s\-/,]*(?:de\s+|of\s+)?([^\W\d_]+)\.?[\s\-/,]*(?:de\s+)?(\d{{4}}|\d{{2}})(?!\d)",
    re.I,
)
_NAME_DAY_YEAR = re.compile(
    rf"^{_DAYS}([^\W\d_]{{3,12}})\.?[\s\-/]*(\d{{1,2}})(?:st|nd|rd|th)?[\s\-/,]+(\d{{4}}|\d{{2}})(?!\d)", re.I
)
_YEAR_NAME_DAY = re.compile(r"^(\d{4})[\s\-/]+([^\W\d_]+)\.?[\s\-/]+(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$")
# As C and Unix write moments.
_CTIME = re.compile(r"^[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (?:(UTC|GMT|[+-]\d{4}) )?(\d{4})$")
_HAN = re.compile(r"^(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_PIVOT = 69  # two-digit years from here on are of the last century


@dataclass(frozen=True)
class Written:
    """A written moment: what it is in each order that its digits allow."""

    days: dict[Order, date]
    time: timedelta | None
    zone: timezone | None


def written(text: str) -> Written | None:
    """A date or a moment; None when it is neither."""
    text = text.strip()
    if not 6 <= len(text) <= 60 or not any(c.isdigit() for c in text):
        return None
    compact = _COMPACT.match(text)
    if compact is not None:
        return _compact(compact)
    if unix := _CTIME.match(text):
        text = f"{unix[1]} {unix[2]} {unix[5]} {unix[3]}{unix[4] or ''}"
    days, end = _days(text)
    if not days:
        return None
    rest = text[end:]
    if not rest.strip():
        return Written(days, None, None)
    clock = _TIME.match(rest)
    if clock is None:
        return None
    time = _clock(clock)
    return None if time is None else Written(days, time, _zone(clock[6]))


def _days(text: str) -> tuple[dict[Order, date], int]:
    if found := _PARTS.match(text):
        return _numbers(found), found.end()
    if found := _HAN.match(text):
        return _only("ymd", int(found[1]), int(found[2]), int(found[3])), found.end()
    for pattern, (year, month, day) in (
        (_DAY_NAME_YEAR, (3, 2, 1)),
        (_NAME_DAY_YEAR, (3, 1, 2)),
        (_YEAR_NAME_DAY, (1, 2, 3)),
    ):
        if found := pattern.match(text):
            number = _MONTH.get(found[month].lower().translate(_ACCENTS))
            if number is not None:
                return _only("named", _year(found[year]), number, int(found[day])), found.end()
    return {}, 0


def _numbers(found: re.Match[str]) -> dict[Order, date]:
    first, second, third = found[1], found[3], found[4]
    if len(first) == 4:
        return _only("ymd", int(first), int(second), int(third)) if len(third) <= 2 else {}
    if len(first) > 2 or len(third) not in (2, 4):
        return {}
    year = _year(third)
    orders: tuple[tuple[Order, int, int], ...] = (("dmy", int(second), int(first)), ("mdy", int(first), int(second)))
    if len(third) == 2:
        orders = (("dmy2", int(second), int(first)), ("mdy2", int(first), int(second)))
    days: dict[Order, date] = {}
    for order, month, day in orders:
        days |= _only(order, year, month, day)
    if len(third) == 2 and (not days or (found[2] == "-" and len(first) == 2)):
        days |= _only("ymd2", _year(first), int(second), int(third))
    return days


def _only(order: Order, year: int, month: int, day: int) -> dict[Order, date]:
    try:
        return {order: date(year, month, day)} if 1000 <= year < 3000 else {}
    except ValueError:
        return {}


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (1900 if year >= _PIVOT else 2000)


def _compact(found: re.Match[str]) -> Written | None:
    days = _only("compact", int(found[1]), int(found[2]), int(found[3]))
    if not days or not 1900 <= int(found[1]) <= 2100:
        return None
    if found[4] is None:
        return Written(days, None, None)
    hours, minutes, seconds = int(found[4]), int(found[5]), int(found[6] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return Written(days, timedelta(hours=hours, minutes=minutes, seconds=seconds), _zone(found[7]))


def _clock(found: re.Match[str]) -> timedelta | None:
    hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[5] or "").replace(".", "").lower()
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half == "pm" else 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    fraction = (found[4] or "").ljust(6, "0")
    if fraction[6:].strip("0"):
        return None  # finer than can be held: as a text it keeps all its digits
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=int(fraction[:6]))


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    digits = text.removeprefix("UTC").removeprefix("GMT")
    if digits in ("", "Z"):
        return UTC
    minutes = int(digits[1:3]) * 60 + int(digits[-2:] if len(digits) > 3 else 0)
    return timezone(timedelta(minutes=minutes if digits[0] == "+" else -minutes))


@dataclass(frozen=True)
class DateSpelling:
    """How the dates of a column are written."""

    order: Order
    time: bool
    zone: bool

    @property
    def text(self) -> str:
        """For people."""
        said = {
            "ymd": "year, month, day", "dmy": "day first", "mdy": "month first", "dmy2": "day first, two-digit year",
            "mdy2": "month first, two-digit year", "ymd2": "year first, of two digits", "named": "month by name",
            "compact": "digits without separators",
        }  # fmt: skip
        return said[self.order]

    def value(self, text: str) -> date | datetime:
        """The date or moment; raises ValueError."""
        found = written(text)
        if found is None or self.order not in found.days or (found.zone is not None) != self.zone:
            raise ValueError(text)
        day = found.days[self.order]
        if not self.time:
            if found.time is not None:
                raise ValueError(text)
            return day
        moment = datetime(day.year, day.month, day.day) + (found.time or timedelta())  # noqa: DTZ001 - none is told
        return moment.replace(tzinfo=found.zone).astimezone(UTC) if found.zone is not None else moment


class DateEvidence:
    """What the values of a column leave possible."""

    def __init__(self) -> None:
        self.alive = True
        self._orders: set[Order] | None = None
        self._time = False
        self._zones: set[bool] = set()
        self._seen = 0
        self._ends: tuple[set[str], set[str]] = (set(), set())  # first and last digits of those with short years
        self._differ = False  # whether any value means another day in another order

    def add(self, texts: Iterable[str]) -> None:
        """Take more values; `alive` says whether they can still be dates."""
        for text in texts:
            found = written(text)
            if found is None:
                self.alive = False
                return
            if "ymd2" in found.days and len(found.days) > 1:
                for ends, digits in zip(self._ends, (text.strip()[:2], text.strip()[6:8]), strict=True):
                    ends.add(digits)
            self._orders = set(found.days) if self._orders is None else self._orders & set(found.days)
            self._time = self._time or found.time is not None
            self._zones.add(found.zone is not None)
            self._seen += 1
            self._differ = self._differ or len(set(found.days.values())) > 1
            if not self._orders or len(self._zones) > 1:
                self.alive = False
                return

    def _likely(self, orders: set[Order]) -> set[Order]:
        """Of short years at either end: those of a column are fewer than its days."""
        firsts, lasts = map(len, self._ends)
        if "ymd2" not in orders or len(orders) == 1 or firsts == lasts:
            return orders
        return {"ymd2"} if firsts < lasts else orders - {"ymd2"}

    def spellings(self) -> list[DateSpelling]:
        """One for each order that all values allow and that tells other days."""
        if not self.alive or not self._orders:
            return []
        orders = sorted(self._likely(self._orders))
        if orders == ["compact"] and self._seen < 2 and not self._time:
            return []
        found = [DateSpelling(order, self._time, True in self._zones) for order in orders]
        return found if self._differ else found[:1]
