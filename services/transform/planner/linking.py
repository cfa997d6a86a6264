"""Words → columns and values of the table: exact, by case and spacing, by part of a name, by a single near spelling.

What fits several columns equally well is reported with all of them, to be asked about; nothing is chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from rapidfuzz.distance import OSA

from contracts.data import LogicalType
from services.transform.planner.lexicon import ABBREVIATIONS, COMMON, written_otherwise
from services.transform.planner.view import ColumnView, TableView
from services.transform.planner.words import Token, key, parts, stem

MAX_WORDS = 8  # of a name, as typed
_STOP = frozenset(
    """
    of in by at is are was were be been to from with and or not per each for on as no than then that which where who
    whose have has had having do did does it its into all any every only just row rows column columns col cols value
    values field fields new first last top bottom highest lowest most least more less fewer other others rest
    everything anything nothing one ones same this these those them they their there if when while until before after
    between above below over under up down out off so but also i me my we our you your he she his her what how many
    much get give show keep drop remove delete add make put set use take sort order call called named name's 's but
    left right start end starts ends both either neither nor whether file table dataset data record records entry
    entries instead without within inside plus minus times divided multiplied sum average mean median total is
    largest smallest biggest yes sure want need would like please thanks word words text
    """.split()
)
_TRUTHS = (
    ("yes", "no"),
    ("true", "false"),
    ("1", "0"),
    ("y", "n"),
    ("t", "f"),
    ("1.0", "0.0"),
)


@dataclass(frozen=True)
class Link:
    """The columns that some words may mean: one, or several to be asked about."""

    columns: tuple[str, ...]
    cost: float

    @property
    def sure(self) -> bool:
        return len(self.columns) == 1


@dataclass(frozen=True)
class Cell:
    """A value of a column."""

    column: str
    value: str


def is_near(typed: str, name: str) -> bool:
    """Whether one is a small slip of the other: the shorter they are, the less is forgiven."""
    if typed == name or not typed or not name:
        return typed == name
    size = min(len(typed), len(name))
    if abs(len(typed) - len(name)) > 2 or typed in COMMON or stem(typed) in COMMON:
        return False
    if size < 3 or typed.isdigit() or name.isdigit():
        return False
    distance = OSA.distance(typed, name, score_cutoff=2)
    if size < 6:
        doubled = _undoubled(typed) == _undoubled(name)
        return distance == 1 and (
            doubled
            if size < 4
            else doubled or sorted(typed) == sorted(name) or _lost(typed, name) or _other_vowel(typed, name)
        )
    return distance == 1 or (distance == 2 and size >= 8)


def _undoubled(word: str) -> str:
    return "".join(sign for at, sign in enumerate(word) if at == 0 or word[at - 1] != sign)


def _other_vowel(typed: str, name: str) -> bool:
    """One vowel for another, as in `yeer`."""
    pairs = [pair for pair in zip(typed, name, strict=False) if pair[0] != pair[1]]
    return len(typed) == len(name) and typed[0] == name[0] and set(pairs[0]) <= set("aeiou")


def _lost(typed: str, name: str) -> bool:
    """A letter left out or put in, but not the first one."""
    return len(typed) != len(name) and typed[0] == name[0]


class Index:
    """The names and values of one table, ready to be looked up."""

    def __init__(self, view: TableView) -> None:
        self.view = view
        self._exact = {column.name for column in view.columns}
        self._keys: dict[str, list[str]] = {}
        self._parts = {column.name: parts(column.name) for column in view.columns}
        for column in view.columns:
            self._keys.setdefault(key(column.name) or column.name, []).append(column.name)
        self._memo: dict[tuple[str, ...], Link | None] = {}
        self._held: dict[tuple[object, ...], tuple[list[str], float]] = {}

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of names and values: words that are to be left whole."""
        return frozenset(self._keys) | frozenset(self._cells)

    @cached_property
    def _cells(self) -> dict[str, list[Cell]]:
        found: dict[str, list[Cell]] = {}
        for column in self.view.columns:
            if column.type in (LogicalType.STRING, LogicalType.BOOLEAN):
                for value in column.values:
                    found.setdefault(key(value), []).append(Cell(column.name, value))
        found.pop("", None)
        return found

    @cached_property
    def _value_words(self) -> dict[str, list[Cell]]:
        """Words of the values of columns that have few."""
        found: dict[str, list[Cell]] = {}
        for column in self.view.columns:
            if column.type is LogicalType.STRING and column.complete and column.distinct <= 60:
                for value in column.values:
                    for word in set(parts(value)):
                        if len(word) >= 3:
                            found.setdefault(stem(word), []).append(Cell(column.name, value))
        return found

    # -- columns

    def column(self, tokens: Sequence[Token], raw: str = "") -> Link | None:
        """The columns that these words may mean; None when there are none."""
        words = tuple(token.text for token in tokens)
        if words not in self._memo:
            self._memo[words] = self._find(words, tokens, raw)
        return self._memo[words]

    def _find(self, words: tuple[str, ...], tokens: Sequence[Token], raw: str) -> Link | None:
        if raw in self._exact:
            return Link((raw,), 0.0)
        if len(tokens) == 1 and tokens[0].text in self._exact:
            return Link((tokens[0].text,), 0.0)
        typed = key("".join(words))
        if not typed:
            return None
        same = self._keys.get(typed)
        if same:
            exact = [name for name in same if name == "".join(words)]
            return Link(tuple(exact or same), 0.1)
        low = [part for word in words for part in parts(word)]
        if not low or (all(word in _STOP or len(word) < 2 for word in low)):
            return None
        if any(token.kind == "quoted" for token in tokens) and len(tokens) > 1:
            return None
        stemmed = [name for one, names in self._keys.items() for name in names if _same_stem(one, typed)]
        if stemmed:
            return Link(tuple(stemmed), 0.3)
        if low[0] in _STOP or low[-1] in _STOP:
            return None
        found = self._by_part(low) or self._by_pieces(low)
        if found is not None:
            return found
        return self._by_slip(typed, low)

    def _by_part(self, low: list[str]) -> Link | None:
        whole: list[str] = []
        shortened: list[str] = []
        for name, of_name in self._parts.items():
            if all(any(_same_word(word, part) for part in of_name) for word in low):
                (whole if len(low) < len(of_name) or len(low) == len(of_name) else shortened).append(name)
            elif len(low) == 1 and len(low[0]) >= 4 and any(_glued(low[0], part) for part in of_name):
                shortened.append(name)
        if whole:
            same = [name for name in whole if len(self._parts[name]) == len(low)]
            return Link(tuple(same), 0.6) if len(same) == 1 else Link(tuple(whole), 1.0)
        return Link(tuple(shortened), 1.6) if shortened else None

    def _by_pieces(self, low: list[str]) -> Link | None:
        """Names in one piece that were said in several words: tail number, tailnum."""
        if not 2 <= len(low) <= 3:
            return None
        ways = {"".join(way) for way in product(*({word, stem(word), *ABBREVIATIONS.get(word, ())} for word in low))}
        found = [name for one, names in self._keys.items() for name in names if one in ways]
        return Link(tuple(found), 0.6) if found else None

    def _by_slip(self, typed: str, low: list[str]) -> Link | None:
        near = [
            name
            for name, of_name in self._parts.items()
            if all(any(word == part or _shortens(word, part) for part in of_name) for word in low)
        ]
        if near and any(len(word) > 2 for word in low):
            return Link(tuple(near), 1.3)
        near = [name for one, names in self._keys.items() for name in names if is_near(typed, one)]
        if near:
            return Link(tuple(near), 1.5)
        near = [
            name
            for name, of_name in self._parts.items()
            if len(of_name) > 1
            and all(
                any(_same_word(word, part) or (len(word) > 4 and is_near(word, part)) for part in of_name)
                for word in low
            )
        ]
        return Link(tuple(near), 2.0) if near else None

    def nearest(self, word: str) -> tuple[str, ...]:
        """Columns whose names look a little like it, for a question."""
        typed = key(word)
        scored = sorted(
            (OSA.normalized_distance(typed, key(name)), at, name) for at, name in enumerate(self.view.names)
        )
        return tuple(name for distance, _, name in scored if distance <= 0.5)[:3]

    # -- values

    def cells(self, tokens: Sequence[Token]) -> tuple[list[Cell], float]:
        """The values that these words may mean, in whichever column, and what that guess costs."""
        text = " ".join(token.text for token in tokens)
        typed = key("".join(token.text for token in tokens))
        if not typed or typed.isdigit():
            return [], 0.0
        same = self._cells.get(typed, [])
        if same:
            if len(tokens) == 1 and tokens[0].kind != "quoted" and (tokens[0].low in _STOP or len(typed) < 3):
                code = tokens[0].low not in _STOP and len(typed) == 2  # `uk only`: people do not bother with capitals
                same = [
                    cell
                    for cell in same
                    if (cell.value == text and text != text.lower()) or (code and cell.value.isupper())
                ]
            if same:
                return _as_written(same, text), 0.05 if any(cell.value == text for cell in same) else 0.2
        if any(token.kind == "quoted" for token in tokens):
            return [], 0.0
        if tokens[0].low in _STOP or tokens[-1].low in _STOP:
            return [], 0.0
        last = stem(tokens[-1].low)
        singular = key("".join(token.low for token in tokens[:-1]) + last)
        same = self._cells.get(singular, []) if singular != typed else []
        if same:
            return same, 0.4
        if len(tokens) == 1:
            for other in written_otherwise(tokens[0].low):
                same = self._cells.get(other, [])
                if same:
                    return same, 0.5
        if len(typed) >= 5:
            near = [cell for one, cells in self._cells.items() for cell in cells if is_near(typed, one)]
            if near and len({cell.value for cell in near}) == 1:
                return near, 1.6
        return [], 0.0

    def parts_of_values(self, tokens: Sequence[Token]) -> list[Cell]:
        """Values that hold these words, where only a few values exist."""
        words = [stem(token.low) for token in tokens]
        if any(len(word) < 4 or token.low in _STOP for word, token in zip(words, tokens, strict=True)):
            return []
        found: set[Cell] | None = None
        for word in words:
            holding = set(self._value_words.get(word, ()))
            found = holding if found is None else found & holding
        return sorted(found or (), key=lambda cell: (cell.column, cell.value))

    def value_of(self, column: str, tokens: Sequence[Token]) -> tuple[list[str], float]:
        """The values of one column that these words may mean."""
        asked = (column, *((token.text, token.kind) for token in tokens))
        if asked not in self._held:
            self._held[asked] = self._value_of(column, tokens)
        return self._held[asked]

    def _value_of(self, column: str, tokens: Sequence[Token]) -> tuple[list[str], float]:
        view = self.view.column(column)
        if view is None:
            return [], 0.0
        text = " ".join(token.text for token in tokens)
        typed = key("".join(token.text for token in tokens))
        if text in view.values:
            return [text], 0.0
        same = [value for value in view.values if key(value) == typed and typed]
        if same:
            return same, 0.1
        last = key("".join(token.low for token in tokens[:-1]) + stem(tokens[-1].low))
        same = [value for value in view.values if key(value) == last or stem(key(value)) == last]
        if same:
            return same, 0.3
        if len(tokens) == 1 and tokens[0].kind != "quoted":
            for other in written_otherwise(tokens[0].low):
                same = [value for value in view.values if key(value) == other]
                if same:
                    return same, 0.4
            if view.complete and all(len(value) == 1 and value.isalpha() for value in view.values):
                same = [value for value in view.values if len(typed) > 2 and value.casefold() == typed[0]]
                if len(same) == 1:
                    return same, 0.6  # L for left, where one letter is all that is written
        near = [value for value in view.values if len(typed) >= 4 and is_near(typed, key(value))]
        return (near, 1.5) if len({key(value) for value in near}) == 1 else ([], 0.0)


