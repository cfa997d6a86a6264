"""Readers of columns, new names, numbers, texts and separators at a place of an instruction."""

import re
from collections.abc import Iterator

from contracts.data import LogicalType
from services.transform.planner.linking import MAX_WORDS
from services.transform.planner.reading import NUMERIC, TEMPORAL, Reader, Result, listed, slot
from services.transform.planner.view import ask
from services.transform.planner.words import NUMBERS, Token, key, ordinal, parts

_BEFORE = frozenset(
    "column columns field fields col variable variables attribute feature their its his her our each every all both my your".split()
)
_OF = frozenset(
    "values value contents content entries data text texts strings cells names dates numbers amounts figures".split()
)
_AFTER = frozenset("column columns col cols field fields values value 's data entries figures variable figure".split())
_LOOSE_AFTER = frozenset(
    "share percentage pct rate rates level levels amount score scores reading readings measurement measurements total price time".split()
)
_NOT_NAMES = frozenset(
    """
    and or then with by per for each from to in of on at is are be where which that if when it them this those these
    rounded sorted using instead please thanks column columns called named name rows row so but as into not no only
    just keep drop remove sort add rename call round show count all every first last after before between than over
    under above below without also leave give make lower upper snake title camel case underscores underscore spaces
    text number numbers numeric integer integers string strings float floats boolean booleans date dates whole decimal decimals
    """.split()
)
SEPARATORS = {
    "comma": ",",
    "commas": ",",
    "semicolon": ";",
    "semicolons": ";",
    "colon": ":",
    "colons": ":",
    "dash": "-",
    "dashes": "-",
    "hyphen": "-",
    "hyphens": "-",
    "minus": "-",
    "slash": "/",
    "slashes": "/",
    "backslash": "\\",
    "space": " ",
    "spaces": " ",
    "blank": " ",
    "whitespace": " ",
    "underscore": "_",
    "underscores": "_",
    "pipe": "|",
    "pipes": "|",
    "dot": ".",
    "dots": ".",
    "bracket": "(",
    "parenthesis": "(",
    "period": ".",
    "periods": ".",
    "point": ".",
    "at": "@",
    "tab": "\t",
    "tabs": "\t",
    "ampersand": "&",
    "asterisk": "*",
    "asterisks": "*",
    "star": "*",
    "stars": "*",
    "plus": "+",
    "hash": "#",
    "hashes": "#",
    "apostrophe": "'",
    "apostrophes": "'",
    "percent": "%",
    "equals": "=",
    "x": "x",
}


# -- columns


@slot("Col")
def column(reader: Reader, at: int) -> Iterator[Result]:
    """One column of the table."""
    for start in _heads(reader, at):
        yield from _column_at(reader, start)
    yield from _pronoun(reader, at)


def _heads(reader: Reader, at: int) -> Iterator[int]:
    yield at
    start = at
    while reader.low(start) in _BEFORE and start - at < 3:
        start += 1
        yield start
    if start > at and reader.low(start) in ("named", "called"):
        yield start + 1
        start += 1
    if reader.low(start) in _OF and reader.low(start + 1) in ("of", "in", "from"):
        yield start + 2
        if reader.low(start + 2) in _BEFORE:
            yield start + 3


def _column_at(reader: Reader, start: int) -> Iterator[Result]:
    for end in range(min(len(reader.tokens), start + MAX_WORDS), start, -1):
        span = reader.tokens[start:end]
        if any(token.kind == "break" for token in span) or span[0].kind == "date":
            continue
        signs = any(token.kind == "sign" for token in span)
        if span[-1].low in (",", ".", ";", ":") or span[0].low in (",", ".", ";", "(", ")"):
            continue
        link = reader.index.column(span, reader.raw(start, end))
        if link is None or (signs and link.cost > 0.1):
            continue
        if not link.sure:
            reader.note(end, which_column(reader.raw(start, end), link.columns), 2.0 if link.cost < 1.2 else 1.2)
            continue
        name = link.columns[0]
        yield end, name, link.cost
        if reader.low(end) in _LOOSE_AFTER and reader.index.column(reader.tokens[start : end + 1]) is None:
            yield end + 1, name, link.cost + 0.4
        if reader.low(end) in _AFTER:
            yield end + 1, name, max(0.0, link.cost - 0.05)
            if reader.low(end) == "'s" and reader.low(end + 1) in _AFTER:
                yield end + 2, name, link.cost
        if link.cost <= 0.1 and reader.low(end) == "(" and reader.low(end + 2) == ")":
            yield end + 3, name, link.cost + 0.3  # a unit or gloss in brackets


