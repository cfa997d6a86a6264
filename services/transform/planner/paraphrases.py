"""The same said in another order: what a clause is about moved to its end, passives made active, names put last.

The grammar knows each thing in the orders in which most people say it. What it cannot read is turned round here, word
for word, so that nothing is added and nothing is lost; it is then read again, and every word has to be explained as before.
"""

from collections.abc import Iterator, Sequence

from services.transform.planner.linking import MAX_WORDS, Index
from services.transform.planner.words import Token

MAX_TRIED = 10
_ENDS = frozenset({".", ";", "!", "?"})
_MODALS = (
    ("should",), ("must",), ("needs", "to"), ("need", "to"), ("has", "to"), ("have", "to"), ("ought", "to"), ("can",),
    ("may",), ("is", "to"), ("are", "to"), ("shall",), ("could",), ("will",),
)  # fmt: skip
_ACTIVE = {
    "removed": "remove", "dropped": "drop", "deleted": "delete", "set": "set", "replaced": "replace", "filled": "fill",
    "converted": "convert", "changed": "change", "turned": "turn", "rounded": "round", "split": "split", "renamed": "rename",
    "sorted": "sort", "merged": "merge", "joined": "join", "combined": "combine", "kept": "keep", "excluded": "exclude",
    "trimmed": "trim", "capitalised": "capitalise", "capitalized": "capitalize", "padded": "pad", "masked": "mask",
    "hidden": "hide", "capped": "cap", "clipped": "clip", "moved": "move", "put": "put", "written": "write", "parsed": "parse",
    "read": "read", "made": "make", "stripped": "strip", "cut": "cut", "cleaned": "clean", "grouped": "group",
    "divided": "divide", "multiplied": "multiply", "mapped": "map", "recoded": "recode", "translated": "translate",
    "left": "leave", "thrown": "throw", "ordered": "order", "arranged": "arrange", "spelled": "spell", "placed": "place",
    "cast": "cast", "formatted": "format", "extracted": "extract", "pivoted": "pivot", "ranked": "rank", "binned": "bin",
    "expressed": "express", "shown": "show", "called": "call", "named": "name", "stored": "store", "treated": "treat",
}  # fmt: skip
_VERBS = frozenset(_ACTIVE.values()) | frozenset("take get give add use pull copy count average sum total find".split())
_TOPIC = frozenset("in for of from with within on inside".split())
_ADDING = frozenset(
    "add create make new another compute calculate derive column a an extra called named insert".split()
)
_THING = frozenset("it them that row rows this these those one".split())
_DESCRIBING = frozenset(
    """
    running cumulative rank ranking previous next difference share percentage percent ratio sum total average mean
    number count length first last year month day weekday moving rolling change each every row minimum maximum median
    """.split()
)
_NAMING = (("as",), ("called",), ("named",), ("call", "it"), ("name", "it"), ("in", "new", "column"), ("into", "new", "column"),
           ("into",), ("in", "column"), ("and", "call", "it"), ("under", "name"), ("to", "new", "column"))  # fmt: skip


def paraphrased(text: str, tokens: list[Token], index: Index) -> Iterator[tuple[str, list[Token]]]:
    """Other ways to say it, the likeliest first; each with the text that its tokens stand in."""
    parts = _parts(tokens)
    ways = [list(_ways(part, index)) for part in parts]
    tried = 0
    if sum(bool(one) for one in ways) > 1:  # every part in its first way
        yield joined(text, [one[0] if one else part for part, one in zip(parts, ways, strict=True)])
        tried += 1
    for at, others in enumerate(ways):
        for other in others:
            if tried >= MAX_TRIED:
                return
            tried += 1
            yield joined(text, [*parts[:at], other, *parts[at + 1 :]])


def _parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """The sentences, and what stands between `then`."""
    parts: list[list[Token]] = [[]]
    for at, token in enumerate(tokens):
        low = token.low
        parts[-1].append(token)
        following = tokens[at + 1].low if at + 1 < len(tokens) else ""
        ended = (token.kind == "sign" and low in _ENDS) or token.kind == "break" or low == "then"
        joined = low == "," and following in ("then", "and") and at + 2 < len(tokens)
        if ended or (joined and tokens[at + 2].low in _VERBS):
            parts.append([])
    return [part for part in parts if part]


