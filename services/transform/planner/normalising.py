"""An instruction as it was typed → the tokens that are read: without articles and slang, slips of common words put right."""

import re
from collections.abc import Iterator
from functools import cache

from rapidfuzz.distance import OSA

from services.transform.frames.catalog import WORDS
from services.transform.planner.lexicon import COMMON, MEASURES, TIMES
from services.transform.planner.linking import Index
from services.transform.planner.shielded import shielded
from services.transform.planner.view import TableView
from services.transform.planner.vocabulary import CLASSES
from services.transform.planner.words import Token, key, stem, tokenize

_ARTICLES = frozenset(
    {"sry", "soz", "the", "a", "an", "please", "pls", "plz", "plse", "pleas", "plis", "kindly", "teh", "da"}
)
_SLANG: dict[str, tuple[str, ...]] = {
    "n": ("and",),
    "nd": ("and",),
    "an'": ("and",),
    "thats": ("that", "is"),
    "its": ("its",),
    "isnt": ("is", "not"),
    "arent": ("are", "not"),
    "wasnt": ("was", "not"),
    "werent": ("were", "not"),
    "dont": ("do", "not"),
    "doesnt": ("does", "not"),
    "didnt": ("did", "not"),
    "hasnt": ("has", "not"),
    "havent": ("have", "not"),
    "cant": ("can", "not"),
    "wont": ("will", "not"),
    "cannot": ("can", "not"),
    "aint": ("is", "not"),
    "ya": ("you",),
    "yall": ("you",),
    "hav": ("have",),
    "gd": ("good",),
    "msg": ("message",),
    "abt": ("about",),
    "bout": ("about",),
    "frm": ("from",),
    "jst": ("just",),
    "evry": ("every",),
    "avrg": ("average",),
    "u": ("you",),
    "ur": ("your",),
    "gimme": ("give", "me"),
    "lemme": ("let", "me"),
    "wanna": ("want", "to"),
    "gonna": ("going", "to"),
    "gotta": ("need", "to"),
    "w": ("with",),
    "wo": ("without",),
    "wout": ("without",),
    "bw": ("between",),
    "btwn": ("between",),
    "btw": ("btw",),
    "cuz": ("because",),
    "coz": ("because",),
    "thru": ("through",),
    "tho": ("though",),
    "r": ("are",),
    "ppl": ("people",),
    "thx": ("thanks",),
    "shld": ("should",),
    "cld": ("could",),
    "wld": ("would",),
    "im": ("i", "am"),
    "id'd": ("id",),
    "ive": ("i", "have"),
    "theres": ("there", "is"),
    "whats": ("what", "is"),
    "wheres": ("where", "is"),
    "youre": ("you", "are"),
    "theyre": ("they", "are"),
    "lets": ("let", "us"),
    "cols": ("columns",),
    "recs": ("records",),
    "vals": ("values",),
    "val": ("value",),
    "ave": ("average",),
    "uniq": ("unique",),
    "desc": ("descending",),
    "asc": ("ascending",),
    "dupes": ("duplicates",),
    "dups": ("duplicates",),
    "outta": ("out", "of"),
    "kinda": ("kind", "of"),
    "2": ("2",),
    "b4": ("before",),
    "whos": ("who", "is"),
    "thier": ("their",),
    "alot": ("many",),
}
_GERUNDS = {
    "giving": "give", "showing": "show", "keeping": "keep", "removing": "remove", "dropping": "drop", "deleting": "delete", "sorting": "sort",
    "adding": "add", "renaming": "rename", "changing": "change", "replacing": "replace", "filling": "fill", "converting": "convert",
    "making": "make", "putting": "put", "counting": "count", "calculating": "calculate", "splitting": "split", "combining": "combine",
    "filtering": "filter", "turning": "turn", "grouping": "group", "taking": "take", "extracting": "extract", "rounding": "round",
}  # fmt: skip
_CORRECTION = re.compile(
    r"(?:\.\.\.|…|,|-|–|\.|;|\()?\s*\b(?:i mean|i meant|no wait|wait no|wait|no sorry|sorry no|sorry|scratch that|actually no|correction|"
    r"oops|no(?= just\b)|no,(?= just\b)|or rather|er no|strike that|no i mean|my mistake|make that)\b[,:;.!]?\s*(?:i mean[t]?\b,?\s*|no\b,\s*|that should be\s+)?",
    re.I,
)