def _pronoun(reader: Reader, at: int) -> Iterator[Result]:
    made = reader.memory.made or reader.memory.touched
    if len(made) != 1 or reader.view.column(made[0]) is None:
        return
    for words in (
        ("it",),
        ("this",),
        ("that",),
        ("result",),
        ("new", "column"),
        ("that", "column"),
        ("this", "column"),
        ("resulting", "column"),
        ("new", "one"),
        ("that", "one"),
        ("same", "column"),
        ("count",),
        ("average",),
        ("total",),
        ("sum",),
        ("mean",),
        ("median",),
        ("figure",),
        ("value",),
        ("number",),
    ):
        if tuple(reader.low(at + step) for step in range(len(words))) == words:
            yield at + len(words), made[0], 0.9 if len(words) == 1 and words[0] not in ("it", "that", "this") else 0.5


def which_column(words: str, columns: tuple[str, ...]) -> Exception:
    """The question that follows when words fit several columns."""
    return ask("ambiguous", f"'{words}' could be {listed(columns)}. Which column is meant?", columns)


@slot("Cols")
def columns(reader: Reader, at: int) -> Iterator[Result]:
    """Some columns by their names, joined by commas and `and`."""
    start = at
    if reader.low(start) in ("both", "either", "these", "columns", "fields", "following", "cols"):
        start += 1
        if reader.low(start) in ("columns", "fields"):
            start += 1
        if reader.low(start) == ":":
            start += 1
    for begin in {at, start}:
        yield from _more(reader, begin, (), 0.0)
    yield from _anaphora(reader, at)


def _more(reader: Reader, at: int, found: tuple[str, ...], cost: float) -> Iterator[Result]:
    for end, name, more in _one_of_many(reader, at):
        if name in found:
            continue
        names = (*found, name)
        yield end, names, cost + more
        follow = _joint(reader, end)
        if follow is not None and len(names) < 40:
            yield from _more(reader, follow, names, cost + more)


def _one_of_many(reader: Reader, at: int) -> list[Result]:
    best: dict[int, Result] = {}
    for end, name, cost in reader.slot("Col", at):
        if end not in best or cost < best[end][2]:
            best[end] = (end, name, cost)
    if not best:  # `dep and arr delay`: the last word belongs to both
        joint = _joint(reader, at + 1)
        if joint is not None:
            for end, other, cost in reader.slot("Col", joint):
                if end - joint >= 2:
                    link = reader.index.column([reader.tokens[at], reader.tokens[end - 1]], "")
                    if link is not None and link.sure and link.columns[0] != other:
                        best[at + 1] = (at + 1, link.columns[0], link.cost + cost)
    # Longest first, and no more than two ways of ending: lists branch otherwise.
    return sorted(best.values(), key=lambda one: one[2] - 0.2 * one[0])[:3]


# The longest first.
_JOINTS = tuple(
    sorted(
        (
            (",", "and"),
            (",", "&"),
            ("as", "well", "as"),
            (",", "plus"),
            ("and", "also"),
            ("and",),
            (",",),
            ("&",),
            ("+",),
            ("/",),
            ("plus",),
            ("or",),
            ("nor",),
            (",", "or"),
            ("then",),
            (",", "then"),
            ("and", "then"),
            ("along", "with"),
            (";",),
            ("->",),
            ("followed", "by"),
            (",", "followed", "by"),
            (",", "as", "well", "as"),
            ("-",),
        ),
        key=len,
        reverse=True,
    )
)


def _joint(reader: Reader, at: int) -> int | None:
    for words in _JOINTS:
        if tuple(reader.low(at + step) for step in range(len(words))) == words:
            end = at + len(words)
            return end
    return None


