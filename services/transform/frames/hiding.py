"""Frames about texts that are hidden, filled up, or put before and after values."""

import re
from typing import Any

from contracts.recipe import (
    Affix,
    Cast,
    Derivation,
    Derive,
    Mask,
    Pad,
    ReplaceText,
    Step,
    Text,
)
from services.transform.frames.base import Answer, Frames, act
from services.transform.frames.letters import _TEXT
from services.transform.planner.reading import Reader, quoted, slot, text
from services.transform.planner.view import ask

frames = Frames("hiding")
frame = frames.frame


# -- things put before and after, filled up, hidden
@frame("text before or after")
def affixes(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A text before or after every value."""
    low = {reader.low(step) for step in range(start, end)}
    column = env["c"]
    behind = bool(low & {"append", "after", "end", "suffix", "behind", "back"})
    steps: list[Step] = []
    if reader.column(column).type is not _TEXT:
        if "values" not in low and "value" not in low and "each" not in low and "every" not in low:
            return None
        steps.append(Cast(columns={column: _TEXT}))
    steps.append(
        Text(columns=(column,), operations=(Affix(kind="add_suffix" if behind else "add_prefix", text=env["t"]),))
    )
    return act(*steps, touched=(column,))


@frame("mask")
def mask_tail(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All but the last characters or digits are hidden."""
    column = env.get("c") or env.get("c2")
    if column is None or env["n"] > 100:
        return None
    low = {reader.low(step) for step in range(start, end)}
    digits = bool(low & {"digit", "digits", "numbers"})
    sign = env.get("ch", "*")
    if digits:
        return act(Mask(columns=(column,), method="phone", keep=env["n"], character=sign), touched=(column,))
    return act(Mask(columns=(column,), method="partial", keep=env["n"], character=sign), touched=(column,))


@slot("MaskSign")
def mask_sign(reader: Reader, at: int) -> Any:
    """A sign to hide with."""
    low = reader.low(at)
    for word, sign in (
        ("*", "*"),
        ("x", "x"),
        ("#", "#"),
        ("•", "•"),
        ("asterisk", "*"),
        ("asterisks", "*"),
        ("star", "*"),
        ("stars", "*"),
        ("hash", "#"),
        ("hashes", "#"),
        ("xs", "x"),
        ("dots", "."),
        ("underscores", "_"),
        ("-", "-"),
    ):
        if low == word:
            shown = reader.tokens[at].text if word == "x" else sign
            yield at + 1, shown, 0.0
            if reader.low(at + 1) in ("sign", "signs", "characters", "character", "symbol", "symbols"):
                yield at + 2, shown, 0.0
    if at < len(reader.tokens) and reader.tokens[at].kind == "quoted" and len(reader.tokens[at].text) == 1:
        yield at + 1, reader.tokens[at].text, 0.0


@frame("mask of an e-mail address")
def mask_mail(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The name in an address is hidden, its domain stays."""
    column = env.get("c")
    if column is None:
        there = [
            one.name for one in reader.view.columns if one.values and all("@" in value for value in one.values[:50])
        ]
        if len(there) != 1:
            return None
        column = there[0]
    if reader.column(column).type is not _TEXT:
        return None
    low = [reader.low(step) for step in range(start, end)]
    stars = env.get("t", "***").replace("\\", "\\\\")
    if "first" in low or "initial" in low:
        return act(
            ReplaceText(columns=(column,), pattern=r"^([^@])[^@]*@", replacement=rf"\1{stars}@"), touched=(column,)
        )
    return act(ReplaceText(columns=(column,), pattern=r"^[^@]*@", replacement=f"{stars}@"), touched=(column,))


@frame("mask altogether")
def mask_all(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Nothing of the values stays to be seen."""
    verb = reader.low(start)
    low = {reader.low(step) for step in range(start, end)}
    if verb in ("hash", "sha256", "sha") or ("t" not in env and verb in ("replace", "swap")):
        return act(Mask(columns=env["c"], method="hash"), touched=env["c"])
    if "t" in env:
        if (
            verb in ("replace", "overwrite")
            and not low & {"every", "all", "each"}
            and not re.fullmatch(r"[*X#x.•-]{2,}|[A-Z]{2,}", env["t"])
        ):
            return None
        written = any(token.kind == "quoted" and token.text == env["t"] for token in reader.tokens[start:end])
        if not written and not re.fullmatch(
            r"[*X#x.•-]+|[A-Z]{2,}|(?i:redacted|hidden|masked|anonymous|n/a)", env["t"]
        ):
            return None  # `with just the initials` says what is to be seen, and is not to be written there
        said = text(env["t"])
        columns = tuple(
            Derivation(column=name, expression=f"CASE WHEN {quoted(name)} IS NOT NULL THEN {said} END")
            for name in env["c"]
        )
        return act(Derive(columns=columns), touched=env["c"])
    if not low & {"completely", "entirely", "fully", "altogether"} and verb in (
        "mask",
        "hide",
        "obscure",
        "anonymise",
        "anonymize",
    ):
        if reader.low(end) in (":", "-", "–", "so", "but", "("):
            return None  # how is said next
        raise ask(
            "ambiguous",
            f"How is '{env['c'][0]}' to be hidden: altogether, but for the last characters, or as a hash?",
            ["altogether", "all but the last four", "a hash"],
        )
    return act(Mask(columns=env["c"], method="redact"), touched=env["c"])


@frame("pad")
def pad(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Filled up with zeros."""
    low = {reader.low(step) for step in range(start, end)}
    if not low & {"zeros", "zeroes", "0", "0s", "zero"}:
        raise ask("ambiguous", f"With what is '{env['c']}' to be filled up: zeros or spaces?", ["zeros", "spaces"])
    steps: list[Step] = []
    column = env["c"]
    if reader.column(column).type is not _TEXT:
        steps.append(Cast(columns={column: _TEXT}))
    steps.append(Text(columns=(column,), operations=(Pad(kind="pad_start", length=env["n"], fill="0"),)))
    return act(*steps, touched=(column,))


@frame("one spelling", cost=0.7)
def one_spelling(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Which spelling is the right one has to be said."""
    columns = (env["c"],) if isinstance(env["c"], str) else env["c"]
    raise ask(
        "ambiguous", f"How is '{columns[0]}' to be written?", ["trimmed", "Title Case", "UPPER CASE", "lower case"]
    )
