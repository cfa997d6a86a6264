"""What is believed of one column of texts, and how each look at more of its values changes that."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute

from contracts.data import FormatQuestion, LogicalType
from services.connector.formats.base import Answer
from services.connector.formats.csv_types import Converted, Lexicon, convert, infer, trimmed, trimmed_texts, wider
from services.connector.formats.null_markers import MARKERS
from services.connector.formats.spellings import Context, Evidence, Spelling, convert_spelled

pc: Any = pyarrow.compute  # its stubs know too few of its overloads

# Dates without separators look like numbers; a column of them is looked at before it is one of numbers.
_COMPACT = r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d){2})?$"


@dataclass
class Guess:
    """A column's type, and how its values are written where that is not plainly."""

    name: str
    type: LogicalType | None
    told: bool  # by somebody else: values that do not fit are set aside and do not widen the type
    lexicon: Lexicon = "text"
    words: bool = True  # whether yes and no are truth values
    answer: Answer | None = None
    blanks: bool = False  # whether texts of nothing but blanks are values
    values: int = 0
    failures: int = 0
    spelling: Spelling | None = None
    question: FormatQuestion | None = None
    markers: set[str] = field(default_factory=set)  # for null, met in this column
    _evidence: Evidence | None = None
    _compact: bool = True  # whether dates without separators are still possible

    @property
    def open(self) -> bool:
        """Whether more values may still change what is believed."""
        return not self.told and not (self.type == LogicalType.STRING and self._evidence is None)

    @property
    def decimal(self) -> str | None:
        """The sign before decimals, where this column proves it."""
        if self._evidence is not None:
            return self._evidence.decimal
        return "." if self.type == LogicalType.FLOAT and self.spelling is None else None

    def learn(self, values: Any) -> None:
        """Make what is believed wide enough for these values."""
        if not self.open or (self._plain and convert(values, self.type or LogicalType.STRING).bad is None):
            return
        texts = self._without_markers(values)
        if not texts:
            return
        if self._evidence is not None:
            self._weigh(texts)
            return
        array = pa.array(texts, type=pa.string())
        if self.type is None and self._compact and pc.all(pc.match_substring_regex(array, _COMPACT)).as_py():
            self._weigh(texts)
            return
        found = wider(self.type, infer(array))
        self.type = LogicalType.STRING if found == self.type else found
        if self.type == LogicalType.STRING:
            self._weigh(texts)

    def typed(self, values: Any) -> Converted:
        """The values in the believed type; what does not fit is marked."""
        if self.lexicon == "postgres":
            return convert(values, self.type or LogicalType.STRING, self.lexicon)
        if self.spelling is not None and self.type is not None:
            return convert_spelled(values, self.type, self.spelling)
        column = convert(values, self.type or LogicalType.STRING, self.lexicon)
        if self.type in (None, LogicalType.STRING):
            bare = trimmed_texts(values, blanks=self.blanks)
            return column if bare is values else convert(bare, LogicalType.STRING)
        if column.bad is not None:
            bare = trimmed(values)
            column = column if bare is values else convert(bare, self.type, self.lexicon)
        return column

    def note_markers(self, values: Any) -> None:
        """Remember the markers for null among these values of a column that is no text."""
        if self.type not in (None, LogicalType.STRING):
            self._without_markers(values)

    def nothing_but_markers(self, values: Any) -> bool:
        """Whether there is no value but what may stand for null elsewhere: then it is a text here."""
        return not self._without_markers(values)

    def give_up(self) -> None:
        """Be text, where nothing is settled after all."""
        if self._evidence is not None and not self.told:
            self.type, self.spelling, self._evidence = LogicalType.STRING, None, None

    def watch(self, values: Any) -> None:
        """Look at more values of a column that is text so far, but may still turn out to be something else."""
        if self._evidence is not None and self.spelling is None and not self.told:
            self._weigh(self._without_markers(values))

    def doubt(self) -> None:
        """Another column shows that a point may stand between thousands: look at this one again."""
        if self.type == LogicalType.FLOAT and self._plain and not self.told:
            self.type, self._evidence = LogicalType.STRING, Evidence(words=self.words)

    def settle(self, context: Context) -> bool:
        """Draw the conclusion of all that was seen; whether it is another one than before."""
        if self.told or self._evidence is None:
            return False
        verdict = self._evidence.verdict(self.name, context, self.answer)
        before = (self.type, self.spelling)
        self.type, self.spelling, self.question = verdict.type, verdict.spelling, verdict.question
        return before != (self.type, self.spelling)

    @property
    def _plain(self) -> bool:
        return self.type is not None and self.spelling is None and self._evidence is None

    def _weigh(self, texts: list[str]) -> None:
        first = self._evidence is None
        evidence = self._evidence or Evidence(words=self.words)
        evidence.add(texts)
        self._evidence = evidence if evidence.alive else None
        if self._evidence is None:
            # No dates without separators after all: numbers, perhaps.
            again = self._compact and not first and self.spelling is not None
            self.type, self.spelling, self.question = None if again else LogicalType.STRING, None, None
            self._compact = False
        elif self.type is None:
            self.type = LogicalType.STRING

    def _without_markers(self, values: Any) -> list[str]:
        texts = pc.unique(pc.drop_null(trimmed(values))).to_pylist()
        self.markers |= MARKERS.intersection(texts)
        return [text for text in texts if text not in MARKERS]