def _anaphora(reader: Reader, at: int) -> Iterator[Result]:
    memory = reader.memory
    there = tuple(name for name in memory.used if reader.view.column(name) is not None)
    for phrase in (
        "originals|original columns|source columns|original ones|old columns|old ones|those three|those two|those columns|those"
        "|these columns|original column|source column|old column|original|two originals|three originals|original three|original two"
        "|both originals|original fields|sources|parts|these three|these two|original one|old one|those 3|those 2|source|two original columns|three original columns|component columns|separate columns|individual columns|input columns|them|it|three|two",
    ):
        end = reader.first(phrase, at)
        if end is not None and there:
            yield end, there, 0.3


@slot("Pick")
def pick(reader: Reader, at: int) -> Iterator[Result]:
    """Columns by names, by type, by how their names begin or end, or by place."""
    yield from reader.slot("Cols", at)
    view = reader.view
    every = "[all|all of|every|each|any] [other] "
    for words, types in (
        ("numeric|number|numerical|numbers|quantitative", NUMERIC),
        ("text|string|textual|character|strings|categorical", frozenset({LogicalType.STRING})),
        ("date|time|datetime|dates|timestamp", TEMPORAL),
        ("boolean|true / false|logical|bool", frozenset({LogicalType.BOOLEAN})),
    ):
        names = tuple(reader.of_type(types))
        if not names:
            continue
        other = tuple(name for name in view.names if name not in names)
        for end, _, cost in reader.match(f"{every} ({words}) [typed|type] @columns", at):
            yield end, names, cost + 0.05
        for end, _, cost in reader.match(
            f"{every} [@columns] (that|which) (are|hold|contain|have) [only] ({words}|numbers|text) [values|data|type|columns]|{every} @columns (with|of|containing|holding) [only] ({words}) [values|data|type]",
            at,
        ):
            yield end, names, cost + 0.1
        for end, _, cost in reader.match(
            f"{every} (non|not) [-] ({words}) @columns|{every} @columns that are not ({words})", at
        ):
            yield end, other, cost + 0.05
    for end, env, cost in reader.match(
        f"{every} [@columns] [whose|with|that have|which have|where|having] [name|names|headers|header|their name|column name] [that|which] "
        "(start|starts|starting|begin|begins|beginning|prefixed) [with|by|in] [prefix] <what:Mark>",
        at,
    ):
        names = tuple(name for name in view.names if name.casefold().startswith(env["what"].casefold()))
        if names:
            yield end, names, cost
    for end, env, cost in reader.match(
        f"{every} [@columns] [whose|with|that have|which have|where|having] [name|names|headers|header|their name] [that|which] (end|ends|ending) [with|in|by] <what:Mark>"
        f"|{every} @columns with suffix <what:Mark>",
        at,
    ):
        names = tuple(name for name in view.names if name.casefold().endswith(env["what"].casefold()))
        if names:
            yield end, names, cost
    for end, env, cost in reader.match(
        f"{every} [@columns] [whose|with|that have|which have|where|having] [name|names|their name|header|headers] [that|which] (contain|contains|containing|include|includes|including|mention|mentions|mentioning|has|have|with|featuring) [word|text|letters|string] <what:Mark> [in (name|names|it|them|their name|header|their names|title|its name)]"
        f"|{every} @columns with [word|text] <what:Mark> in (name|names|their name|them|it|its name|header|their names|title)"
        f"|(every|each|any|all) <what:Mark> @columns|{every} @columns (about|related to|relating to|concerning|to do with|for|on|dealing with) <what:Mark>",
        at,
    ):
        names = tuple(name for name in view.names if env["what"].casefold() in name.casefold())
        if names:
            yield end, names, cost + 0.1
    for end, env, cost in reader.match("<p:Place> @column", at):
        if 0 < env["p"] <= len(view.names) or env["p"] == -1:
            yield end, (view.names[env["p"] - 1 if env["p"] > 0 else -1],), cost
    for end, env, cost in reader.match("first <n:Count> @columns", at):
        yield end, view.names[: env["n"]], cost
    for end, env, cost in reader.match("last <n:Count> @columns", at):
        yield end, view.names[len(view.names) - env["n"] :], cost
    for end, env, cost in reader.match(
        "[@all] @columns (from|between) <a:Col> (to|through|until|and|till|thru|up to|-) <b:Col>|@columns <a:Col> (to|through|until|till|thru|up to|-) <b:Col>|everything (from|between) <a:Col> (to|through|until|and|till|up to) <b:Col>|[from] <a:Col> (through|thru|up to and including) <b:Col>",
        at,
    ):
        first, last = view.names.index(env["a"]), view.names.index(env["b"])
        if first < last:
            yield end, view.names[first : last + 1], cost
    for end, _, cost in reader.match(
        f"{every} @columns|everything|all of them|all of @columns|all|them all|whole (table|file|dataset|thing)", at
    ):
        yield end, view.names, cost + 0.3
    for end, env, cost in reader.match(
        "([all|all of|every] [other] [@columns]|everything|anything|all columns) (except|but|except for|apart from|other than|besides|bar|excluding|aside from|save for|save|minus|without|that is not|that are not|but not|not) [for] [@columns] <out:Cols>",
        at,
    ):
        rest = tuple(name for name in view.names if name not in env["out"])
        if rest:
            yield end, rest, cost + 0.05


