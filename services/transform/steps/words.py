"""The words of a name: `HTTPStatus code` has three, HTTP, Status and code; for column names as for values."""

import re

import polars as pl

_HUMP = r"([\p{Ll}\p{Nd}])(\p{Lu})"
_ACRONYM = r"(\p{Lu}+)(\p{Lu}\p{Ll})"
_BETWEEN = r"[^\p{L}\p{M}\p{N}]+"


def words(name: str) -> list[str]:
    """The words of a name."""
    found = re.findall(r"[^\W_]+", name)
    return [part for word in found for part in _humps(word)]


def _humps(word: str) -> list[str]:
    parts, start = [], 0
    for at in range(1, len(word)):
        before, here, after = word[at - 1], word[at], word[at + 1 : at + 2]
        if here.isupper() and (not before.isupper() or (after != "" and after.islower())):
            parts.append(word[start:at])
            start = at
    return [*parts, word[start:]]


def snake(value: pl.Expr) -> pl.Expr:
    """A text in words_with_underscores."""
    humps = value.str.replace_all(_ACRONYM, "${1}_${2}").str.replace_all(_HUMP, "${1}_${2}")
    return humps.str.replace_all(_BETWEEN, "_").str.strip_chars("_").str.to_lowercase()
