"""Names that a word stands for by its initials: `mage` for `mother_age`, `mv_theft` for `motor_vehicle_theft`."""

from collections.abc import Iterator

from services.schema_drift.matching.words import GLUE

# Of so few letters alone, too many names begin.
_LEAST = 3


def spelled(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """The words that a word of the other name stands for, where all other words are the same; else nothing."""
    for short, long in ((one, other), (other, one)):
        for words in (long, tuple(word for word in long if word not in GLUE)):
            for at, word in enumerate(short):
                size = len(words) - len(short) + 1
                stands = words[at : at + size]
                rest = (*words[:at], *words[at + size :])
                if size < 2 or rest != (*short[:at], *short[at + 1 :]) or len(word) < (2 if rest else _LEAST):
                    continue
                if word in _initials(stands):
                    return stands
    return ()


def _initials(words: tuple[str, ...]) -> Iterator[str]:
    letters = "".join(word[0] for word in words)
    yield letters
    # The last word may stand there whole: `m` and `age`.
    if len(words[-1]) >= 2:
        yield letters[:-1] + words[-1]
