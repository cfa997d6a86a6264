"""Orders told by two opposites: from dear to cheap, from the heaviest to the lightest, old to young."""

from collections.abc import Iterator

from services.transform.frames.amounts import measured
from services.transform.planner.lexicon import MEASURES, TIMES
from services.transform.planner.reading import Reader, Result, slot

# What is said of a thing by itself, and the superlative that measures the same.
PLAIN: dict[str, str] = {
    pair.partition(":")[0]: pair.partition(":")[2]
    for pair in """
    dear:dearest expensive:dearest costly:dearest pricey:dearest cheap:cheapest heavy:heaviest light:lightest
    tall:tallest short:shortest long:longest old:oldest young:youngest new:newest recent:newest fast:fastest
    quick:fastest slow:slowest rich:richest wealthy:richest poor:poorest hot:hottest warm:hottest cold:coldest
    cool:coldest deep:deepest shallow:shallowest wide:widest narrow:narrowest strong:strongest powerful:strongest
    weak:weakest near:nearest close:nearest far:farthest wet:wettest dry:driest
    large:largest big:biggest small:smallest little:smallest early:earliest late:latest
    """.split()
}


def is_much(word: str) -> bool | None:
    """Whether a plain word means much of something; None for other words."""
    best = PLAIN.get(word, word)
    if best in TIMES:
        return TIMES[best]
    return MEASURES[best][1] if best in MEASURES else None


@slot("Contrast")
def contrast(reader: Reader, at: int) -> Iterator[Result]:
    """Two opposite words with `to` between them: the superlative of the first."""
    start = at + (reader.low(at) in ("from", "starting"))
    first, end = _word(reader, start)
    if first is None or reader.low(end) not in ("to", "through", "down", "up"):
        return
    end += 1 + (reader.low(end + 1) == "to")
    second, stop = _word(reader, end)
    if second is None:
        return
    this, that = is_much(first), is_much(second)
    if this is not None and that is not None and this != that:
        yield stop, PLAIN.get(first, first), 0.1


def _word(reader: Reader, at: int) -> tuple[str | None, int]:
    low = reader.low(at)
    if low in ("most", "least") and reader.low(at + 1) in PLAIN:
        word = PLAIN[reader.low(at + 1)]
        turned = {"dearest": "cheapest", "strongest": "weakest", "newest": "earliest"}
        return (word if low == "most" else turned.get(word)), at + 2
    return (low, at + 1) if low in PLAIN or low in MEASURES or low in TIMES else (None, at)


def contrasted(reader: Reader, at: int) -> Iterator[tuple[int, tuple[str, bool], float]]:
    """The column that two opposites are about, and whether the order goes down."""
    for end, word, cost in reader.slot("Contrast", at):
        found = measured(reader, word, end)
        if found is not None:
            yield end, found, cost + 0.2
