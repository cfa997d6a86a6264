"""Who is meant: the rows as somebody calls them (`all Japanese cars with 4 cylinders`), and what holds for them."""

from collections.abc import Iterator

from services.transform.planner.conditions import Cond, both, fold, none_of
from services.transform.planner.dates import year_held
from services.transform.planner.doers import doers
from services.transform.planner.linking import _STOP
from services.transform.planner.reading import NUMERIC, Reader, Result, slot
from services.transform.planner.valued import _flags, names_rows
from services.transform.planner.vocabulary import CLASSES
from services.transform.planner.words import key, parts, stem

_LEADING = "all|all of|every|any|each|those|these|only|just|ones|rows of|records of|my|our|whole|entire|every single|data for|data on|data of|rows for|records for|of|for|with|only those|just those|such|data from"
_ROWS = frozenset(word for word in CLASSES["rows"].split("|") if " " not in word)
_GENERIC = _ROWS | frozenset(
    "anything everything anyone everyone everybody anybody ones one those people persons things stuff results days rest guys folks individuals".split()
)
_NOT_THINGS = _STOP | frozenset(
    """
    blank blanks empty missing null nulls nan duplicates duplicate repeats copies average averages means totals sums medians
    highest lowest largest smallest best worst top bottom newest latest oldest earliest ascending descending columns fields
    outliers outlier digits characters letters decimals spaces commas dots whose rounded sorted does was has always is as his
    this across towards afterwards besides plus minus times unless perhaps yes thus less percent units others always sums
    values names headers dates others ones headings titles groups group words numbers uppercase lowercase steps ranks
    """.split()
)
_DOING = frozenset(
    """
    ignore disregard forget avoid suppress neglect dismiss spare refuse block ban bypass deny stop prevent hide mask flag
    mark tag label highlight check test verify inspect miss lack erase wipe tidy clean handle treat fix repair restore
    """.split()
)
_DESCRIPTIVE = (
    "ed",
    "ing",
    "ive",
    "al",
    "ic",
    "ful",
    "ous",
    "able",
    "ible",
    "less",
    "est",
    "er",
    "ent",
    "ant",
    "ary",
    "ish",
    "y",
    "ly",
)


@slot("Entity")
def entity(reader: Reader, at: int) -> Iterator[Result]:
    """What the rows are called: rows, records, or a plural that is no column's business."""
    if at >= len(reader.tokens):
        return
    token = reader.tokens[at]
    if token.kind != "word":
        return
    if token.low in _GENERIC:
        yield at + 1, token.low, 0.0 if token.low in _ROWS else 0.1
        return
    if names_rows(reader, token):
        yield at + 1, token.low, 0.2
        return
    link = reader.index.column([token])
    if link is not None and link.cost <= 0.1 and all(reader.column(one).type in NUMERIC for one in link.columns):
        year = reader.tokens[at + 2].text if at + 2 < len(reader.tokens) else ""
        if reader.low(at + 1) in ("of", "in", "from", "for") and year_held(reader, year, token.text):
            yield at + 1, token.low, 0.8  # the votes of 2018
        return  # sales are summed, and not counted
    if token.low in _NOT_THINGS or reader.index.cells([token])[0] or _flags(reader, (token.low,)):
        return  # `smokers` says something of the rows where there is a column of smokers
    if next(doers(reader, at), None) is not None:
        return  # so it does where a column says who smokes
    if reader.low(at - 1) in ("every", "each", "any", "one", "single") and token.low.isalpha():
        yield at + 1, token.low, 0.6
    elif (
        stem(token.low) != token.low
        or token.low in ("staff", "police", "fish", "sheep", "aircraft", "data", "folk", "cattle", "species", "series")
    ) and token.low.isalpha():
        yield at + 1, token.low, 0.5
    elif (
        reader.low(at + 1) in _ROWS
        and token.low not in _DOING
        and token.low.isalpha()
        and not token.low.endswith(_DESCRIPTIVE)
        and len(token.low) > 3
    ):
        yield at + 2, token.low, 0.7
    if (
        reader.low(at + 1) in _ROWS
        and stem(token.low) == token.low
        and len(token.low) > 3
        and _is_called(reader, token.low)
    ):
        yield at + 2, token.low, 0.3
    if (
        at + 1 < len(reader.tokens)
        and token.low.isalpha()
        and token.low not in _DOING
        and len(token.low) > 3
        and not token.low.endswith(_DESCRIPTIVE)
        and reader.tokens[at + 1].kind == "word"
        and stem(reader.low(at + 1)) != reader.low(at + 1)
        and reader.low(at + 1) not in _NOT_THINGS
        and _is_called(reader, reader.low(at + 1))
    ):
        yield at + 2, reader.low(at + 1), 1.2


def _is_called(reader: Reader, word: str) -> bool:
    """Whether a column bears that word, as `flight` does for flights."""
    return any(stem(word) in map(stem, parts(name)) for name in reader.view.names)


