"""What stands below a table and is none of its rows: totals, rules, remarks."""

import re
from collections.abc import Sequence

from services.connector.formats.csv_layout import RULE, is_blank, kind_of
from services.connector.formats.spelled_numbers import shape_of

_TOTAL = re.compile(
    r"(?:(?:grand|sub|overall|running)[\s-]*)?(?:totals?|sum|summe|gesamt(?:summe)?|insgesamt|total g[eé]n[eé]ral"
    r"|totaal|totale|suma|soma|somme|toplam|celkem|razem|i alt|totalt|yhteensä|összesen|итого|всего"
    r"|合計|总计|總計|小計|합계"
    r"|σύνολο|zwischensumme|sous-total)\s*(?:[:.=]|\(.*\)|[-–].*)?",
    re.I,
)
_MEAN = re.compile(r"(?:average|avg\.?|mean|durchschnitt|mittelwert|moyenne|promedio)\s*:?", re.I)
_NOTE = re.compile(
    r"^\W*(?:source|sources|note|notes|footnote|quelle|anmerkung|fuente|nota|bron|fonte|generated|exported|created|report"
    r"|end of|printed"
    r"|copyright|©|page\s+\d|\d+ rows?\b|rows?:|records?:|total rows|last updated|as of|disclaimer|\*|†)",
    re.I,
)


def is_total(record: Sequence[str]) -> bool:
    """Whether a record sums up those above it."""
    filled = [cell.strip() for cell in record if cell.strip()]
    if filled and _MEAN.fullmatch(filled[0]) and len(filled) < len(record):
        return all(shape_of(cell) is not None for cell in filled[1:])
    if not filled or not (_TOTAL.fullmatch(filled[0]) or any(_TOTAL.fullmatch(cell) for cell in record[:3])):
        return False
    others = [cell for cell in filled if not _TOTAL.fullmatch(cell)]
    return not others or any(shape_of(cell) is not None for cell in others)


def is_rule(record: Sequence[str]) -> bool:
    """Whether a record is nothing but a line that is drawn."""
    return not is_blank(record) and all(RULE.fullmatch(cell.strip()) for cell in record if cell.strip())


def is_note(record: Sequence[str], width: int) -> bool:
    """Whether a record is a remark below a table: a single text, or few values of something else."""
    filled = [cell for cell in record if cell.strip()]
    if width < 2:
        return bool(filled) and bool(_NOTE.match(filled[0].strip()))
    if len(filled) == 1 and len(record) == 1:
        return kind_of(filled) in (None, "string")
    return bool(filled) and len(filled) < width and bool(_NOTE.match(filled[0].strip()))


def closing(tail: Sequence[tuple[Sequence[str], bool]], width: int) -> int:
    """How many of the last records are no rows. Each comes with whether a blank line stands before it."""
    for place, (record, after_blank) in enumerate(tail):
        rest = [one for one, _ in tail[place:]]
        if _sums_up(record) and not any(_is_row(one, width) for one in rest if not _sums_up(one)):
            return len(rest)
        if after_blank and all(_is_closing(one, width) for one in rest):
            return len(rest)
        if all(is_note(one, width) for one in rest):
            return len(rest)
    return 0


def _is_row(record: Sequence[str], width: int) -> bool:
    if width < 2:
        return not is_note(record, width)
    return len(record) == width and sum(bool(cell.strip()) for cell in record) > max(1, width // 2)


def _is_closing(record: Sequence[str], width: int) -> bool:
    if width < 2:
        return is_note(record, width)
    return is_total(record) or is_note(record, width) or not _is_row(record, width)


def _sums_up(record: Sequence[str]) -> bool:
    return is_total(record) or is_rule(record)