_SIGNED = re.compile(
    r"(?<=[.!?\n])\s*(?:best|all the best|(?:kind|best|warm)? ?regards|cheers|thanks|many thanks|thank you|sincerely|yours(?: sincerely)?|ta)\s*[,\n]\s*[A-Z]\w+\.?\s*$",
    re.I,
)  # the name under a letter


def prepared(instruction: str, view: TableView) -> Iterator[tuple[str, list[Token]]]:
    """The tokens to be read; where somebody corrected himself, each way to take that, in turn."""
    index = Index(view)
    instruction = re.sub(r"\bw/(?=\s|\w)", "with ", re.sub(r"\bw/o\b", "without", instruction))
    instruction = _SIGNED.sub("", instruction)
    for text in _uncorrected(instruction, index):
        yield text, shielded(_tokens(text, index), view.names, _VERBS)


def _tokens(text: str, index: Index) -> list[Token]:
    tokens: list[Token] = []
    raw = tokenize(text, index.keys)
    for at, token in enumerate(raw):
        if token.kind == "word" and token.low in _ARTICLES and token.text not in index.view.names:
            following = raw[at + 1].low if at + 1 < len(raw) else ""
            further = raw[at + 2].low if at + 2 < len(raw) else ""
            if at and _is_a_letter(raw, at):
                tokens.append(token)
                continue
            if not (token.low == "a" and following in ("to", "-", "–", "→") and further == "z"):
                continue
        if (
            token.kind == "word"
            and token.low in _SLANG
            and key(token.low) not in index.keys
            and (
                len(token.low) > 1
                or (
                    token.text.islower()
                    and not (tokens and tokens[-1].low in ("as", "called", "named", "column", "it", "to", "into"))
                    and at + 1 < len(raw)
                )
            )
        ):
            tokens += [Token(word, word, "word", token.start, token.end) for word in _SLANG[token.low]]
            continue
        if token.kind == "word" and len(token.low) >= 4:
            right = _put_right(token.low)
            if right is not None and not _is_known(token, index):
                tokens.append(Token(token.text, right, "word", token.start, token.end))
                continue
        if (
            len(tokens) > 1
            and tokens[-1].low in ("only", "just", "really")
            and tokens[-2].low in ("i", "we", "you")
            and token.low in ("want", "need", "care", "like", "wanted", "needed")
        ):
            tokens.insert(len(tokens) - 1, token)  # `I only want` is `I want only`
            continue
        if (
            tokens
            and tokens[-1].low in ("only", "just")
            and token.low in _SHOWING
            and (len(tokens) < 2 or _ends(tokens[-2]))
        ):
            tokens.insert(len(tokens) - 1, token)  # `only keep` is `keep only`
            continue
        if tokens and tokens[-1].low == "mind" and token.low in _GERUNDS:
            token = Token(token.text, _GERUNDS[token.low], token.kind, token.start, token.end)
        if (
            token.low == "then"
            and tokens
            and tokens[-1].low
            in (
                "more",
                "less",
                "greater",
                "higher",
                "lower",
                "larger",
                "smaller",
                "fewer",
                "older",
                "younger",
                "longer",
                "bigger",
                "heavier",
            )
        ):
            token = Token(token.text, "than", token.kind, token.start, token.end)
        tokens.append(token)
    return tokens


_VERBS = frozenset(
    word for one in ("remove", "keep", "sort", "add", "replace", "fill", "make") for word in CLASSES[one].split("|")
) | frozenset("rename split group count round join combine drop rank table order share".split())
_SHOWING = frozenset("keep show retain include return give list leave display select".split())


def _ends(token: Token) -> bool:
    """Whether a new clause may begin after a token."""
    return token.kind in ("break", "sign") or token.low in ("and", "then", "please", "but", "so")


def _is_a_letter(raw: list[Token], at: int) -> bool:
    """Whether an article is meant as a piece of text: `starts with The`, `ends in a`."""
    before, after = raw[at - 1].low, raw[at + 1].low if at + 1 < len(raw) else ""
    verb = raw[at - 2].low if at > 1 else ""
    speaks = before in ("with", "in", "by") and verb.startswith(("start", "begin", "end", "began", "prefix"))
    if before in ("word", "prefix", "suffix", "letter"):
        return True
    if (
        raw[at].text == "A"
        and before in ("or", "and", ",", "to", "grade")
        and after in ("", ",", ".", "or", "and", ";")
    ):
        return True
    return speaks and (after in ("", ",", ".", "or", "and", ";", ")", "?", "!") or raw[at].text[0].isupper())


