"""Which column that came continues which earlier one: one global assignment, and no answer where it is not clear."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.schema_drift.comparing.agreement import agreement
from services.schema_drift.comparing.notation import notation
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import Delivery
from services.schema_drift.matching.assignment import assign, components, total
from services.schema_drift.matching.candidates import Candidate, candidate
from services.schema_drift.matching.names import joined, opaque, words
from services.schema_drift.matching.parts import derived

# Comparing every pair is quadratic; beyond so many, columns of names that differ in style alone are matched first and
# alone.
MAX_PAIRS = 6_000
# How much better the best assignment has to be than the best one without a pair.
MARGIN = 0.35


@dataclass(frozen=True)
class Pair:
    """An earlier column and the one that continues it under another name; `clear` when no other pair is as good."""

    candidate: Candidate
    clear: bool
    margin: float

    @property
    def old(self) -> Figures:
        """The earlier column."""
        return self.candidate.old

    @property
    def new(self) -> Figures:
        """The one that continues it."""
        return self.candidate.new

    @property
    def confidence(self) -> float:
        """How many of a hundred such pairs are right, of those that were ever looked at; style leaves least doubt."""
        known = self.candidate.values.kind != "nothing"
        if self.candidate.names.relation == "same":
            sure = 0.99
        elif known:
            sure = 0.98 if self.candidate.level == "sure" else 0.9
        else:
            sure = 0.6 + 0.3 * self.candidate.names.strength
        return round(sure if self.clear else 0.6 * sure, 2)

    @property
    def sure(self) -> bool:
        """Whether nobody need be asked for this pair's sake."""
        return self.clear and self.candidate.level == "sure"


@dataclass(frozen=True)
class Matching:
    """Every earlier column is kept, renamed or removed; every one that came is kept, a rename's or added."""

    kept: tuple[tuple[Figures, Figures], ...]
    renamed: tuple[Pair, ...]
    removed: tuple[Figures, ...]
    added: tuple[Figures, ...]
    rivals: dict[str, tuple[str, ...]] = field(default_factory=dict)  # removed → the ones it may have become
    derived: dict[str, tuple[str, ...]] = field(default_factory=dict)  # removed → the ones that carry its contents
    shuffled: bool = False  # opaque names for nearly everything, and no telling which is which


def match(before: Delivery, after: Delivery, exactly: bool = False) -> Matching:
    """Match the columns of two deliveries; `exactly` says that a blank around a name makes it another one."""
    kept, gone, came = ((), list(before.columns), list(after.columns)) if exactly else _by_name(before, after)
    found = _candidates(gone, came)
    weights = {pair: one.weight + _place(pair, gone, came) for pair, one in found.items() if one.level != "near"}
    chosen = assign(weights)
    pairs, rivals = _judged(found, weights, chosen, gone, came)
    taken_old, taken_new = {pair.old.at for pair in pairs}, {pair.new.at for pair in pairs}
    removed = tuple(one for one in gone if one.at not in taken_old)
    added = tuple(one for one in came if one.at not in taken_new)
    for (row, column), one in found.items():
        if one.level != "no" and gone[row] in removed and came[column] in added:
            rivals.setdefault(gone[row].name, set()).add(came[column].name)
    parted = derived(before, after, removed, added) if removed and added else {}
    return Matching(
        kept=kept,
        renamed=tuple(pairs),
        removed=removed,
        added=added,
        rivals={name: tuple(sorted(names)) for name, names in rivals.items()},
        derived=parted,
        shuffled=_shuffled(before, pairs, removed, added),
    )


def _by_name(
    before: Delivery, after: Delivery
) -> tuple[tuple[tuple[Figures, Figures], ...], list[Figures], list[Figures]]:
    """Pairs of equal names (a blank around a name is no difference here), and what is left on both sides."""
    there: dict[str, list[Figures]] = {}
    for column in after.columns:
        there.setdefault(column.name.strip(), []).append(column)
    kept, gone, used = [], [], set()
    for column in before.columns:
        same = there.get(column.name.strip())
        if same:
            kept.append((column, same.pop(0)))
            used.add(kept[-1][1].at)
        else:
            gone.append(column)
    return tuple(kept), gone, [column for column in after.columns if column.at not in used]