@slot("Mark")
def mark(reader: Reader, at: int) -> Iterator[Result]:
    """A piece of a name or value: quoted, or one word as it was typed."""
    for end, _, cost in reader.match(
        "[word|words|text|string|letters|letter|phrase|prefix|suffix|characters|substring|number|digits|digit|code]", at
    ):
        if end < len(reader.tokens):
            token = reader.tokens[end]
            if token.kind == "quoted":
                yield end + 1, token.text, cost
            elif token.kind in ("word", "number"):
                last = _glued_end(reader, end)
                yield last, reader.raw(end, last), cost + 0.1
            elif token.kind == "sign" and token.text in "_@#$%/-+*&":
                last = _glued_end(reader, end)
                yield last, reader.raw(end, last), cost + 0.1


def _glued_end(reader: Reader, at: int) -> int:
    """The end of what was typed in one piece."""
    end = at + 1
    while end < len(reader.tokens) and reader.tokens[end].start == reader.tokens[end - 1].end:
        token = reader.tokens[end]
        if (
            token.kind in ("word", "number")
            or (
                token.low in "_-./@#%&+"
                and end + 1 < len(reader.tokens)
                and reader.tokens[end + 1].start == token.end
                and reader.tokens[end + 1].kind in ("word", "number")
            )
            or token.low in "_"
        ):
            end += 1
            continue
        break
    return end


# -- new names


