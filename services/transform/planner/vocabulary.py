"""The synonyms and the words of manners, out of the grammar's files."""

from importlib import resources

from services.transform.planner.pattern import declare


def _lines(name: str) -> list[str]:
    text = resources.files("services.transform.planner").joinpath("grammar", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("# ")]


CLASSES: dict[str, str] = {
    name: pattern for name, _, pattern in (line.partition(" = ") for line in _lines("words.txt"))
}
declare(CLASSES)

# Said for the sake of manners: they change nothing, wherever a clause begins or ends.
FILLERS: tuple[str, ...] = tuple(_lines("fillers.txt"))
