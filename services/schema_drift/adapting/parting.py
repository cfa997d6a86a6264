"""One column that came as several, or several that came as one: how the texts fall apart, learned from the values."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from contracts.recipe import Affix, Extract, JoinColumns, Pad, Split, Step, Text
from services.schema_drift.comparing.agreement import agreement
from services.schema_drift.comparing.notation import notation
from services.schema_drift.describing.column import Figures, figures
from services.schema_drift.detecting.difference import Told
from services.schema_drift.detecting.inputs import Side
from services.schema_drift.matching.parts import fits

LEAST_SHARE = 0.9  # of the values, that fall apart in the same way
_MOST_PARTS = 5
_MOST_SEPARATORS = 12
# Runs of marks, and the letter between the day and the hours of a moment.
_MARKS = re.compile(r"[^\w]+|_+|(?<=\d)T(?=\d)")
_CLOSING = {"(": ")", "[": "]"}
# Where nothing stands between: letters, then digits.
_LETTERS_DIGITS = r"(?s)^([^\W\d_]+)([0-9]+)$"


@dataclass(frozen=True)
class Parting:
    """How a whole falls into its parts. `split`: the whole was needed, and its parts came; else the other way."""

    whole: str
    parts: tuple[str, ...]  # as they stand in the whole
    separator: str
    ending: str  # what closes the whole, as in `Oslo (OSL)`
    split: bool
    partial: bool  # some wholes have fewer parts
    exact: int  # wholes of as many parts, and no separator in the last one
    explained: int
    known: int
    widths: Mapping[str, int]  # part → its digits in the whole, where zeros fill them up
    texts: Mapping[str, Figures]  # needed column → its texts, out of what came

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns of before."""
        return (self.whole,) if self.split else self.parts

    @property
    def came(self) -> tuple[str, ...]:
        """The columns that are there now."""
        return self.parts if self.split else (self.whole,)

    @property
    def told(self) -> str:
        """How it was found out, in a sentence."""
        between = repr(self.separator) if self.separator else "nothing between letters and digits"
        between += f" and closed with {self.ending!r}" if self.ending else ""
        values = f"{self.explained:,} of {self.known:,} known values fall apart so"
        if self.split:
            return f"{_listed(self.parts)} joined with {between} give it; {values}"
        return f"{self.whole} cut at {between} gives {_listed(self.parts)}; {values}"

    @property
    def evidence(self) -> dict[str, float]:
        """The numbers of it."""
        return {"values": self.known, "explained": self.explained, "share": round(self.explained / self.known, 4)}

    def there(self) -> tuple[Step, ...]:
        """Texts that came → texts that are needed."""
        return self._joined() if self.split else self._cut()

    def back(self) -> tuple[Step, ...]:
        """Texts of the past → as they would have come."""
        return self._cut() if self.split else self._joined()

    def _joined(self) -> tuple[Step, ...]:
        # A part without a value leaves the whole without one, unless wholes are known that lack a part.
        join = JoinColumns(
            columns=self.parts, column=self.whole, separator=self.separator, skip_null=self.partial, keep=False
        )
        steps: list[Step] = [
            Text(columns=(name,), operations=(Pad(kind="pad_start", length=width, fill="0"),))
            for name, width in self.widths.items()
        ]
        steps.append(join)
        if self.ending:
            steps.append(Text(columns=(self.whole,), operations=(Affix(kind="add_suffix", text=self.ending),)))
        return tuple(steps)

    def _cut(self) -> tuple[Step, ...]:
        if self.separator and not self.ending:
            return (Split(column=self.whole, separator=self.separator, into=self.parts),)
        if not self.separator:
            return (Extract(column=self.whole, pattern=_LETTERS_DIGITS, into=self.parts, keep=False),)
        groups = re.escape(self.separator).join(["(.*?)"] * (len(self.parts) - 1) + ["(.*)"])
        pattern = f"(?s)^{groups}{re.escape(self.ending)}$"
        return (Extract(column=self.whole, pattern=pattern, into=self.parts, keep=False),)


def partings(differences: Sequence[Told], before: Side | None, after: Side | None) -> tuple[Parting, ...]:
    """What is known about columns that were split or merged; nothing about those of which no way is sure."""
    if before is None or after is None:
        return ()
    merged: dict[str, list[str]] = defaultdict(list)
    found: list[Parting | None] = []
    for one in differences:
        if one.kind == "split":
            found.append(_largest(one.column, before, one.candidates, after, split=True))
        elif one.kind == "merged" and one.candidates:
            merged[one.candidates[0]].append(one.column)
    found += [_largest(whole, after, parts, before, split=False) for whole, parts in merged.items()]
    return without([one for one in found if one is not None], ())


