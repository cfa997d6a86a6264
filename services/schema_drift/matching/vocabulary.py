"""Which words mean the same: the words of column names in seven languages, and WordNet for English beyond them.

Nothing of it is loaded before two names differ; WordNet stays on disk and is asked word by word.
"""

import importlib.util
import sqlite3
import threading
from functools import lru_cache
from pathlib import Path

_OWN = Path(__file__).with_name("vocabulary.txt")
# A sense that few mean by a word says nothing: `cut` is a wound, `table` a postponement.
_SENSES = 4
# What marks several of a thing, in these languages.
_ENDINGS = ("s", "e", "en", "es", "n", "er")
_LEXICON_PACKAGE, _LEXICON = "Oyemi", Path("data") / "lexicon.db"


def same_meaning(one: str, other: str) -> bool:
    """Whether two words, or two terms joined by `_`, share a meaning."""
    mine, theirs = meanings(one), meanings(other)
    if mine and theirs:
        return bool(mine & theirs)
    return bool(_senses(one) & _senses(other))


@lru_cache(maxsize=20_000)
def meanings(word: str) -> frozenset[int]:
    """The meanings of a word of column names; none for a word that is not known."""
    known = _own()
    found = known.get(word)
    for ending in _ENDINGS:
        if found is None and word.endswith(ending) and len(word) - len(ending) >= 3:
            found = known.get(word[: -len(ending)])
    return found or frozenset()


@lru_cache(maxsize=1)
def _own() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate(_OWN.read_text(encoding="utf-8").splitlines()):
        if not line.startswith("#"):
            for word in line.split():
                found.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


class _Lexicon:
    """WordNet's sets of synonyms, read from the file that a package brings along."""

    def __init__(self, path: Path) -> None:
        # Used from threads in turn, under the lock; the pages that were read are all that is kept in memory.
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._connection.execute("PRAGMA cache_size = -256")
        self._lock = threading.Lock()

    def senses(self, word: str) -> frozenset[str]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT code FROM lexicon WHERE word = ? AND code LIKE '____-_____-1-%' ORDER BY priority DESC LIMIT ?",
                (word, _SENSES),
            ).fetchall()
        return frozenset(str(code) for (code,) in rows)


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon | None:
    found = importlib.util.find_spec(_LEXICON_PACKAGE)
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parents[1] / _LEXICON
    return _Lexicon(path) if path.exists() else None


@lru_cache(maxsize=20_000)
def _senses(word: str) -> frozenset[str]:
    lexicon = _lexicon()
    if lexicon is None or len(word) < 3:
        return frozenset()
    text = word.replace("_", " ")
    return lexicon.senses(text) | (lexicon.senses(text[:-1]) if text.endswith("s") else frozenset())