@slot("Who")
def who(reader: Reader, at: int) -> Iterator[Result]:
    """Rows and the condition they satisfy."""
    for start in {at, *(end for end, _, _ in reader.match(_LEADING, at))}:
        yield from _parts(reader, start, [], 0.0, named=False, depth=0)
    # cancelled flights (no dep_time): a word of one's own, explained on the spot
    for end, env, cost in reader.match(
        "[@all] [<w:Word>] (@rows|<e:Entity>) (LP|, i . e .|, that is|:|=|- ) [with|those with|i . e .|ie|that is|where|having|meaning|whose|which have|rows with|rows where|= |e . g .] <c:Cond> [RP]",
        at,
    ):
        yield end, env["c"], cost + 0.5
    for end, env, cost in reader.match(
        "[@all] (@rows|<e:Entity>|everything|anything|those|ones) [that|which|who] (is|are|was|were|have been|has been) [still|yet|already] <w:Word> (LP|,|- |, i . e .) [with|those with|i . e .|ie|that is|where|having|meaning|whose] <c:Cond> [RP]",
        at,
    ):
        yield end, env["c"], cost + 0.6
    # all but / everything except
    for start, _, cost in reader.match(
        "(everything|anything|anyone|everyone|all|all <e:Entity>|<e:Entity>|all rows|every row|all of them|everybody|anybody|rows|all records|records) [that is|that are|who is|who are|which are|which is] (except|but|except for|other than|apart from|excluding|besides|bar|not|that is not|that are not|but not|aside from|without) [for] [those|ones|rows]",
        at,
    ):
        for end, found, more in _parts(reader, start, [], 0.0, named=False, depth=0):
            opposite = (
                none_of(found)
                if found.equals and not found.negated
                else Cond(f"({found.sql}) IS NOT TRUE", found.columns)
            )
            yield end, opposite, cost + more


def _parts(
    reader: Reader, at: int, chain: list[tuple[str, Cond]], cost: float, *, named: bool, depth: int
) -> Iterator[Result]:
    if depth > 7:
        return
    if not named:
        for end, _, more in reader.slot("Entity", at):
            if chain:
                yield end, fold(chain), cost + more
            yield from _parts(reader, end, chain, cost + more, named=True, depth=depth + 1)
        if chain:
            for end, _, more in reader.slot("Thing", at):  # the cheapest furnished flat
                yield end, fold(chain), cost + more + 0.5
                yield from _parts(reader, end, chain, cost + more + 0.5, named=True, depth=depth + 1)
    for start, joint, extra in _joints(reader, at, bool(chain), named):
        for end, found, more in reader.slot("Atom", start):
            if end <= at:
                continue
            longer = [*chain[:-1], (joint, chain[-1][1]), ("", found)] if chain else [("", found)]
            if chain and start == at and reader.low(at) == "(" and set(found.columns) == set(chain[-1][1].columns):
                longer = [
                    *chain[:-1],
                    ("", found),
                ]  # engineers (title contains Engineer): the brackets say who these are
            yield end, fold(longer), cost + more + extra
            yield from _parts(reader, end, longer, cost + more + extra, named=named, depth=depth + 1)
        if start > at or chain:
            for end, found, more in reader.slot("Cond", start):
                longer = [*chain[:-1], (joint, chain[-1][1]), ("", found)] if chain else [("", found)]
                yield end, fold(longer), cost + more + extra
    if chain:
        rider = reader.first(
            "[both] (at [the] same time|at once|together|simultaneously) [LP both [are|=] [1|true|yes] RP]|LP both [are|=] (1|true|yes) RP|[,] (whatever|no matter|regardless of|irrespective of) [what|how] [its|their|of] <c:Word> [is|are|may be]|[,] regardless|[,] no matter what",
            at,
        )
        if rider is not None:
            yield rider, fold(chain), cost + 0.3
            yield from _parts(reader, rider, chain, cost + 0.3, named=named, depth=depth + 1)
        # Gentoo penguins heavier than 5000 g, plus every penguin from Torgersen
        for start, _, _ in reader.match(
            "(, plus|plus|, and also|and also|as well as|, as well as|, or|or|, and|and|together with|along with) (all|every|any|all of|those|also|everything|all other|each|those that are)",
            at,
        ):
            for end, found, more in _parts(reader, start, [], 0.0, named=False, depth=depth + 2):
                yield end, both([fold(chain), found], "OR"), cost + more
        for start, _, _ in reader.match(
            "(, except|except|but not|, but not|excluding|apart from|other than|, excluding|except for|unless|without|, unless|minus) [for|if|those|when|ones]",
            at,
        ):
            for end, found, more in _parts(reader, start, [], 0.0, named=False, depth=depth + 2):
                kept = fold(chain)
                yield (
                    end,
                    Cond(f"({kept.sql}) AND ({found.sql}) IS NOT TRUE", (*kept.columns, *found.columns)),
                    cost + more,
                )


@slot("Word")
def word(reader: Reader, at: int) -> Iterator[Result]:
    """Any one word."""
    if at < len(reader.tokens) and reader.tokens[at].kind == "word":
        yield at + 1, reader.low(at), 0.0


def _joints(reader: Reader, at: int, chained: bool, named: bool) -> list[tuple[int, str, float]]:
    found: dict[tuple[int, str], float] = {(at, "and"): 0.0}
    for end, _, _ in reader.match("@link [@link] [@link]", at):
        found.setdefault((end, "and"), 0.02)
    if named or chained:
        for end, _, _ in reader.match("for|by|with|of|about|to", at):
            found.setdefault((end, "and"), 0.15)
    if chained:
        for end, _, _ in reader.match("@orword [that are|that is|with|those|that|from]", at):
            found[(end, "or")] = 0.02
            found.pop((end, "and"), None)
    return [(end, joint, cost) for (end, joint), cost in found.items()]


def tokens_key(reader: Reader, start: int, end: int) -> str:
    """The key of what stands between two places."""
    return key(reader.raw(start, end))
