"""What is said beside the point: words that change nothing, and remarks that explain instead of asking for something.

A remark may be left out of the reading only where every word of it is a common one, so that nothing unknown is ever
passed over; what was left out is told with the plan.
"""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise

from services.transform.planner.lexicon import MONTHS, WEEKDAYS
from services.transform.planner.linking import Index
from services.transform.planner.normalising import known_words
from services.transform.planner.words import Token, stem

_SOFT = frozenset(
    """
    just simply really also basically actually literally quite very rather maybe perhaps only-ever kindly again own respective
    respectively now already still then therefore thus hence always certainly definitely properly nicely
    neatly overall altogether accordingly instead somehow anyway current existing given various certain particular specific
    corresponding resulting new entire whole full complete single actual real proper plain simple normal regular standard
    itself themselves
    resulting same original usual below above-mentioned following
    """.split()
)
_DEMANDS = frozenset(
    """
    keep remove drop delete sort order add rename change replace fill convert make turn put set group count calculate
    compute split join combine show give take extract round filter exclude select move select pivot unpivot melt rank bin
    mask hide trim sum average create get return limit merge cast parse standardise standardize normalise normalize
    strip use swap reorder dedupe deduplicate clean format write
    """.split()
)
_OPENERS = frozenset(
    """
    so because since as where e i like meaning which that leaving keeping with without there it they this these those
    if when otherwise every each all any rows row nothing no the first last values value blanks ties in and but missing
    empty nulls others other existing see for note both leave
    """.split()
)
_MORE = frozenset(
    """
    e g i e.g i.e etc means mean meaning stay stays stayed remain remains left leave leaving as is are be been was were so that there
    because since otherwise already same order rows file columns value values cell cells row column figure figures number
    numbers blank empty missing null nulls nothing none no not if where when while which who whose whatever first last next previous one two three
    ties tie tied equal does do did should must may can will would change changes unchanged touched untouched everything else others
    other rest them they it its this these those here there every each all any both only just also too still example examples
    like such way ways result results end ends start begin know knew known unknown only exists exist given present
    """.split()
)
_KINDS = frozenset(
    "number numbers text date dates integer integers float decimal decimals percent percentage boolean".split()
)
_UNTOUCHED = frozenset("else others other rest unchanged same everything order intact alone".split())
_WISHES = frozenset("want need would like wish only just require prefer".split())
_EXAMPLES = frozenset("like e.g e.g. e g for such eg as".split())
_EXPLAINING = frozenset("so because since e i e.g i.e like meaning that which as".split())
_VERBS = frozenset("is are was were be stay stays remain remains has have can must should may will need needs".split())


def relaxed(tokens: list[Token], index: Index) -> Iterator[tuple[list[Token], tuple[str, ...]]]:
    """Shorter readings of an instruction: without soft words, then without remarks, the fewest first."""
    firm = [
        token
        for token in tokens
        if token.kind != "word"
        or token.low not in _SOFT
        or index.column([token]) is not None
        or index.cells([token])[0]
    ]
    if len(firm) < len(tokens):
        yield firm, ()
    remarks = [span for span in _remarks(firm) if _is_aside(firm[span[0] : span[1]], index)]
    tried = 0
    for count in (1, 2, 3):
        for chosen in combinations(remarks, count):
            if any(one[0] < other[1] and other[0] < one[1] for one, other in combinations(chosen, 2)):
                continue
            kept = [token for at, token in enumerate(firm) if not any(first <= at < last for first, last in chosen)]
            if any(token.kind == "word" for token in kept):
                tried += 1
                yield kept, tuple(" ".join(token.text for token in firm[first:last]).strip() for first, last in chosen)
            if tried >= 14:
                return


def _remarks(tokens: list[Token]) -> list[tuple[int, int]]:
    """Where remarks may stand: in brackets, as sentences of their own, behind the last commas."""
    found: list[tuple[int, int]] = []
    for at, token in enumerate(tokens):
        if token.low == "(":
            close = next((step for step in range(at, len(tokens)) if tokens[step].low == ")"), None)
            if close is not None:
                found.append((at, close + 1))
    borders = [
        at
        for at, token in enumerate(tokens)
        if token.kind == "break" or (token.kind == "sign" and token.text in (".", ";", "!", "?", "-", "–", "—", ":"))
        if token.text != "-" or (at and tokens[at - 1].end < token.start)
    ]
    edges = [-1, *borders, len(tokens)]
    for begin, end in pairwise(edges):
        if end - begin > 2:
            found.append((begin + 1, min(end + 1, len(tokens))))
    commas = [at for at, token in enumerate(tokens) if token.low == ","]
    for at in commas:
        end = next((step for step in (*borders, len(tokens)) if step > at), len(tokens))
        found.append((at, end))
        following = next((step for step in commas if step > at), None)
        if following is not None and following < end:
            found.append((at, following))
    for at, token in enumerate(tokens):
        if token.low in ("so", "because", "since", "leaving", "keeping") and at:
            end = next((step for step in (*borders, len(tokens)) if step > at), len(tokens))
            found.append((at, end))
    return sorted(set(found), key=lambda span: span[1] - span[0])


def _is_aside(tokens: list[Token], index: Index) -> bool:
    words = [token for token in tokens if token.kind == "word"]
    if not words or any(token.kind == "quoted" for token in tokens):
        return False
    if words[0].low in _DEMANDS or (words[0].low in ("and", "then") and len(words) > 1 and words[1].low in _DEMANDS):
        return False
    if any(one.low in ("i", "we") and other.low in _WISHES for one, other in pairwise(words)):
        return False
    if len(words) > 1 and words[0].low in ("and", "then", "or") and index.column([words[1]]) is not None:
        return False  # the next one of a list
    bracketed = tokens[0].low == "("
    if words[0].low in ("which", "what", "who", "how") and not (len(words) > 1 and words[1].low in _VERBS):
        return False  # a question asks for something
    if words[0].low in ("as", "in", "to") and words[-1].low in _KINDS:
        return False  # `as a number` is asked for
    if words[0].low in ("no", "without") and not bracketed and not {one.low for one in words} & _UNTOUCHED:
        return False  # `no duplicates` is asked for
    said = {token.low for token in words}
    if [token.low for token in tokens].count("(") != [token.low for token in tokens].count(")"):
        return False
    if words[0].low in ("keeping", "leaving", "with", "without", "otherwise", "if", "else") and not said & _UNTOUCHED:
        return False  # `keeping the last one` is asked for, `keeping the rest as it is` is not
    if any(token.kind == "number" for token in tokens) and not bracketed and words[0].low not in _EXPLAINING:
        return False
    named = index.column([words[0]]) is not None
    if (bracketed and len(words) < 3) or (named and not (len(words) > 1 and words[1].low in _VERBS)):
        return False  # `(rows)`, and the next one of a list, say something
    if not bracketed and words[0].low not in _OPENERS and index.column([words[0]]) is None:
        return False
    common = known_words()
    example = bracketed and words[0].low in _EXAMPLES
    return all(
        token.low in common
        or token.low in _MORE
        or stem(token.low) in common
        or token.low in MONTHS
        or token.low in WEEKDAYS
        or len(token.low) < 2
        or index.column([token]) is not None
        or bool(index.cells([token])[0])
        or (example and _stands_in_a_value(token.text, index))
        for token in words
    )


def _stands_in_a_value(word: str, index: Index) -> bool:
    """Whether an example is one of this table: its words stand in the values."""
    return any(word in re.split(r"\W+", value) for column in index.view.columns for value in column.values)