def truth(column: ColumnView) -> tuple[str, str] | None:
    """How a column of two answers writes yes and no; None when it is not one."""
    if column.type is LogicalType.BOOLEAN:
        return "true", "false"
    if not column.complete or not 1 <= column.distinct <= 2:
        return None
    held = {value.casefold(): value for value in column.values}
    for yes, no in _TRUTHS:
        if set(held) <= {yes, no}:
            return held.get(yes, yes), held.get(no, no)
    return None


def _as_written(cells: list[Cell], text: str) -> list[Cell]:
    exact = [cell for cell in cells if cell.value == text]
    return exact if exact and {cell.column for cell in exact} == {cell.column for cell in cells} else cells


def _same_stem(one: str, other: str) -> bool:
    return len(other) > 2 and (stem(one) == stem(other) or (one == "sex" and other == "gender"))


def _same_word(word: str, part: str) -> bool:
    if word == part or stem(word) == stem(part):
        return True
    if part in ABBREVIATIONS.get(word, ()) or part in ABBREVIATIONS.get(stem(word), ()):
        return True
    short, long = (part, word) if len(part) < len(word) else (word, part)
    return len(short) >= 4 and long.startswith(short) and len(long) - len(short) in range(2, 9) and short not in COMMON


def _shortens(word: str, part: str) -> bool:
    """Whether a word is a longer one without its vowels: pkg, dpt, mngr."""
    if not (3 <= len(word) < len(part) and len(part) >= 5 and word[0] == part[0]) or set(word) & set("aeiou"):
        return False
    letters = iter(part)
    return all(letter in letters for letter in word)


def _glued(word: str, part: str) -> bool:
    """Whether a word stands at one end of a name that was written in one piece."""
    return len(part) - len(word) >= 3 and (part.endswith(word) or part.startswith(word))
