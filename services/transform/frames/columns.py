"""Frames about the columns themselves: which to keep, their order, their names."""

import re
from typing import Any

from contracts.data import LogicalType
from contracts.recipe import Drop, Rename, RenameStyle, Reorder, Select
from services.transform.frames.base import Answer, Frames, act
from services.transform.planner.reading import NUMERIC, Reader
from services.transform.planner.view import ask
from services.transform.planner.words import parts

frames = Frames("columns")
frame = frames.frame


# -- no change


@frame("as it is")
def as_it_is(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What would stay anyway is to stay."""
    return act()


# -- which columns


@frame("keep columns")
def keep_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Only some columns stay."""
    chosen: tuple[str, ...] = env["c"]
    words = [reader.low(step) for step in range(start, end)]
    plain = not {"only", "just"} & set(words)
    verb = words[0] if words else ""
    selector = {
        "starting",
        "start",
        "starts",
        "beginning",
        "numeric",
        "text",
        "containing",
        "contain",
        "ending",
        "except",
        "through",
        "to",
        "between",
        "first",
        "last",
        "but",
    } & set(words)
    if (
        verb in ("find", "extract", "pull", "get", "are", "need", "want", "take", "filter")
        and plain
        and len(chosen) == 1
        and not selector
    ):
        return None
    if len(chosen) == len(reader.view.names) and verb in ("keep", "leave", "preserve", "retain"):
        return act()
    listed_names = not selector or "except" not in words
    order = (
        chosen
        if listed_names and not ({"numeric", "text", "all", "containing", "starting", "ending"} & set(words))
        else tuple(name for name in reader.view.names if name in chosen)
    )
    return act(Select(columns=order), touched=order)


_NAMED_COLUMNS = frozenset("column columns field fields col cols".split())


@frame("remove columns")
def remove_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Some columns go."""
    gone: tuple[str, ...] = env["c"]
    binned = reader.low(start) == "bin" and reader.low(start + 1) != "off" and len(gone) == 1
    if binned and reader.column(gone[0]).type in NUMERIC:
        raise ask("ambiguous", f"Into which ranges is '{gone[0]}' to be divided, or is it to be removed?")
    if reader.low(start) == "hide" and not {reader.low(step) for step in range(start, end)} & _NAMED_COLUMNS:
        raise ask(
            "ambiguous",
            f"Is '{gone[0]}' to be masked, or is the whole column to be removed?",
            ["masked but for the last characters", "masked altogether", "the column removed"],
        )
    if len(gone) >= len(reader.view.names):
        raise ask("contradictory", "That would remove every column. Which ones are meant?", reader.view.names)
    return act(Drop(columns=gone), touched=())


@frame("other columns go")
def other_columns_go(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """What a clause before did not name goes."""
    memory = reader.memory
    said = {reader.low(step) for step in range(start, end)}
    if memory.last == "filter" and not said & {"columns", "column", "fields"}:
        return act()  # the rows that were not chosen are gone already
    named = tuple(dict.fromkeys((*memory.used, *memory.touched, *memory.made)))
    there = tuple(name for name in reader.view.names if name in named)
    if not there:
        raise ask("ambiguous", "Which columns are to stay?", reader.view.names)
    return act(Select(columns=there)) if len(there) < len(reader.view.names) else act()


@frame("constant columns go")
def constant_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns with one value."""
    known = [c for c in reader.view.columns if c.distinct or c.nulls]
    if len(known) < len(reader.view.columns):
        return None
    gone = tuple(c.name for c in reader.view.columns if c.distinct + (1 if c.nulls else 0) <= 1)
    return act(Drop(columns=gone)) if gone else act()


# -- order


@frame("columns to the front")
def to_front(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move to the start."""
    return act(Reorder(columns=env["c"], position="first"), touched=env["c"])


@frame("columns to the end")
def to_end(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move to the end."""
    return act(Reorder(columns=env["c"], position="last"), touched=env["c"])


@frame("columns beside another")
def after_column(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move behind another."""
    if env["a"] in env["c"]:
        return None
    words = [reader.low(step) for step in range(start, end)]
    if ("next" in words or "beside" in words) and "right" not in words:
        return act(Reorder(columns=env["c"], position="after", anchor=env["a"]), touched=env["c"], cost=0.5)
    return act(Reorder(columns=env["c"], position="after", anchor=env["a"]), touched=env["c"])


@frame("columns before another")
def before_column(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns move before another."""
    if env["a"] in env["c"]:
        return None
    return act(Reorder(columns=env["c"], position="before", anchor=env["a"]), touched=env["c"])


@frame("swap columns")
def swap_columns(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Two columns change places."""
    names = list(reader.view.names)
    one, other = names.index(env["a"]), names.index(env["b"])
    names[one], names[other] = names[other], names[one]
    return act(Select(columns=tuple(names)))


@frame("columns in the order of the alphabet")
def columns_by_name(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns by their names."""
    words = [reader.low(step) for step in range(start, end)]
    if not {"alphabetically", "alphabetical", "alphabetic", "alphabet", "name", "names", "header", "z"} & set(words):
        if words[-1] in ("columns", "fields", "column"):
            raise ask("ambiguous", "In which order are the columns to stand?", ["alphabetical", *reader.view.names])
        if "reverse" not in words:
            return None
    if "reverse" in words and not {"alphabetical", "alphabetically", "alphabetic"} & set(words):
        return act(Select(columns=tuple(reversed(reader.view.names))))
    names = sorted(reader.view.names, key=lambda name: (name.casefold(), name), reverse="reverse" in words)
    return act(Select(columns=tuple(names)))


@frame("columns backwards")
def columns_backwards(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """The last column first."""
    return act(Select(columns=tuple(reversed(reader.view.names))))


@frame("columns in this order")
def columns_in_order(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns in the order in which they were named; what was not named follows."""
    order = tuple(dict.fromkeys(([env["a"]] if "a" in env else []) + list(env["c"])))
    words = [reader.low(step) for step in range(start, end)]
    about_columns = {"columns", "column", "fields", "order", "sequence", "first", "reorder", "rearrange"} & set(words)
    if not about_columns or len(order) < 2:
        return None
    return act(Reorder(columns=order, position="first"), touched=order)


@frame("column at a place")
def column_at(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A column moves to a place."""
    others = [name for name in reader.view.names if name != env["c"]]
    place: int = env["p"] if "p" in env else env["n"]
    if place == -1:
        return act(Reorder(columns=(env["c"],), position="last"))
    if not 1 <= place <= len(others) + 1:
        raise ask("contradictory", f"There are only {len(others) + 1} columns. Which place is meant?")
    return act(Select(columns=(*others[: place - 1], env["c"], *others[place - 1 :])))


# -- names


@frame("rename")
def rename(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Columns get new names."""
    pairs: tuple[tuple[str, str], ...] = env.get("m") or ((env["c"], env["n"]),)
    words = {reader.low(step) for step in range(start, end)}
    first = reader.low(start)
    if (
        first in ("change", "turn", "switch")
        and "m" in env
        and not {"name", "header", "names", "headers", "title", "column", "heading", "columns", "label"} & words
    ):
        return None  # `change a to b` may be about values
    new = [name for _, name in pairs]
    if len(set(new)) < len(new):
        raise ask("contradictory", f"Two columns cannot both be called '{new[0]}'. Which names are meant?")
    for old, name in pairs:
        taken = reader.view.column(name) is not None and name not in dict(pairs)
        if taken and name != old:
            raise ask(
                "contradictory",
                f"There is a column '{name}' already. What is '{old}' to be called, or which of the two goes?",
            )
    return act(Rename(columns=dict(pairs)), touched=tuple(new))


_STYLES = (
    (
        "lower [-] snake [case]|snake [-] case|snake [_] case|snakecase|snake_case|lower_snake_case|lowercase with underscores|lower case with underscores|lower - case with underscores|snake style|lowercase_with_underscores|small letters with underscores|lower case letters with underscores|snake",
        "snake",
    ),
    ("camel [-] case|camelcase|camel_case|lower camel case", "camel"),
    ("pascal [-] case|pascalcase|upper camel case", "pascal"),
    (
        "kebab [-] case|kebab|kebabcase|lower case with hyphens|lowercase with hyphens|lower case with dashes|lowercase with dashes",
        "kebab",
    ),
    (
        "upper [-] case|uppercase|capitals|all caps|capital letters|caps|upper|upper case letters|uppercase letters|all capitals|block capitals|big letters|allcaps|block letters|all - caps|all upper case|all uppercase",
        "upper",
    ),
    (
        "lower [-] case|lowercase|small letters|lower|lower case letters|lowercase letters|all lower case|all lowercase|non - capital letters|lowercased|lower cased",
        "lower",
    ),
    ("title [-] case|titlecase|title|title - case|initial capitals", "title"),
)
_WHAT = "[@all] [of] [my|our|its] [@headers] [in|of] [@table]"


@frame("names in a style")
def style_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """All names in one style."""
    words = [reader.low(step) for step in range(start, end)]
    said = " ".join(words)
    if not re.search(r"header|names?|heading|title(?! case)|columns|fields|label", said):
        return None
    if re.search(r"\b(values|text|entries|cells|data) (in|of)\b", said):
        return None
    style = env.get("s")
    if style is None:
        if "capital" in words[0]:
            raise ask(
                "ambiguous",
                "Are the names to be in capitals throughout, or to begin with one?",
                ["UPPER CASE", "Title Case"],
            )
        style = (
            "upper"
            if words[0].startswith("upper")
            else "lower"
            if words[0].startswith("lower")
            else words[0].split("_")[0]
        )
    return _styled(reader, style)


def _styled(reader: Reader, style: str) -> Answer:
    changed = RenameStyle(style=style)
    return act(changed)


@frame("names lower case with underscores")
def lower_and_swap(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names in small or big letters, and a sign in place of another."""
    words = [reader.low(step) for step in range(start, end)]
    upper = {"upper", "uppercase", "capitals"} & set(words)
    olds, new = env["n"]
    renamed = {}
    for name in reader.view.names:
        changed = name
        for old in olds:
            changed = changed.replace(old, new)
        changed = changed.upper() if upper else changed.lower()
        if changed != name:
            renamed[name] = changed
    return _renamed(reader, renamed)


@frame("sign in names")
def swap_in_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """A sign or word in names replaced or removed."""
    said = " ".join(reader.low(step) for step in range(start, end))
    if not re.search(r"header|names?|heading|title|label", said):
        return None
    olds, new = env["n"] if "n" in env else (env["g"], env["b"]) if "g" in env else (env["r"], "")
    renamed = {}
    for name in reader.view.names:
        changed = name
        for old in olds:
            changed = changed.replace(old, new)
        if changed != name and changed:
            renamed[name] = changed
    if not renamed:
        raise ask("unknown_value", f"No column name holds '{olds[0]}'. What is to be replaced?", reader.view.names)
    return _renamed(reader, renamed)


def _renamed(reader: Reader, renamed: dict[str, str]) -> Answer:
    after = [renamed.get(name, name) for name in reader.view.names]
    if len(set(after)) < len(after):
        twice = next(name for name in after if after.count(name) > 1)
        raise ask("contradictory", f"Several columns would be called '{twice}'. What are they to be called?")
    return act(Rename(columns=renamed)) if renamed else act()


@frame("brackets off names")
def brackets_off_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names without what stands in brackets."""
    renamed = {name: re.sub(r"\s*\([^)]*\)", "", name).strip() for name in reader.view.names}
    return _renamed(reader, {name: new for name, new in renamed.items() if new and new != name})


@frame("affix names")
def affix_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names get a beginning or an ending."""
    said = " ".join(reader.low(step) for step in range(start, end))
    at_end = bool(re.search(r"suffix|append|ending|\bend of\b|after|behind", said))
    at_start = bool(re.search(r"prefix|prepend|in front|before|start of|beginning of|front of", said))
    if at_end == at_start:
        return None
    if "c" in env and not re.search(r"prefix|suffix|names?", said):
        return None
    if "c" not in env and not re.search(r"columns?|header|names?|fields?|heading", said):
        return None
    chosen = env.get("c") or tuple(name for name in reader.view.names if name not in env.get("x", ()))
    if at_end:
        return act(RenameStyle(columns=chosen, suffix=env["t"]))
    return act(RenameStyle(columns=chosen, prefix=env["t"]))


@frame("affix off names")
def affix_off_names(reader: Reader, env: dict[str, Any], start: int, end: int) -> Answer:
    """Names lose a beginning or an ending."""
    said = " ".join(reader.low(step) for step in range(start, end))
    if not re.search(r"columns|header|names?|heading", said):
        return None
    names = env.get("c") or reader.view.names
    starts = [name for name in names if name.startswith(env["t"])]
    ends = [name for name in names if name.endswith(env["t"])]
    if not starts and not ends and not any(env["t"] in name for name in names):
        return None  # nothing of it stands in a name
    if re.search(r"prefix|start|leading|beginning", said) or (starts and not ends):
        return act(RenameStyle(columns=tuple(names) if "c" in env else (), strip_prefix=env["t"]))
    if re.search(r"suffix|end|trailing|ending", said) or (ends and not starts):
        return act(RenameStyle(columns=tuple(names) if "c" in env else (), strip_suffix=env["t"]))
    inner = {name: name.replace(env["t"], "") for name in names if env["t"] in name and name != env["t"]}
    if inner and not starts and not ends:
        return _renamed(reader, inner)
    return None


def numeric_names(reader: Reader) -> list[str]:
    """Columns of numbers."""
    return reader.of_type(NUMERIC)


TEXTS = frozenset({LogicalType.STRING})


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name."""
    return parts(name)
