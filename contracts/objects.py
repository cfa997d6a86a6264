"""Which objects a path means, said once for the events, the listings and the reads that have to agree about it."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

W = TypeVar("W")
G = TypeVar("G")

_WILD = re.compile(r"[*?\[]")
# What writers leave beside their files or while they write them.
_UNFINISHED = (".tmp", ".temp", ".filepart", ".part", ".partial", ".crdownload")
_MARKERS = ("_SUCCESS", "_STARTED", "_committed", "_started")


def literal_prefix(pattern: str) -> str:
    """The part of a pattern before its first wildcard: what a listing can be narrowed to."""
    wild = _WILD.search(pattern)
    return pattern if wild is None else pattern[: wild.start()]


def matches(pattern: str, key: str) -> bool:
    """Whether a key is meant: `*` and `?` stay within one folder, `**` crosses them, `[abc]` is a letter."""
    return _walk(pattern.split("/"), key.split("/"), "**", _name_matches)


def why_ignored(key: str, size: int | None = None) -> str | None:
    """Why an object is no data file by its name or emptiness, as a code; None when it may be one."""
    if key.endswith("/"):
        return "folder_marker"
    name = key.rpartition("/")[2]
    if name.lower().endswith(_UNFINISHED):
        return "unfinished"
    if name.startswith(_MARKERS):
        return "marker"
    return "empty" if size == 0 else None


# Patterns are a user's, so they are walked with one place to come back to and never made into a regular expression:
# a dozen repetitions in one of those can take years over thirty letters.


def _walk(wanted: Sequence[W], given: Sequence[G], star: W, one: Callable[[W, G], bool]) -> bool:
    at = behind = 0
    back: tuple[int, int] | None = None
    while behind < len(given):
        if at < len(wanted) and wanted[at] == star:
            back = (at, behind)
            at += 1
        elif at < len(wanted) and one(wanted[at], given[behind]):
            at, behind = at + 1, behind + 1
        elif back is not None:
            # The last star takes one more; the earlier ones have nothing to gain from another try.
            back = (back[0], back[1] + 1)
            at, behind = back[0] + 1, back[1]
        else:
            return False
    return all(sign == star for sign in wanted[at:])


def _name_matches(pattern: str, name: str) -> bool:
    return _walk(_signs(pattern), name, "*", _letter_matches)


def _letter_matches(sign: str, letter: str) -> bool:
    if sign == "?":
        return True
    if not sign.startswith("[") or len(sign) == 1:
        return sign == letter
    letters, negated = sign[1:], False
    if letters[:1] in ("!", "^"):
        letters, negated = letters[1:], True
    found, at = False, 0
    while at < len(letters):
        if letters[at + 1 : at + 2] == "-" and at + 2 < len(letters):
            found = found or letters[at] <= letter <= letters[at + 2]
            at += 3
        else:
            found = found or letter == letters[at]
            at += 1
    return found != negated


@lru_cache(maxsize=1_000)
def _signs(pattern: str) -> tuple[str, ...]:
    """Letters, wildcards, and sets of letters as `[` with their content; a `[` without its end is a letter."""
    signs: list[str] = []
    at = 0
    while at < len(pattern):
        sign, at = pattern[at], at + 1
        if sign == "*" and signs[-1:] == ["*"]:
            continue
        if sign == "[" and (end := pattern.find("]", at + 1)) > 0:
            sign, at = pattern[at - 1 : end], end + 1
        signs.append(sign)
    return tuple(signs)