def _candidates(gone: Sequence[Figures], came: Sequence[Figures]) -> dict[tuple[int, int], Candidate]:
    found: dict[tuple[int, int], Candidate] = {}
    by_words: dict[str, list[int]] = {}
    for column, new in enumerate(came):
        by_words.setdefault(joined(new.name), []).append(column)
    rows, columns = set(range(len(gone))), set(range(len(came)))
    for column, bare in _bare(came).items():
        if bare not in by_words:
            by_words[bare] = [column]
    for row, old in enumerate(gone):
        same = by_words.get(joined(old.name), ())
        if len(same) == 1 and (one := candidate(old, came[same[0]])) is not None:
            found[row, same[0]] = one
            rows.discard(row)
            columns.discard(same[0])
    if len(rows) * len(columns) <= MAX_PAIRS:
        for row in sorted(rows):
            for column in sorted(columns):
                if (one := candidate(gone[row], came[column])) is not None:
                    found[row, column] = one
    return found


def _bare(came: Sequence[Figures]) -> dict[int, str]:
    """The names without a first or last word that most of them have and that is new: `src_distance` is `distance`."""
    for end in (0, -1):
        usual, many = Counter(words(new.name)[end] for new in came).most_common(1)[0] if came else ("", 0)
        if many >= 4 and many >= 0.7 * len(came):
            cut = slice(1, None) if end == 0 else slice(None, -1)
            with_it = ((column, words(new.name)) for column, new in enumerate(came) if words(new.name)[end] == usual)
            return {column: "".join(parts[cut]) for column, parts in with_it if len(parts) > 1}
    return {}


def _place(pair: tuple[int, int], gone: Sequence[Figures], came: Sequence[Figures]) -> float:
    return 0.05 if len(gone) == len(came) and pair[0] == pair[1] else 0.0


def _judged(
    found: dict[tuple[int, int], Candidate],
    weights: dict[tuple[int, int], float],
    chosen: dict[int, int],
    gone: Sequence[Figures],
    came: Sequence[Figures],
) -> tuple[list[Pair], dict[str, set[str]]]:
    pairs: list[Pair] = []
    rivals: dict[str, set[str]] = {}
    for part in components(weights):
        own = {pair: weights[pair] for pair in part}
        mine = {row: column for row, column in part if chosen.get(row) == column}
        best = total(own, mine)
        even = len({row for row, _ in part}) == len({column for _, column in part})
        for row, column in mine.items():
            without = {pair: weight for pair, weight in own.items() if pair != (row, column)}
            # Left out altogether is no rival: that there is no better successor is judged by the pair itself.
            others = [pair for pair in without if row in pair[:1] or column in pair[1:]]
            margin = best - total(without, assign(without)) if others else best
            one = found[row, column]
            alike = _alike(found, one, row, column)
            clear = (not others or margin >= MARGIN) and not alike
            if clear or (even and not alike):
                pairs.append(Pair(one, clear, margin))
            else:
                rivals.setdefault(gone[row].name, set()).update(came[other].name for _, other in others)
                rivals[gone[row].name].add(came[column].name)
    return pairs, rivals


def _alike(found: dict[tuple[int, int], Candidate], chosen: Candidate, row: int, column: int) -> bool:
    """Whether another quantity of like name and values came too, so that a longer name could mean either."""
    if chosen.names.relation in ("same", "whole"):
        return False
    near = (one for (r, c), one in found.items() if r == row and c != column and one.level == "near")
    return any(one.names.relation != "none" for one in near)


def _shuffled(before: Delivery, pairs: Sequence[Pair], removed: Sequence[Figures], added: Sequence[Figures]) -> bool:
    bare = [pair for pair in pairs if opaque(pair.new.name) and not opaque(pair.old.name)]
    nameless = len(bare) + min(len(removed), sum(opaque(one.name) for one in added))
    if nameless < 5 or nameless < 0.6 * len(before.columns):
        return False
    in_place = sum(pair.old.at == pair.new.at for pair in bare)
    unclear = nameless - len(bare) + sum(_like_others(pair, pairs) for pair in bare)
    return in_place < 0.8 * nameless and unclear >= 0.5 * nameless


def _like_others(pair: Pair, pairs: Sequence[Pair]) -> bool:
    """Whether the values alone might as well be another column's."""
    if not pair.clear:
        return True
    others = (other.new for other in pairs if other is not pair and other.new.type == pair.new.type)
    return any(agreement(pair.old, new, notation(pair.old, new)).score >= 0.4 for new in others)