def _is_known(token: Token, index: Index) -> bool:
    link = index.column([token])
    return link is not None or bool(index.cells([token])[0])


@cache
def known_words() -> frozenset[str]:
    found: set[str] = {*_MORE.split(), *MEASURES, *TIMES}
    return frozenset(found | WORDS)


@cache
def _put_right(word: str) -> str | None:
    """The common word that this is one slip away from, if there is exactly one."""
    if word in known_words() or stem(word) in known_words() or not word.isalpha():
        return None
    if word in COMMON or stem(word) in COMMON or word in _ENGLISH:
        return None
    near = [one for one in _SLIPS if OSA.distance(word, one, score_cutoff=1) <= 1]
    if len(near) == 1 and (len(word) >= 5 or sorted(word) == sorted(near[0])):
        return near[0]
    near = [one for one in _SLIPS if len(one) >= 8 and OSA.distance(word, one, score_cutoff=2) <= 2]
    return near[0] if len(near) == 1 and len(word) >= 8 else None


# Words that are put right when they are misspelled; none that is one letter from another common word.
_SLIPS = tuple(
    """
    remove delete columns column rename average where which rows sort sorted ascending descending duplicates duplicate
    missing values value empty convert between calculate median maximum minimum highest lowest largest smallest
    alphabetically alphabetical numeric number numbers create replace percentage percent divided multiplied difference
    subtract separate extract combine split called different distinct unique random records letters underscores
    characters uppercase lowercase only except without greater less than least above below everything keep filter group
    grouped count total running cumulative previous quartile outliers standard deviation median rounded decimals
    decimal format contains starting ending beginning before after first biggest then blank blanks unknown forward
    """.split()
)
_ENGLISH = frozenset(
    "there these those other hence when then that than them they thus what this with will wish well were vote note late rate date".split()
)
_MORE = "which there their these those where when than then them they with from into that this what will would could should might have been being doing does done going here just like made many more most much must need only other over same some such sure take tell them very want well went were your yours about after again along also although always among another around away back because become before began behind being below between both bring came cannot come could every find found give given goes gone good great hand hard high hold home keep kept kind knew know last later leave left less life light line live long look lost main make mean might mind miss moment month morning move name near never next night none nothing number often once open order others part past place plan play point put rather read ready real really rest right round said same says second seem seen send sent set several shall short show side since small something soon sort start state still stop such system table taken talk than thank think third though thought three through time today together told took toward true turn twice under until upon used using usually value view wait walk way week weight whether while white whole whose wide within without word work world write year yes yet"


def _uncorrected(text: str, index: Index) -> Iterator[str]:
    found = [one for one in _CORRECTION.finditer(text) if _is_correction(one.group())]
    if not found:
        yield text
        return
    first = found[0]
    before, after = text[: first.start()], text[first.end() :]
    boundary = max((before.rfind(sign) + 1 for sign in (". ", ";", "\n", " then ")), default=0)
    starts = re.findall(r"[^\W_]+", after)[:1]
    if starts and starts[0].casefold() in _VERBS and re.search(r"\w", after):
        yield from _uncorrected(before[:boundary] + " " + after, index)
        return
    # By the last word before it that is also the first after it: `by price, I mean by date`.
    words = list(re.finditer(r"\S+", before[boundary:]))
    tail = re.findall(r"\S+", after)
    if tail:
        for word in reversed(words):
            if word.group().casefold() == tail[0].casefold():
                yield from _uncorrected(before[: boundary + word.start()] + after, index)
                return
    for count in (1, 2, 3):
        if len(words) > count:
            yield from _uncorrected(before[: boundary + words[-count].start()] + after, index)


def _is_correction(said: str) -> bool:
    low = said.casefold().strip(" ,.;:-–…(!")
    return not (low in ("wait", "sorry", "oops", "make that") and not re.match(r"\s*(\.\.\.|…|,|-|–|;|\()", said))