@slot("Name")
def name(reader: Reader, at: int) -> Iterator[Result]:
    """A name for a column, new or not: quoted, in one piece, or some plain words."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        if token.text.strip():
            yield at + 1, token.text, 0.0
            if reader.low(at + 1) in ("column", "field"):
                yield at + 2, token.text, 0.0
        return
    if token.kind != "word":
        return
    if token.low in _NOT_NAMES:
        if token.low in (
            "name",
            "date",
            "number",
            "text",
            "count",
            "first",
            "last",
            "all",
            "title",
            "case",
            "upper",
            "lower",
            "value",
            "whole",
            "dates",
            "numbers",
            "above",
            "below",
            "over",
            "under",
            "show",
            "decimal",
        ):
            yield at + 1, reader.raw(at, at + 1), 1.0
        return
    end = _glued_end(reader, at)
    whole = reader.raw(at, end)
    cost = 0.0
    yield end, whole, cost
    if reader.low(end) in ("column", "field", "col"):
        yield end + 1, whole, cost
    if reader.low(end) == "," and reader.low(end + 1) in ("spelled", "spelt") and end + 2 < len(reader.tokens):
        last = _glued_end(reader, end + 2)
        yield last, reader.raw(end + 2, last), cost
    if reader.low(end) == "(" and reader.tokens[end].start == reader.tokens[end - 1].end:
        close = next((j for j in range(end, min(end + 4, len(reader.tokens))) if reader.low(j) == ")"), None)
        if close is not None:
            yield close + 1, reader.raw(at, close + 1), 0.0
    # Some words: `Body Mass`, as long as nothing that has a meaning stands among them.
    step = end
    while step < len(reader.tokens) and step - at < 5:
        following = reader.tokens[step]
        if following.kind not in ("word", "number") or following.low in _NOT_NAMES:
            break
        step = _glued_end(reader, step)
        yield step, reader.raw(at, step), 0.6 if whole[:1].isupper() else 0.9
        if reader.low(step) == "(" and reader.low(step + 2) == ")":
            yield step + 3, reader.raw(at, step + 3), 0.6


@slot("Names")
def names(reader: Reader, at: int) -> Iterator[Result]:
    """Some new names."""
    start = at
    end_of = reader.first(
        "[new] [@columns] [called|named]|[new] [two|three|four|2|3|4] [new] [separate] @columns [called|named|:|,]", at
    )
    for begin in {start, end_of if end_of is not None else start}:
        yield from _more_names(reader, begin, (), 0.0)


def _more_names(reader: Reader, at: int, found: tuple[str, ...], cost: float) -> Iterator[Result]:
    for end, one, more in reader.slot("Name", at):
        if one in found:
            continue
        every = (*found, one)
        yield end, every, cost + more
        follow = _joint(reader, end)
        if follow is not None and len(every) < 12:
            yield from _more_names(reader, follow, every, cost + more)


# -- numbers


@slot("Num")
def num(reader: Reader, at: int) -> Iterator[Result]:
    """A number, in digits or in words."""
    start = at
    if reader.low(start) in ("$", "€", "£", "¥"):
        start += 1
    if reader.low(start) in ("minus", "negative", "-", "−") and start + 1 < len(reader.tokens):
        for end, value, cost in num(reader, start + 1):
            yield end, -value, cost
        return
    if start >= len(reader.tokens):
        return
    token = reader.tokens[start]
    value: float | int | None = None
    end = start + 1
    if token.kind == "number":
        value = token.number
    elif token.low in NUMBERS and token.kind == "word":
        value = NUMBERS[token.low]
        if value >= 20 and value % 10 == 0 and reader.low(end) in ("-", *list(NUMBERS)[:10]):
            step = end + 1 if reader.low(end) == "-" else end
            if reader.low(step) in list(NUMBERS)[1:10]:
                value += NUMBERS[reader.low(step)]
                end = step + 1
    if value is None:
        return
    scale = {
        "thousand": 1_000,
        "hundred": 100,
        "million": 1_000_000,
        "billion": 1_000_000_000,
        "grand": 1_000,
        "mio": 1_000_000,
    }
    plain = True
    while reader.low(end) in scale:
        value = value * scale[reader.low(end)]
        value = int(value) if float(value).is_integer() else value
        end, plain = end + 1, False
    if plain:
        yield end, value, 0.0
    else:
        yield end, value, 0.0


UNITS: dict[str, tuple[str, float]] = {
    "g": ("mass", 1.0),
    "gram": ("mass", 1.0),
    "grams": ("mass", 1.0),
    "kg": ("mass", 1000.0),
    "kgs": ("mass", 1000.0),
    "kilo": ("mass", 1000.0),
    "kilos": ("mass", 1000.0),
    "kilograms": ("mass", 1000.0),
    "lb": ("mass", 453.59237),
    "lbs": ("mass", 453.59237),
    "pounds": ("mass", 453.59237),
    "mm": ("length", 0.001),
    "millimetres": ("length", 0.001),
    "millimeters": ("length", 0.001),
    "cm": ("length", 0.01),
    "centimetres": ("length", 0.01),
    "centimeters": ("length", 0.01),
    "km": ("length", 1000.0),
    "kilometres": ("length", 1000.0),
    "kilometers": ("length", 1000.0),
    "metres": ("length", 1.0),
    "meters": ("length", 1.0),
    "miles": ("length", 1609.344),
    "mile": ("length", 1609.344),
    "feet": ("length", 0.3048),
    "ft": ("length", 0.3048),
    "inches": ("length", 0.0254),
    "second": ("time", 1.0),
    "seconds": ("time", 1.0),
    "secs": ("time", 1.0),
    "minute": ("time", 60.0),
    "minutes": ("time", 60.0),
    "mins": ("time", 60.0),
    "min": ("time", 60.0),
    "hour": ("time", 3600.0),
    "hours": ("time", 3600.0),
    "hrs": ("time", 3600.0),
    "days": ("time", 86400.0),
    "day": ("time", 86400.0),
}
_LOOSE_UNITS = frozenset(
    """
    dollars dollar euros euro bucks usd eur gbp cents percent % points point degrees degree c f celsius fahrenheit years year people
    persons units unit mph kmh hp horsepower seats items times weeks months ° stars votes cylinders kwh watts litres liters
    passengers guests students employees rooms bedrooms pages goals games runs hits each m $ € £ miles gallons quid
    """.split()
)


@slot("Amount")
def amount(reader: Reader, at: int) -> Iterator[Result]:
    """A number and, if it was said, its unit."""
    for end, value, cost in reader.slot("Num", at):
        yield end, (value, None), cost
        unit = reader.low(end)
        if unit in UNITS:
            yield end + 1, (value, unit), cost + 0.02
            if reader.low(end + 1) in ("old", "long", "tall", "late", "high", "wide", "deep", "early", "away"):
                yield end + 2, (value, unit), cost + 0.03
        if unit in _LOOSE_UNITS:
            yield end + 1, (value, None if unit not in ("%", "percent") else "%"), cost + 0.05
            if reader.low(end + 1) in ("old", "c", "f", "celsius", "fahrenheit", "of", "long") and unit in (
                "years",
                "year",
                "degrees",
                "degree",
                "°",
            ):
                yield end + 2, (value, None), cost + 0.05
        if unit == "sq" or unit == "square":
            yield end + 2, (value, None), cost + 0.1


@slot("Count")
def count(reader: Reader, at: int) -> Iterator[Result]:
    """A whole number from one on."""
    for end, value, cost in reader.slot("Num", at):
        if isinstance(value, int) and value >= 0:
            yield end, value, cost
    for words, value in (("couple of", 2), ("single", 1), ("few", 0)):
        end = reader.first(words, at)
        if end is not None and value:
            yield end, value, 0.1


@slot("Digits")
def digits(reader: Reader, at: int) -> Iterator[Result]:
    """How many digits stay after the point."""
    for end, env, cost in reader.match(
        "[to] <n:Count> [decimal] (decimals|decimal|decimal places|places|digits|dp|decimal digits|digits after point|decimal digit|d . p .|d . p|decimal points|digits after decimal point|digit) [after point|after decimal point|after comma]"
        "|[to] (<n:Count>) (decimal place|place)",
        at,
    ):
        yield end, env["n"], cost
    end = reader.first(
        "[to] [nearest] (whole|integer|whole number|whole numbers|integers|whole unit) [number|numbers|unit]|[to] (no|zero|0|without) (decimals|decimal places)|[to] nearest (unit|one|1|dollar|euro|degree|gram|minute)|to (full|whole) numbers|without (decimals|any decimals)|[to] [nearest] (whole|full) <w:Word>",
        at,
    )
    if end is not None:
        yield end, 0, 0.0
    for phrase, value in (
        ("[to] [nearest] (tenth|tenths|one decimal|1 decimal|single decimal|one decimal place|0 . 1)", 1),
        ("[to] [nearest] (hundredth|hundredths|cent|cents|penny|two decimals)", 2),
        ("[to] [nearest] (thousandth|thousandths)", 3),
        ("[to] [nearest] (ten|tens|10)", -1),
        ("[to] [nearest] (hundred|hundreds|100)", -2),
        ("[to] [nearest] (thousand|thousands|1000)", -3),
    ):
        end = reader.first(phrase, at)
        if end is not None:
            yield end, value, 0.1


@slot("Place")
def place(reader: Reader, at: int) -> Iterator[Result]:
    """Which one of a row of things: first, 2nd, last."""
    if at < len(reader.tokens):
        rank = ordinal(reader.tokens[at])
        if rank is not None:
            yield at + 1, rank, 0.0
        elif reader.low(at) == "last":
            yield at + 1, -1, 0.0


# -- texts


@slot("Text")
def a_text(reader: Reader, at: int) -> Iterator[Result]:
    """A written text: quoted, or one piece as it was typed."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind == "quoted":
        yield at + 1, token.text, 0.0
        return
    for end, _, cost in reader.match("nothing|empty string|empty text|[just] blank|emptiness|empty|nothing at all", at):
        yield end, "", cost + 0.05
    if token.kind in ("number", "date"):
        end = _glued_end(reader, at)
        yield end, reader.raw(at, end), 0.05
    elif token.kind == "word" and token.low not in (
        "it",
        "them",
        "that",
        "which",
        "if",
        "where",
        "in",
        "of",
        "and",
        "or",
        "to",
        "by",
        "with",
        "each",
        "every",
    ):
        end = _glued_end(reader, at)
        yield end, reader.raw(at, end), 0.3
        while end < len(reader.tokens) and end - at < 4:
            following = reader.tokens[end]
            if following.kind not in ("word", "number") or following.low in _NOT_NAMES:
                break
            end = _glued_end(reader, end)
            yield end, reader.raw(at, end), 0.9
    elif token.kind == "sign" and token.text in ("-", "/", "*", "#", "?", "_", "|", "+", "&", "%", "@", "$"):
        end = at + 1
        while (
            end < len(reader.tokens)
            and reader.tokens[end].start == reader.tokens[end - 1].end
            and reader.tokens[end].text == token.text
        ):
            end += 1
        yield end, reader.raw(at, end), 0.3