def _ways(part: list[Token], index: Index) -> Iterator[list[Token]]:
    """One sentence said otherwise; the sign at its end stays."""
    core = list(part)
    tail: list[Token] = []
    while core and (core[-1].low in _ENDS or core[-1].low in ("then", ",") or core[-1].kind == "break"):
        tail.insert(0, core.pop())
    lead: list[Token] = []
    while core and core[0].low in ("then", "and", ",", "please", "also", "finally", "next"):
        lead.append(core.pop(0))
    if len(core) < 3:
        return
    for way in (_condition_last, _active, _topic_last, _name_last, _name_first, _only_first, _keys_last, _unbracketed):
        for said in way(core, index):
            if said != core:
                yield [*lead, *said, *tail]


def _column(tokens: Sequence[Token], at: int, index: Index) -> int | None:
    """Where a column ends that begins here; None where none does."""
    for end in range(min(len(tokens), at + MAX_WORDS), at, -1):
        span = tokens[at:end]
        if span[-1].kind in ("sign", "break") or span[0].kind in ("sign", "break"):
            continue
        link = index.column(span)
        if link is not None and link.sure and link.cost <= 1.0:
            return end
    return None


def _condition_last(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """If the rating is missing, delete the row → delete rows where the rating is missing."""
    if core[0].low not in ("if", "when", "where", "whenever", "wherever"):
        return
    for at, token in enumerate(core):
        if token.low in (",", "then") and at + 1 < len(core):
            start = at + 1 + (core[at + 1].low == "then")
            if start >= len(core) or core[start].low not in _VERBS:
                continue
            end = start + 1
            while end < len(core) and core[end].low in (*_THING, "out", "away", "whole", "entire", "record"):
                end += 1
            if end == len(core):
                verb = [one for one in core[start:end] if one.low not in (*_THING, "whole", "entire", "record")]
                yield [*verb, _word("rows"), _word("where"), *core[1:at]]


def _active(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """Weights above 100 should be set to 100 → set weights above 100 to 100."""
    for at in range(1, len(core) - 1):
        for modal in _MODALS:
            if tuple(one.low for one in core[at : at + len(modal)]) != modal:
                continue
            rest = core[at + len(modal) :]
            while rest and rest[0].low in ("all", "now", "also", "then", "only", "just", "both"):
                rest = rest[1:]
            if len(rest) > 1 and rest[0].low == "be" and rest[1].low in _ACTIVE:
                yield [_word(_ACTIVE[rest[1].low]), *core[:at], *rest[2:]]
            elif len(rest) > 1 and rest[0].low in ("be", "read", "have", "show", "contain", "hold"):
                yield [_word("make"), *core[:at], *rest[1:]]
            elif len(rest) > 1 and rest[0].low in ("go", "land", "end") and rest[1].low in ("in", "into", "to", "up"):
                yield [
                    _word("put"),
                    *core[:at],
                    _word("into"),
                    *rest[2 + (rest[2].low == "in" and rest[1].low == "up") :],
                ]
            elif len(rest) > 1 and rest[0].low == "become":
                yield [_word("turn"), *core[:at], _word("into"), *rest[1:]]
    if [one.low for one in core[:2]] in (["i", "want"], ["i", "need"], ["we", "want"], ["we", "need"]):
        for at in range(3, len(core)):
            if core[at].low in _ACTIVE:
                np = core[2 : at - (2 if [one.low for one in core[at - 2 : at]] == ["to", "be"] else 0)]
                yield [_word(_ACTIVE[core[at].low]), *np, *core[at + 1 :]]


def _topic_last(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """Price: strip the dollar signs → strip the dollar signs from price."""
    begin = 0
    if core[0].low in _TOPIC:
        begin = 1 + (core[1].low in ("column", "field", "columns"))
    end = _column(core, begin, index)
    if end is None or end >= len(core) - 1:
        return
    marked = core[end].low in (":", ",", "-", "–")
    if not marked and not (begin and core[end].low in _VERBS):
        return
    column, rest = core[begin:end], core[end + marked :]
    if not rest:
        return
    again = [one for token in rest for one in (column if token.low in ("it", "them") else [token])]
    if len(again) != len(rest):
        yield again
    if rest[-1].low == "only" and rest[0].low in _VERBS:
        yield [rest[0], _word("only"), *rest[1:-1], _word("of"), *column]
    for word in ("in", "of", "from"):
        yield [*rest, _word(word), *column]
    if rest[0].low in _VERBS:
        yield [rest[0], *column, *rest[1:]]
    else:
        yield [_word("make"), *column, *rest]


def _named(core: list[Token], at: int, index: Index) -> bool:
    """Whether a name that no column bears stands here."""
    token = core[at]
    if token.kind == "quoted":
        return index.view.column(token.text) is None
    if token.kind != "word" or token.low in _ADDING or token.low in _THING:
        return False
    return index.view.column(token.text) is None


def _name_last(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """Share: units as a percentage of the total → units as a percentage of the total as share."""
    at = 0
    while at < len(core) and core[at].low in _ADDING:
        at += 1
    if at + 2 >= len(core) or not _named(core, at, index) or (at == 0 and _column(core, 0, index) is not None):
        return
    end = at + 1 + (core[at + 1].low in ("column", "field"))
    if end >= len(core) or core[end].low not in (
        ":",
        "=",
        ",",
        "with",
        "is",
        "showing",
        "holding",
        "for",
        "(",
        "-",
        "that",
    ):
        return
    if at == 0 and core[end].low not in (":", "="):
        return
    rest = core[end + 1 :]
    if core[end].low == "(" and rest and rest[-1].low == ")":
        rest = rest[:-1]
    if rest and rest[0].low in ("is", "shows", "says", "holds", "which", "that"):
        rest = rest[1:]
    if len(rest) > 1:
        begun = _column(rest, 0, index) is not None or rest[0].kind == "number" or rest[0].low in _VERBS
        if begun or rest[0].low in _DESCRIBING:
            yield [_word("add"), *rest, _word("as"), core[at]]
        yield [*rest, _word("as"), core[at]]


def _name_first(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """The share of each row as part → add part: the share of each row."""
    for naming in _NAMING:
        for at in range(1, len(core) - len(naming)):
            place = at + len(naming)
            if tuple(one.low for one in core[at:place]) != naming:
                continue
            if place >= len(core) or not _named(core, place, index):
                continue
            after = core[place + 1 :]
            if after and after[0].low not in (",", "(", "-", ";"):
                continue
            if after and after[0].low == "(" and after[-1].low == ")":
                after = [_word(","), *after[1:-1]]
            before = core[:at]
            while before and before[-1].low in (",", "and", "-", "("):
                before = before[:-1]
            begun = before[1:] if before and before[0].low in (*_ADDING, "show", "give", "get", "find") else before
            if begun:
                yield [_word("add"), core[place], _word(":"), *begun, *after]


def _only_first(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """Keep the year only → keep only the year."""
    if core[-1].low in ("only", "alone") and core[0].low in _VERBS:
        yield [core[0], _word("only"), *core[1:-1]]


def _keys_last(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """For each region, the total units → the total units for each region; and the other way round."""
    lows = [one.low for one in core]
    if lows[0] in ("per", "by") or lows[:2] in (["for", "each"], ["for", "every"], ["in", "each"], ["within", "each"]):
        begin = 1 if lows[0] in ("per", "by") else 2
        end = _column(core, begin, index)
        if end is not None and end < len(core) - 1:
            rest = core[end + (core[end].low in (",", ":", "-")) :]
            yield [*rest, _word("for"), _word("each"), *core[begin:end]]


def _unbracketed(core: list[Token], index: Index) -> Iterator[list[Token]]:
    """What stands in brackets may belong to the sentence."""
    opened = [at for at, one in enumerate(core) if one.low == "("]
    if opened and all(core[at + 1 : at + 2] and core[at + 1].kind == "word" for at in opened):
        yield [one for one in core if one.low not in ("(", ")")]


def _word(word: str) -> Token:
    return Token(word, word, "word" if word.isalpha() else "sign", -1, -1)


def joined(text: str, parts: Sequence[Sequence[Token]]) -> tuple[str, list[Token]]:
    """Tokens in a new order, and the text that they would have been read from."""
    written, made = "", []
    last: Token | None = None
    for token in (one for part in parts for one in part):
        piece = text[token.start : token.end] if token.start >= 0 else token.text
        if last is not None and not (token.start >= 0 and last.end == token.start):
            written += " "
        made.append(Token(token.text, token.low, token.kind, len(written), len(written) + len(piece), token.number))
        written += piece
        last = token
    return written, made
