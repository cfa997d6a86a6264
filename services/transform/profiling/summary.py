"""A profile in words: bounded, the same every time, and without a value of the data unless values are asked for."""

import math

from contracts.profile import ColumnProfile, Profile

MAX_TEXT = 6_000
LEAST_TEXT = 200
_LETTERS = 40


def summary(found: Profile, *, values: bool = False, most: int = MAX_TEXT) -> str:
    """The profile as lines of text, at most so many letters; columns that find no place are counted at the end."""
    head = [f"{found.rows} rows, {len(found.columns)} columns" + _duplicates(found)]
    if found.key_candidates:
        head.append("told apart by: " + "; ".join("+".join(map(_name, group)) for group in found.key_candidates))
    strong = [one for one in found.correlations if abs(one.value) >= 0.7][:5]
    if strong:
        pairs = (f"{_name(one.left)} ~ {_name(one.right)} {one.value:+.2f}" for one in strong)
        head.append("go together: " + "; ".join(pairs))
    lines: list[str] = []
    left = most - _NOTE
    for line in head:
        if len(line) + 1 <= left:
            lines.append(line)
            left -= len(line) + 1
    for at, column in enumerate(found.columns):
        line = _column(column, found.rows, values)
        if len(line) + 1 > left:
            lines.append(f"… and {len(found.columns) - at} more columns")
            break
        lines.append(line)
        left -= len(line) + 1
    return "\n".join(lines)


_NOTE = 40  # letters that the last line may take


def _duplicates(found: Profile) -> str:
    if not found.duplicates:
        return ""
    about = "about " if "duplicates" in found.estimated else ""
    return f", {about}{found.duplicates} repeat an earlier row"


def _column(column: ColumnProfile, rows: int, values: bool) -> str:
    words = [f"{_name(column.name)} {column.type}"]
    if column.semantic is not None:
        personal = ", personal" if column.semantic.personal else ""
        words.append(f"looks like {column.semantic.kind} ({column.semantic.confidence:.0%}{personal})")
    words.append(f"{_share(column.nulls, rows)} null")
    if column.distinct is not None:
        words.append(("about " if "distinct" in column.estimated else "") + f"{column.distinct} distinct")
    shown = _shown if values else _masked
    if column.minimum is not None and column.maximum is not None:
        words.append(f"{shown(column.minimum)} to {shown(column.maximum)}")
    if column.mean is not None:
        # Of few values the mean is one of them, or as good as.
        words.append(f"mean {column.mean:.4g}" if values else f"mean about {_magnitude(column.mean)}")
    if values and column.top:
        words.append("often " + ", ".join(_shown(text) for text, _ in column.top[:5]))
    elif column.patterns:
        words.append("shapes " + ", ".join(f"{_shown(text)} {share:.0%}" for text, share in column.patterns))
    return "- " + "; ".join(words)


def _share(part: int, whole: int) -> str:
    if not whole or not part:
        return "0 %"
    share = 100 * part / whole
    return "<1 %" if share < 1 else f"{share:.0f} %"


def _name(name: str) -> str:
    return name if name.isidentifier() and len(name) <= _LETTERS else _quoted(name)


def _shown(text: str) -> str:
    return _quoted(text)


def _quoted(text: str) -> str:
    """In quotes, on one line, and not too long: a value must not look like words of ours."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[:_LETTERS])
    return '"' + plain.replace('"', "'") + ("…" if len(text) > _LETTERS else "") + '"'


def _magnitude(number: float) -> str:
    return f"{'-' if number < 0 else ''}10^{math.floor(math.log10(abs(number)))}" if number else "0"


def _masked(text: str) -> str:
    signs = []
    for letter in text[:_LETTERS]:
        if letter.isdigit():
            signs.append("9")
        elif letter.isalpha():
            signs.append("A" if letter.isupper() else "a")
        else:
            signs.append(letter)
    return _quoted("".join(signs) + ("…" if len(text) > _LETTERS else ""))