def without(found: Sequence[Parting], taken: Sequence[str]) -> tuple[Parting, ...]:
    """Those of which no column is spoken for, by a person or by an earlier one."""
    used, kept = set(taken), []
    for one in found:
        if used.isdisjoint([*one.needed, *one.came]):
            used |= {*one.needed, *one.came}
            kept.append(one)
    return tuple(kept)


def _largest(whole: str, of: Side, parts: Sequence[str], others: Side, *, split: bool) -> Parting | None:
    """The parting into the most of these parts: one that seemed to be one may be a column of its own."""
    text, known = of.figures.get(whole), {name: others.figures[name] for name in parts if name in others.figures}
    if text is None or len(known) > 2 * _MOST_PARTS:
        return None
    values = [value for value in of.delivery.values(text.at) if value]
    separators = _separators(values)
    for count in range(min(len(known), _MOST_PARTS), 1, -1):
        for names in combinations(known, count):
            columns = {name: known[name] for name in names}
            tried = (_parting(whole, values, columns, separator, split=split) for separator in separators)
            found = [one for one in tried if one is not None]
            if found:
                return max(found, key=lambda one: (one.exact, one.explained))
    return None


def _separators(values: Sequence[str]) -> list[str]:
    """What stands between letters and digits of most values, the most frequent first, the longer before the shorter."""
    runs = (_MARKS.findall(value) for value in values)
    seen = Counter(mark for found in runs for mark in {*found, *(sign for run in found for sign in run)})
    usual = [mark for mark, many in seen.items() if many >= LEAST_SHARE * len(values) and mark not in _CLOSING.values()]
    return [*sorted(usual, key=lambda mark: (-seen[mark], -len(mark), mark))[:_MOST_SEPARATORS], ""]


def _parting(
    whole: str, values: Sequence[str], columns: Mapping[str, Figures], separator: str, *, split: bool
) -> Parting | None:
    count, ending = len(columns), _CLOSING.get(separator.strip(), "")
    bare = [value.removesuffix(ending) for value in values if value.endswith(ending)]
    cuts = [_cuts(value, separator, count) for value in bare]
    apart = [cut for cut in cuts if len(cut) == count and all(cut)]
    if not apart or len(apart) < LEAST_SHARE * len(values):
        return None
    texts = [figures("", 0, list(column)) for column in zip(*apart, strict=True)]
    order = _order(texts, columns, split=split)
    if order is None:
        return None
    fewer = bool(separator) and not ending and any(len(cut) < count for cut in cuts)
    needed = {whole: figures(whole, 0, values)} if split else dict(zip(order, texts, strict=True))
    exact = sum(len(cut) == count and not (separator and separator in cut[-1]) for cut in cuts)
    widths = {name: width for name, text in zip(order, texts, strict=True) if (width := _filled(text, columns[name]))}
    return Parting(whole, order, separator, ending, split, fewer, exact, len(apart), len(values), widths, needed)


def _cuts(value: str, separator: str, count: int) -> Sequence[str]:
    """The parts; the last one takes what is left."""
    if separator:
        return value.split(separator, count - 1)
    found = re.match(_LETTERS_DIGITS, value)
    return found.groups() if found else (value,)


def _order(texts: Sequence[Figures], columns: Mapping[str, Figures], *, split: bool) -> tuple[str, ...] | None:
    """Which column is which part; None where a part is like none of them."""
    pairs = {
        (at, name): (text, column) if split else (column, text)
        for at, text in enumerate(texts)
        for name, column in columns.items()
    }
    scores = {key: _score(old, new) for key, (old, new) in pairs.items() if fits(old, new)}
    orders = [order for order in permutations(columns) if all(key in scores for key in enumerate(order))]
    # Of equals the first: the order in which the columns stand.
    return max(orders, key=lambda order: round(sum(scores[key] for key in enumerate(order)), 2), default=None)


def _filled(text: Figures, column: Figures) -> int:
    """How many digits the part has in every whole, where the column by itself has no zeros in front; else 0."""
    sizes = {len(one) for one in text.counts}
    fixed = len(sizes) == 1 and all(one.isdigit() for one in text.counts) and column.type == "int64"
    return sizes.pop() if fixed and {len(one) for one in column.counts} != sizes else 0


def _score(old: Figures, new: Figures) -> float:
    values = agreement(old, new, notation(old, new))
    return values.score + values.overlap


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}"
