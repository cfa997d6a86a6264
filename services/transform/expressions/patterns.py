"""Patterns: LIKE and regular expressions, judged and translated before they meet a row."""

import re

from services.transform.expressions.tree import ExpressionInvalid

MAX_PATTERN = 1_000
_LOOK = re.compile(r"\(\?(?:=|!|<=|<!)")
_REFERENCE = re.compile(r"\\([1-9]|k<)")


def check_like(pattern: str, escape: str | None) -> None:
    """Refuse a LIKE pattern that is too long or escapes nothing."""
    if len(pattern) > MAX_PATTERN:
        raise ExpressionInvalid("invalid_pattern", f"A pattern has at most {MAX_PATTERN} characters.")
    if escape is not None and _ends_in_escape(pattern, escape):
        raise ExpressionInvalid("invalid_pattern", "The pattern ends in its escape character.")


def like_to_regex(pattern: str, escape: str | None, ignore_case: bool) -> str:
    """The regular expression of a LIKE pattern."""
    parts, literal = [], False
    for character in pattern:
        if literal:
            parts.append(quote(character))
            literal = False
        elif character == escape:
            literal = True
        elif character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        else:
            parts.append(quote(character))
    return f"(?{'i' if ignore_case else ''}s)^{''.join(parts)}$"


def plain_like(pattern: str, escape: str | None) -> tuple[str, str] | None:
    """How a simple LIKE pattern can be asked without a regular expression: (way, text), or None."""
    if (escape is not None and escape in pattern) or "_" in pattern:
        return None
    inner = pattern.strip("%")
    if "%" in inner or not inner:
        return None
    start, end = pattern.startswith("%"), pattern.endswith("%")
    return {
        (False, False): "equals", (False, True): "starts", (True, False): "ends", (True, True): "contains"
    }[start, end], inner  # fmt: skip


def quote(text: str) -> str:
    """The text as a regular expression that matches just it."""
    return re.sub(r"[\\.+*?()|\[\]{}^$#&\-~\s]", lambda found: _quoted(found[0]), text)


def check_regex(pattern: str, flags: str | None, allowed: str) -> None:
    """Refuse what the engine, which runs in linear time, does not know. The engine itself has the last word."""
    if len(pattern) > MAX_PATTERN:
        raise ExpressionInvalid("invalid_pattern", f"A pattern has at most {MAX_PATTERN} characters.")
    unescaped = re.sub(r"\\\\", "", pattern)
    if _LOOK.search(unescaped):
        raise ExpressionInvalid("invalid_pattern", "Patterns cannot look ahead or behind.")
    if _REFERENCE.search(unescaped):
        raise ExpressionInvalid("invalid_pattern", "Patterns cannot refer back to their groups.")
    if flags and set(flags) - set(allowed):
        raise ExpressionInvalid("invalid_pattern", f"The flags that may be used here are: {', '.join(allowed)}.")


def with_flags(pattern: str, flags: str | None) -> str:
    """The pattern with its flags inside."""
    return f"(?i){pattern}" if flags and "i" in flags else pattern


def replacement(text: str) -> str:
    r"""The engine's form of a replacement: \1 is a group, \\ a backslash, $ nothing special."""
    result, index = "", 0
    while index < len(text):
        character, following = text[index], text[index + 1 : index + 2]
        if character == "\\" and following.isascii() and following.isdigit():
            result += f"${{{following}}}"
            index += 2
        elif character == "\\" and following == "\\":
            result += "\\"
            index += 2
        else:
            result += "$$" if character == "$" else character
            index += 1
    return result


def _quoted(character: str) -> str:
    return f"\\x{{{ord(character):x}}}" if character.isspace() else f"\\{character}"


def _ends_in_escape(pattern: str, escape: str) -> bool:
    literal = False
    for character in pattern:
        literal = not literal and character == escape
    return literal
