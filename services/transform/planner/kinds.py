"""Pieces that are looked for by what they are: a Roman numeral, V6 or V8, one of some words."""

import re
from collections.abc import Iterator

from services.transform.planner.reading import Reader, Result, slot
from services.transform.planner.slots import _glued_end

_PLACES = (
    ("[right] (at|from) [very] (end|back)|at very end", "{0}$"),
    ("[right] (at|from) [very] (start|beginning|front)", "^{0}"),
)
_ENDING = ("at end", "final", "last", "trailing", "ending")


@slot("KindOfPiece")
def kind_of_piece(reader: Reader, at: int) -> Iterator[Result]:
    """A piece that is called by its kind, with where it stands: the pattern whose first group it is."""
    for end, _, cost in reader.match(
        "[@only] [trailing|leading|final|last] roman (numeral|numerals|number|numbers)", at
    ):
        said = {reader.low(step) for step in range(at, end)}
        numeral = r"(?:^|\s)([IVXLCDM]+)"
        last = said & {"trailing", "final", "last"}
        yield from _placed(reader, end, rf"{numeral}$" if last else rf"{numeral}(?:\s|$)", numeral, cost)
    for end, pieces, cost in reader.slot("Pieces", at):
        several = "|".join(re.escape(piece) for piece in sorted(pieces, key=len, reverse=True))
        whole = rf"(?:^|[^A-Za-z0-9])({several})"
        yield from _placed(reader, end, rf"{whole}(?:[^A-Za-z0-9]|$)", whole, cost)


def _placed(reader: Reader, at: int, anywhere: str, bare: str, cost: float) -> Iterator[Result]:
    yield at, anywhere, cost
    for words, shape in _PLACES:
        end = reader.first(f"[that is|which is] ({words})", at)
        if end is not None:
            yield end, shape.format(bare.replace(r"(?:^|\s)", "", 1) if shape.startswith("^") else bare), cost


@slot("Pieces")
def pieces(reader: Reader, at: int) -> Iterator[Result]:
    """Two or more pieces of which one is looked for; each stands as a word in some value of one column."""
    yield from _more(reader, at + (reader.low(at) in ("either", "word", "words", "text")), ())


def _more(reader: Reader, at: int, found: tuple[str, ...]) -> Iterator[Result]:
    if at >= len(reader.tokens) or len(found) > 12:
        return
    token = reader.tokens[at]
    end = at + 1 if token.kind == "quoted" else _glued_end(reader, at)
    piece = token.text if token.kind == "quoted" else reader.raw(at, end)
    if token.kind not in ("quoted", "word", "number") or not occurs(reader, piece):
        return
    pieces = (*found, piece)
    if len(pieces) > 1:
        yield end, pieces, 0.1
    for words in (", or", "or", ",", "/", "and"):
        follow = reader.first(words, end)
        if follow is not None:
            yield from _more(reader, follow, pieces)


def occurs(reader: Reader, piece: str) -> bool:
    """Whether a piece stands as a word of its own in a value."""
    shape = re.compile(rf"(?<![A-Za-z0-9]){re.escape(piece)}(?![A-Za-z0-9])")
    return any(shape.search(value) for column in reader.view.columns for value in column.values)
