"""The question to ask when an instruction was not understood: what was not found, and what could be meant."""

from services.transform.planner.lexicon import COMMON
from services.transform.planner.linking import _STOP, Index
from services.transform.planner.normalising import known_words
from services.transform.planner.reading import Noted, listed
from services.transform.planner.view import Question, TableView
from services.transform.planner.words import Token, stem

MAX_CHOICES = 12


def unexplained(
    text: str, tokens: list[Token], view: TableView, index: Index, noted: list[Noted], furthest: int
) -> Question:
    """The most telling question about an instruction that could not be read to its end."""
    strong = [one for one in noted if one.weight >= 3.0]
    if strong:
        return max(strong, key=lambda one: (one.weight, one.at)).question
    unknown = _unknown(text, tokens, index)
    doubted = [one for one in noted if one.weight >= 2.0 and one.at >= furthest - 2]
    whole = [one for one in doubted if one.at >= len(tokens)]
    doubted = whole or ([] if unknown else doubted)
    if doubted and not (unknown and len(unknown) > 0 and doubted[-1].question.kind != "ambiguous"):
        return max(doubted, key=lambda one: (one.weight, one.at)).question
    if unknown:
        words = " ".join(unknown[:4])
        near = index.nearest(words)
        names = near or view.names[:MAX_CHOICES]
        also = f" Is {listed(near)} meant?" if near else f" There are {listed(view.names[:MAX_CHOICES], 'and')}."
        return Question(f"This table has no column or value '{words}'.{also}", "unknown_column", tuple(names))
    if noted:
        return max(noted, key=lambda one: (one.weight, one.at)).question
    rest = text[tokens[min(furthest, len(tokens) - 1)].start :].strip() if tokens else text
    shown = rest if len(rest) <= 80 else rest[:77] + "…"
    return Question(
        f"'{shown}' is not clear to me. Which columns, and what should happen to them?",
        "unclear",
        view.names[:MAX_CHOICES],
    )


def _unknown(text: str, tokens: list[Token], index: Index) -> list[str]:
    """Words that are neither grammar nor anything of this table, as a run."""
    runs: list[list[str]] = [[]]
    for token in tokens:
        known = (
            token.kind != "word"
            or token.low in _STOP
            or (token.low in known_words() and token.low not in COMMON)
            or len(token.low) < 3
            or index.column([token]) is not None
            or bool(index.cells([token])[0])
            or (token.low in known_words() and stem(token.low) not in COMMON)
        )
        if known:
            runs.append([])
        else:
            runs[-1].append(token.text)
    found = [run for run in runs if run]
    return found[-1] if found else []
