"""Readers of numbers, amounts with units, digits and places."""

from collections.abc import Iterator

from services.transform.planner.reading import Reader, Result, slot
from services.transform.planner.words import NUMBERS, ordinal


# -- numbers
@slot("Num")
def num(reader: Reader, at: int) -> Iterator[Result]:
    """A number, in digits or in words."""
    start = at
    if reader.low(start) in ("$", "€", "£", "¥"):
        start += 1
    if reader.low(start) in ("minus", "negative", "-", "−") and start + 1 < len(reader.tokens):
        for stop, positive, cost in num(reader, start + 1):
            yield stop, -positive, cost
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
        if token.low == "half" and reader.low(end) not in ("of", "") and reader.low(start - 1) == "than":
            yield end, 0.5, 0.3  # less than half a carat
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
        stop = reader.first(words, at)
        if stop is not None and value:
            yield stop, value, 0.1


@slot("Digits")
def digits(reader: Reader, at: int) -> Iterator[Result]:
    """How many digits stay after the point."""
    for end, env, cost in reader.match(
        "[to] <n:Count> [decimal] (decimals|decimal|decimal places|places|digits|dp|decimal digits|digits after point|decimal digit|d . p .|d . p|decimal points|digits after decimal point|digit) [after point|after decimal point|after comma]"
        "|[to] (<n:Count>) (decimal place|place)",
        at,
    ):
        yield end, env["n"], cost
    stop = reader.first(
        "[to] [nearest] (whole|integer|whole number|whole numbers|integers|whole unit) [number|numbers|unit]|[to] (no|zero|0|without) (decimals|decimal places)|[to] nearest (unit|one|1|dollar|euro|degree|gram|minute)|to (full|whole) numbers|without (decimals|any decimals)|[to] [nearest] (whole|full) <w:Word>|to nearest <w:NounOne>",
        at,
    )
    if stop is not None:
        yield stop, 0, 0.0
    for phrase, value in (
        ("[to] [nearest] (tenth|tenths|one decimal|1 decimal|single decimal|one decimal place|0 . 1)", 1),
        ("[to] [nearest] (hundredth|hundredths|cent|cents|penny|two decimals)", 2),
        ("[to] [nearest] (thousandth|thousandths)", 3),
        ("[to] [nearest] (ten|tens|10)", -1),
        ("[to] [nearest] (hundred|hundreds|100)", -2),
        ("[to] [nearest] (thousand|thousands|1000)", -3),
    ):
        stop = reader.first(phrase, at)
        if stop is not None:
            yield stop, value, 0.1


@slot("Place")
def place(reader: Reader, at: int) -> Iterator[Result]:
    """Which one of a row of things: first, 2nd, last."""
    if at < len(reader.tokens):
        rank = ordinal(reader.tokens[at])
        if rank is not None:
            yield at + 1, rank, 0.0
        elif reader.low(at) == "last":
            yield at + 1, -1, 0.0


@slot("NounOne")
def noun_one(reader: Reader, at: int) -> Iterator[Result]:
    """What is counted, one by one: knot, person, mile."""
    token = reader.tokens[at] if at < len(reader.tokens) else None
    powers = (
        "ten",
        "tens",
        "hundred",
        "thousand",
        "million",
        "tenth",
        "hundredth",
        "thousandth",
        "half",
        "cent",
        "penny",
    )
    if token is not None and token.kind == "word" and token.low.isalpha() and token.low not in (*powers, *NUMBERS):
        yield at + 1, token.low, 0.3