@slot("Sep")
def separator(reader: Reader, at: int) -> Iterator[Result]:
    """What stands between parts: quoted, a sign, or the name of a sign."""
    start = at
    if reader.low(start) in ("single", "first", "last", "character", "separator", "one"):
        start += 1
    if reader.low(start) == "character":
        start += 1
    if start >= len(reader.tokens):
        return
    token = reader.tokens[start]
    if token.kind == "quoted":
        yield from _with_kind(reader, start + 1, token.text, 0.0)
        return
    for end, env, cost in reader.match(
        "<a:SepName> (and|then|followed by|plus|&|+) [single] space|<a:SepName> , space", start
    ):
        yield end, env["a"] + " ", cost
    for end, env, cost in reader.match(
        "space , <a:SepName> (and|,) space|<a:SepName> (with|surrounded by) (spaces|space) (around it|on both sides|each side|either side)",
        start,
    ):
        yield end, f" {env['a']} ", cost
    yield from reader.slot("SepName", start)
    if token.kind == "sign" and token.text not in ("(", ")"):
        if start + 1 < len(reader.tokens) or token.text not in ".":
            yield from _with_kind(reader, start + 1, token.text, 0.05)


@slot("SepName")
def separator_name(reader: Reader, at: int) -> Iterator[Result]:
    """The name of a sign."""
    sign = SEPARATORS.get(reader.low(at))
    if sign is not None:
        yield from _with_kind(reader, at + 1, sign, 0.05)
        if reader.low(at) == "at" and reader.low(at + 1) == "sign":
            yield at + 2, "@", 0.0


