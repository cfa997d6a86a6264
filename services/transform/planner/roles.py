"""A clause as a bag of roles: what is wanted, of what, within what, in which order, under which name, however arranged.

A role is a pattern of its own; a clause is understood when its words are all taken by roles, each at most once, with
nothing but commas, brackets and joints between them. So `number each customer's orders by date, as n` and `add n: per
customer, the number of the order by date` need no pattern of their own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.transform.planner.linking import _STOP
from services.transform.planner.reading import Reader, Result, slot
from services.transform.planner.words import parts, stem

MAX_ROLES = 8
_GLUE = "[,|;|:|.|-|–|LP|RP|, LP|RP ,|and|, and|with|, with|then|, then] [RP]"


def bag(reader: Reader, at: int, roles: Mapping[str, str], needed: frozenset[str]) -> Iterator[Result]:
    """Every way to take the words from here as roles; the found ones of a role stand under its name."""
    yield from _further(reader, at, roles, needed, {}, 0.0)


def _further(
    reader: Reader, at: int, roles: Mapping[str, str], needed: frozenset[str], found: dict[str, Any], cost: float
) -> Iterator[Result]:
    if needed <= found.keys():
        yield at, dict(found), cost + 0.3
    if len(found) >= MAX_ROLES:
        return
    for start in {at, *(end for end, _, _ in reader.match(_GLUE, at))} if found else {at}:
        for name, pattern in roles.items():
            if name in found:
                continue
            for end, env, more in reader.match(pattern, start):
                if end > start:
                    taken = {**found, name: dict(env)}
                    yield from _further(reader, end, roles, needed, taken, cost + more + 0.05)


@slot("NewName")
def new_name(reader: Reader, at: int) -> Iterator[Result]:
    """A name that can be nothing else: quoted, or a word that neither the table nor the grammar knows."""
    from services.transform.planner.normalising import known_words  # the grammar's words are known when all is read

    for end, name, cost in reader.slot("Name", at):
        token = reader.tokens[at]
        if token.kind != "quoted" and (end - at > 1 and " " in name):
            continue
        if reader.view.column(name) is not None:
            continue
        plain = token.kind != "quoted" and name.isalpha() and name.islower()
        if plain and name in known_words() and not _announced(reader, at):
            continue
        if plain and reader.index.column([token]) is not None and not _announced(reader, at):
            continue
        yield end, name, cost


def _announced(reader: Reader, at: int) -> bool:
    """Whether the words before say that a name follows."""
    if reader.low(at - 1) == "(" and reader.low(at + 1) in (")", ","):
        return True
    following = reader.tokens[at + 1 : at + 2]
    if reader.low(at - 1) == "as" and (not following or following[0].kind in ("sign", "break")):
        return True  # `…, as avg; the best 10 by it`
    if reader.low(at - 1) == "it" and reader.low(at - 2) in ("call", "name", "calling", "naming"):
        return True
    return reader.low(at - 1) in ("called", "named", "column", "call", "name")


def _bears(reader: Reader, word: str) -> bool:
    """Whether the rows are called so: a column holds their numbers, as loan_id does."""
    names = [parts(name) for name in reader.view.names]
    return any(
        len(one) > 1 and one[0] == stem(word) and one[-1] in ("id", "no", "number", "ref", "key") for one in names
    )


@slot("Thing")
def thing(reader: Reader, at: int) -> Iterator[Result]:
    """What one row is called: a word that neither the table nor the grammar knows."""
    from services.transform.planner.normalising import known_words  # the grammar's words are known when all is read

    if at >= len(reader.tokens) or reader.tokens[at].kind != "word":
        return
    token = reader.tokens[at]
    if not token.low.isalpha() or len(token.low) < 3 or token.low in _STOP or reader.index.cells([token])[0]:
        return
    link = reader.index.column([token])
    if (
        (link is None or _bears(reader, token.low))
        and token.low not in known_words()
        and stem(token.low) not in known_words()
    ):
        yield at + 1, token.low, 0.4
