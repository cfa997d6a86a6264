"""All differences between two deliveries of a table, each with its evidence; pure, and the same every time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from services.schema_drift.comparing.agreement import Agreement, agreement
from services.schema_drift.comparing.notation import Notation, notation
from services.schema_drift.comparing.spread import noise
from services.schema_drift.comparing.units import Conversion
from services.schema_drift.describing.column import Figures
from services.schema_drift.describing.delivery import Delivery
from services.schema_drift.describing.plain import NUMERIC
from services.schema_drift.detecting.across import confirmed, contradicted, disordered, exchanged, shifted
from services.schema_drift.detecting.difference import Difference, Kind, Proof
from services.schema_drift.detecting.form import form_changes
from services.schema_drift.detecting.meaning import INVERTED, Meaning, meaning, turned
from services.schema_drift.detecting.notation_lost import filled, fresh_code, fresh_marker, rounded, stopgap
from services.schema_drift.detecting.order import longest_ascending
from services.schema_drift.detecting.same_values import added_up, partly, reassigned
from services.schema_drift.detecting.traded import earlier, overtaken, traded
from services.schema_drift.matching.match import Matching, Pair, match


def detect(before: Delivery, after: Delivery) -> tuple[Difference, ...]:
    """Compare a delivery with an earlier one."""
    return Detection(before, after).differences()


class Detection:
    """The comparison of two deliveries."""

    def __init__(self, before: Delivery, after: Delivery) -> None:
        self.before, self.after = before, after
        self.matching: Matching = match(before, after)
        renamed = [(pair.old, pair.new) for pair in self.matching.renamed]
        self._pairs = sorted([*self.matching.kept, *renamed], key=lambda pair: pair[0].at)
        self._written: dict[str, Notation] = {old.name: notation(old, new) for old, new in self._pairs}
        self._values: dict[str, Agreement] = {
            old.name: agreement(old, new, self._written[old.name]) for old, new in self._pairs
        }

    def differences(self) -> tuple[Difference, ...]:
        """What changed: columns that went and came first, then what became of those that stayed."""
        changed = tuple(self._changed())
        return (
            *form_changes(self.before, self.after, len(self.matching.kept)),
            *self._duplicates(),
            *self._removed(),
            *self._renamed(),
            *changed,
            *self._turned(changed),
            *self._moved(),
            *self._added(),
        )

    def _duplicates(self) -> Iterator[Difference]:
        for name, many in Counter(column.name.strip() for column in self.after.columns).items():
            if many > 1 and name:
                yield Difference("duplicate_name", name, "plausible", f"{many} columns bear this name")

    def _added(self) -> Iterator[Difference]:
        for column in self.matching.added:
            yield Difference("added", column.name.strip(), "proven", f"a column of type {column.type} came")

    def _removed(self) -> Iterator[Difference]:
        for column in self.matching.removed:
            carriers = self.matching.derived.get(column.name, ())
            rivals = self.matching.rivals.get(column.name, ())
            if carriers:
                kind: Kind = "split" if len(carriers) > 1 else "merged"
                shown = ", ".join(carriers)
                yield Difference(
                    "removed", column.name, "plausible", f"its contents are in {shown}", candidates=carriers
                )
                yield Difference(kind, column.name, "plausible", f"carried by {shown}", candidates=carriers)
            elif rivals:
                text = "it may have become " + " or ".join(rivals)
                yield Difference("removed", column.name, "plausible", text, candidates=rivals)
            else:
                yield Difference("removed", column.name, "refuted", "nothing that came looks like it")

    def _renamed(self) -> Iterator[Difference]:
        for old, new in self.matching.kept:
            if old.name != new.name:
                yield Difference("renamed", old.name, "proven", "blanks around the name", became=new.name)
        for pair in self.matching.renamed:
            yield Difference(
                "renamed",
                pair.old.name,
                "refuted" if self.matching.shuffled else "proven" if pair.sure else "plausible",
                _why(pair),
                became=pair.new.name,
                evidence=pair.candidate.evidence | {"margin": round(pair.margin, 3)},
            )

    def _changed(self) -> Iterator[Difference]:
        meanings = self._meanings()
        for old, new in self._pairs:
            written, values = self._written[old.name], self._values[old.name]
            types = (old.type, new.type) if old.type != new.type and "empty" not in (old.type, new.type) else None
            evidence = {"distance": round(values.distance, 3), "overlap": round(values.overlap, 3)}
            evidence |= {"pattern": round(values.pattern, 3), "null_rate": round(new.empty_share - old.empty_share, 3)}
            found = meanings.get(old.name)
            if types:
                proof: Proof = "refuted" if found else "proven" if written.safe else "plausible"
                text = f"{types[0]} became {types[1]}" + (f": {written.text}" if written.text else "")
                yield Difference("type_changed", old.name, proof, text, types=types, evidence=evidence)
            if found:
                yield Difference("meaning_changed", old.name, "refuted", found.text, evidence=evidence)
                continue
            for other in self._rewritten(old, new, written):
                sure: Proof = "proven" if other.safe else "plausible"
                yield Difference("format_changed", old.name, sure, other.text, evidence=evidence)

    def _turned(self, changed: Sequence[Difference]) -> Iterator[Difference]:
        """Flags and classes of which so few rows do not tell whether they mean what they meant."""
        told = bool(changed or self.matching.renamed or self.matching.removed)
        found = {one.column for one in changed if one.proof != "proven"}
        for old, new in self._pairs:
            if old.name in found or self._sliced():
                continue
            doubt = turned(old, new, told)
            text = doubt.text if doubt is not None else reassigned(old, new)[0] if self._calm else ""
            if text:
                yield Difference("format_changed", old.name, "plausible", text)

    def _rewritten(self, old: Figures, new: Figures, written: Notation) -> Iterator[Notation]:
        if written.text and not written.widened:
            yield self._doubted(old, new, written)
        checks = [fresh_marker(old, new), stopgap(old, new), filled(old, new), rounded(old, new)]
        yield from (found for found in checks if found is not None)
        if not written.text and (code := fresh_code(old, new)) is not None:
            yield code
        if new.padded and not old.padded:
            # A text that was cut may end with a blank, too: only known values are what they were.
            known = self._values[old.name].overlap >= 0.3 or old.type != "string"
            yield Notation("blanks around values", safe=known)

    def _doubted(self, old: Figures, new: Figures, written: Notation) -> Notation:
        """A notation is proven only if the numbers that it gives might be of the column."""
        values = self._values[old.name]
        if written.safe and values.kind == "numbers" and values.distance > 0.4:
            return Notation(written.text, safe=False)
        return written

    def _meanings(self) -> dict[str, Meaning]:
        found: dict[str, Meaning] = {}
        for old, new in self._pairs:
            sliced = new.distinct == 1 and self.before.ordered_by(old.at)
            one = meaning(old, new, self._written[old.name], self._values[old.name], sliced=sliced)
            if one is not None:
                found[old.name] = one
        for old, new in self._pairs:
            if text := self._same_values(old, new):
                found[old.name] = Meaning(text)
        for pair in self.matching.renamed:
            if pair.candidate.converted is not None:
                found[pair.old.name] = Meaning(pair.candidate.converted.text)
        for name in [name for name, one in found.items() if one.text == INVERTED and self._sliced()]:
            del found[name]
        scales = {name: one.scales for name, one in found.items() if one.scales}
        if scales:
            self._doubt(found, scales)
        pairs = [pair for pair in self._pairs if pair[0].name not in found or pair[0].name in scales]
        for texts in (
            exchanged(self._pairs, self._values),
            disordered(self.before, self.after, pairs, self._values),
            contradicted(self.before, self.after, pairs),
            shifted(self.before, self.after, pairs),
            traded(self._pairs) if self._calm else {},
            overtaken(self.before, self.after, pairs) if self._calm else {},
            earlier(self.before, self.after, pairs),
        ):
            for name, text in texts.items():
                found.setdefault(name, Meaning(text))
        return found

    def _same_values(self, old: Figures, new: Figures) -> str:
        """What may have been done to a column that the other columns say nothing of."""
        values, written = self._values[old.name], self._written[old.name]
        if values.kind == "numbers" and new.type in NUMERIC:
            numbers = new.numbers if written.numbers is None else written.numbers
            in_rows = self.after.numbers(new.at)
            return added_up(old, in_rows, values.distance) or partly(old, numbers, values.distance)
        if values.kind == "closed" and not written.text and self._calm:
            text, sure = reassigned(old, new)
            return text if sure else ""
        return ""

    @cached_property
    def _calm(self) -> bool:
        """Whether most columns are as they were: then it is the same part of the same world that came."""
        told = [one.distance for one in self._values.values() if one.kind in ("numbers", "closed", "truths")]
        rows = [range(len(side.rows)) for side in (self.before, self.after)]
        usual = max(0.2, noise(*rows))
        return len(told) >= 3 and sum(apart <= usual for apart in told) >= 0.6 * len(told)

    def _sliced(self) -> bool:
        """Whether a part of the table came: a column of few values lost one that a good part of the rows had."""
        return any(
            sum(many for text, many in old.counts.items() if text not in new.counts) >= 0.25 * old.present
            and set(new.counts) < set(old.counts)
            for old, new in self._pairs
            if old.closed and new.present
        )

    def _doubt(self, found: dict[str, Meaning], scales: Mapping[str, Sequence[Conversion]]) -> None:
        """Levels move with time and place: a scale is said to have changed only if the column moved alone."""
        numbers = [old for old, _ in self._pairs if self._values[old.name].kind == "numbers" and old.distinct > 5]
        moved = [old for old in numbers if self._values[old.name].distance > 0.3]
        ties = confirmed(self.before, self.after, self._pairs, scales)
        restless = len(moved) - len(scales) >= 2 or (len(moved) > 2 and len(moved) >= 0.6 * len(numbers))
        # One change of units is one rule; three columns with a rule each are larger things, or another time.
        mixed = len(scales) >= 3 and len({ones[0].text for ones in scales.values()}) >= 2
        for name in scales:
            tied = ties.get(name)
            if tied is False or mixed or (tied is None and restless and found[name].distance < 0.9):
                del found[name]

    def _moved(self) -> Iterator[Difference]:
        places = [new.at for _, new in self._pairs]
        kept = longest_ascending(places)
        for at, (old, new) in enumerate(self._pairs):
            if at not in kept:
                yield Difference("reordered", old.name, "proven", f"column {new.at + 1} now")


def _why(pair: Pair) -> str:
    one = pair.candidate
    if one.converted is not None:
        return f"another name, and another unit: {one.converted.text}"
    text = {
        "same": "the same name in another style",
        "whole": "the same name in other words",
        "extended": "the same name with a word more or less",
        "partial": "a name with a word in common",
        "none": "another name",
    }[one.names.relation]
    if one.names.claims:
        text += ", with a unit that is a new claim"
    return (
        text
        + (", and the values agree" if one.values.score >= 0.6 else "")
        + ("" if pair.clear else "; others fit as well")
    )