def _with_kind(reader: Reader, end: int, sign: str, cost: float) -> Iterator[Result]:
    yield end, sign, cost
    if reader.low(end) in ("sign", "character", "symbol", "signs", "char", "mark", "characters"):
        yield end + 1, sign, cost
        end += 1
    if reader.low(end) == "(" and reader.low(end + 2) == ")":
        yield end + 3, sign, cost


def names_of(tokens: list[Token]) -> str:
    """The key of some tokens."""
    return key("".join(token.low for token in tokens))


def is_unit_of(unit: str, column_name: str) -> bool | None:
    """Whether a unit is the one that a column's name ends with; None when the name bears none."""
    borne = [part for part in parts(column_name) if part in UNITS]
    if not borne or unit not in UNITS:
        return None
    return UNITS[borne[-1]] == UNITS[unit]


def in_unit_of(value: float | int, unit: str | None, column_name: str) -> float | int | None:
    """A number in the unit that the column's name bears; None where the two do not go together."""
    if unit is None or unit == "%":
        return value
    borne = [part for part in parts(column_name) if part in UNITS]
    if not borne or unit not in UNITS:
        return value
    (kind, size), (own_kind, own) = UNITS[unit], UNITS[borne[-1]]
    if kind != own_kind:
        return value if re.search(r"^(min|m)$", borne[-1]) else None
    converted = value * size / own
    return int(converted) if float(converted).is_integer() else converted
