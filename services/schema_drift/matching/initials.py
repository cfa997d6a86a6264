"""Names that a word stands for by its initials: `mage` for `mother_age`, `mv_theft` for `motor_vehicle_theft`."""

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
                if _stands(word, stands):
                    return stands
    return ()


def _stands(word: str, words: tuple[str, ...]) -> bool:
    letters = "".join(word[0] for word in words)
    if word == letters:
        return True
    # The last word may stand there whole, or its beginning: `m` and `educ`.
    begun, last = word[: len(letters) - 1], word[len(letters) - 1 :]
    return begun == letters[:-1] and (
        last == words[-1] if len(last) == 2 else len(last) > 2 and words[-1].startswith(last)
    )
