"""The notation in which the ways to say a thing are written down, and the matcher that tries them all.

`word` stands for itself, `(a|b c)` for one of several, `[x]` may be missing, `@name` is a class of the vocabulary, and
`<slot:Type>` is whatever the reader of that type finds at this place: a column, a number, a condition. A pattern gives
every way in which it fits, with what it cost: guesses cost more than what was written plainly.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from services.transform.planner.words import Token

Env = Mapping[str, Any]
Found = tuple[int, Env, float]
MAX_WORK = 400_000  # steps of matching for one instruction; beyond them it is asked to be said in simpler words


class TooMuch(Exception):
    """The instruction has too many readings to try them all."""


@dataclass
class Budget:
    """What may still be spent on one instruction, and what is known of its tokens, which no reading changes."""

    left: int = MAX_WORK
    plain: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)

    def spend(self) -> None:
        """One step less; raises TooMuch."""
        self.left -= 1
        if self.left < 0:
            raise TooMuch


class Reading(Protocol):
    """What a pattern needs of what it is matched against."""

    tokens: list[Token]
    budget: Budget

    def slot(self, kind: str, at: int) -> Iterator[tuple[int, Any, float]]:
        """What a reader of that type finds here: where it ends, what it is, what it cost."""
        ...


class Node(Protocol):
    """One part of a pattern."""

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        """Every way it fits from here."""
        ...


@dataclass(frozen=True)
class Literal:
    """One word."""

    word: str

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        if at < len(reading.tokens):
            token = reading.tokens[at]
            if token.low == self.word and token.kind != "quoted":
                yield at + 1, env, 0.0


@dataclass(frozen=True)
class Slot:
    """Something that a reader of its type finds."""

    name: str
    kind: str

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        for end, value, cost in reading.slot(self.kind, at):
            yield end, {**env, self.name: value}, cost


@dataclass(frozen=True)
class Choice:
    """One of several, or nothing if it may be missing."""

    options: tuple[Node, ...]
    optional: bool = False
    heads: frozenset[str] | None = field(default=None)

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        if self.heads is None or (at < len(reading.tokens) and reading.tokens[at].low in self.heads):
            for option in self.options:
                yield from option.match(reading, at, env)
        if self.optional:
            yield at, env, 0.0


@dataclass(frozen=True)
class Plain:
    """Words alone, nothing that has to be looked up in the table: where it ends is found out once for each place."""

    node: Node

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        known = reading.budget.plain
        place = (id(self), at)
        ends = known.get(place)
        if ends is None:
            ends = tuple(dict.fromkeys(end for end, _, _ in self.node.match(reading, at, {})))
            known[place] = ends
        for end in ends:
            yield end, env, 0.0


@dataclass(frozen=True)
class Words:
    """One of many runs of words, found by going along them word by word."""

    branches: Mapping[str, "Words"]
    ends: bool = False

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        node: Words | None = self
        tokens, size = reading.tokens, len(reading.tokens)
        while node is not None:
            if node.ends:
                yield at, env, 0.0
            if at >= size or tokens[at].kind == "quoted":
                return
            node = node.branches.get(tokens[at].low)
            at += 1


@dataclass(frozen=True)
class Sequence:
    """One after another."""

    items: tuple[Node, ...]

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        return self._from(0, reading, at, env) if self.items else iter([(at, env, 0.0)])

    def _from(self, item: int, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        reading.budget.spend()
        last_item = item + 1 == len(self.items)
        for end, found, cost in self.items[item].match(reading, at, env):
            if last_item:
                yield end, found, cost
                continue
            for last, whole, more in self._from(item + 1, reading, end, found):
                yield last, whole, cost + more


@dataclass(frozen=True)
class Class:
    """A class of the vocabulary; it is looked up when first met, so that classes may name one another."""

    name: str

    def match(self, reading: Reading, at: int, env: Env) -> Iterator[Found]:
        node, heads = named(self.name)
        if heads is None or (at < len(reading.tokens) and reading.tokens[at].low in heads):
            seen = set()
            for end, found, cost in node.match(reading, at, env):
                if end not in seen:
                    seen.add(end)
                    yield end, found, cost


_SIGN = re.compile(r"<\w+:\w+>|@\w+|->|=>|<=|>=|<>|!=|[()\[\]|]|[^\s()\[\]|<>@]+|[<>=]+")
_BARE_OPEN = re.compile(r"\((?=[\]|])")  # brackets that stand for themselves: `[(]`, `[,|(]`, `[)]`
_BARE_CLOSE = re.compile(r"(?<=[\[|])\)(?=\])")
_BARE_AT = re.compile(r"@(?!\w)")  # the sign itself, and no class of the vocabulary
_ESCAPED = {"LP": "(", "RP": ")", "BAR": "|", "LT": "<", "GT": ">", "LE": "<=", "GE": ">=", "NE": "<>", "AT": "@"}
_classes: dict[str, str] = {}


def declare(classes: Mapping[str, str]) -> None:
    """Give names to patterns, to be used as @name."""
    _classes.update(classes)


def declared() -> tuple[str, ...]:
    """The patterns that bear names."""
    return tuple(_classes.values())


@cache
def named(name: str) -> tuple[Node, frozenset[str] | None]:
    """A class of the vocabulary, and the words it can begin with if they are known."""
    node = compiled(_classes[name])
    return node, heads(node)


@cache
def compiled(text: str) -> Node:
    """A pattern, ready to be matched."""
    signs = _SIGN.findall(_BARE_AT.sub("AT", _BARE_CLOSE.sub("RP", _BARE_OPEN.sub("LP", text))))
    node, rest = _choice(signs, 0)
    if rest != len(signs):
        raise ValueError(f"the pattern {text!r} closes what it did not open")
    return node


def _choice(signs: list[str], at: int) -> tuple[Node, int]:
    options: list[Node] = []
    items: list[Node] = []
    while at < len(signs) and signs[at] not in ")]":
        sign = signs[at]
        if sign == "|":
            options.append(_sequence(items))
            items, at = [], at + 1
            continue
        if sign in "([":
            inner, at = _choice(signs, at + 1)
            if at >= len(signs):
                raise ValueError(f"a pattern does not close: {' '.join(signs)}")
            items.append(Choice((inner,), optional=True, heads=heads(inner)) if sign == "[" else inner)
        elif sign.startswith("<") and sign.endswith(">") and ":" in sign:
            name, _, kind = sign[1:-1].partition(":")
            items.append(Slot(name, kind))
        elif sign.startswith("@"):
            items.append(Class(sign[1:]))
        else:
            items.append(Literal(_ESCAPED.get(sign, sign.casefold())))
        at += 1
    options.append(_sequence(items))
    if len(options) == 1:
        return options[0], at
    runs = [_run(option) for option in options]
    words = _words([run for run in runs if run is not None])
    others = [option for option, run in zip(options, runs, strict=True) if run is None]
    if not others:
        return words, at
    whole = Choice((words, *others) if words.branches else tuple(others))
    return Choice(whole.options, heads=heads(whole)), at


def _run(node: Node) -> tuple[str, ...] | None:
    """The words of what is nothing but words."""
    if isinstance(node, Literal):
        return (node.word,)
    if isinstance(node, Plain):
        return _run(node.node)
    if isinstance(node, Sequence) and node.items and all(isinstance(item, Literal) for item in node.items):
        return tuple(item.word for item in node.items if isinstance(item, Literal))
    return None


def _words(runs: list[tuple[str, ...]]) -> Words:
    following: dict[str, list[tuple[str, ...]]] = {}
    for run in runs:
        if run:
            following.setdefault(run[0], []).append(run[1:])
    return Words({word: _words(rest) for word, rest in following.items()}, () in runs)


def _sequence(items: list[Node]) -> Node:
    """One node of several; those side by side that are words alone become one of their own."""
    if len(items) == 1:
        return items[0]
    grouped: list[Node] = []
    plain: list[Node] = []
    for item in [*items, None]:
        if item is not None and _is_plain(item):
            plain.append(item)
            continue
        if len(plain) > 1 and not all(isinstance(one, Literal) for one in plain):
            grouped.append(Plain(Sequence(tuple(plain))))
        else:
            grouped += plain
        plain = []
        if item is not None:
            grouped.append(item)
    return grouped[0] if len(grouped) == 1 else Sequence(tuple(grouped))


def _is_plain(node: Node) -> bool:
    """Whether it holds no reader of things of the table; classes may not be known yet."""
    if isinstance(node, Literal | Words | Plain):
        return True
    if isinstance(node, Choice):
        return all(map(_is_plain, node.options))
    if isinstance(node, Sequence):
        return all(map(_is_plain, node.items))
    return isinstance(node, Class) and node.name in _classes and _is_plain(named(node.name)[0])


def heads(node: Node) -> frozenset[str] | None:
    """The words that it can begin with; None when they cannot be listed."""
    if isinstance(node, Literal):
        return frozenset({node.word})
    if isinstance(node, Words):
        return None if node.ends else frozenset(node.branches)
    if isinstance(node, Plain):
        return heads(node.node)
    if isinstance(node, Class) and node.name in _classes:
        return named(node.name)[1]
    if isinstance(node, Choice) and not node.optional:
        found: set[str] = set()
        for option in node.options:
            begin = heads(option)
            if begin is None:
                return None
            found |= begin
        return frozenset(found)
    if isinstance(node, Sequence) and node.items:
        heads_of: set[str] = set()
        for item in node.items:
            if isinstance(item, Choice) and item.optional:
                inner = heads(Choice(item.options))
                if inner is None:
                    return None
                heads_of |= inner
                continue
            last = heads(item)
            return None if last is None else frozenset(heads_of | last)
    return None


Handler = Callable[..., Any]
