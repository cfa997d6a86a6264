"""What the pages show is so: commands exist with their options, documents are valid, and the README's run goes well."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.workflow import WorkflowDefinition

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"]
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELLS = {"sh", "bash", "console", "text"}
RIDES = "rider,miles,city\nAda,12,Oslo\nBo,,Rome\nCy,30,Oslo\nDi,7,Rome\n"


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """Page and text of the fenced blocks in these languages."""
    for page in PAGES:
        for language, _, body in FENCE.findall(page.read_text()):
            if language in languages:
                yield str(page.relative_to(ROOT)), body


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Page and words of every line that runs a program."""
    found = []
    for page, body in blocks(*SHELLS):
        for line in body.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[: len(program.split())] == program.split():
                found.append((page, words[len(program.split()) :]))
    return found


@cache
def written_commands() -> dict[str, str]:
    """Each command with its section of the page that the command line writes about itself."""
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    sections = re.split(r"^#+ `modulardata ([a-z -]+)`$", text, flags=re.MULTILINE)
    return dict(zip(sections[1::2], sections[2::2], strict=True))


def wrong_with(words: list[str]) -> str | None:
    """Why a line of the command cannot be typed, or None."""
    known = written_commands()
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in known), None)
    if name is None or any(other.startswith(f"{name} ") for other in known):
        return "there is no such command"
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    everywhere = {"--help", "--output", "--profile"}
    missing = [item for item in options - everywhere if not re.search(rf"(?<![\w-]){item}(?![\w-])", known[name])]
    return f"no option {missing}" if missing else None


def test_every_command_that_a_page_shows_can_be_typed() -> None:
    shown = commands("modulardata")
    assert len(shown) >= 15
    wrong = [(page, " ".join(words), why) for page, words in shown if (why := wrong_with(words))]
    assert wrong == []


@pytest.mark.parametrize("line", ["runs lst", "frobnicate", "apply x.yaml --dryrun", "quarantine show x --loud"])
def test_a_line_that_cannot_be_typed_is_seen(line: str) -> None:
    assert wrong_with(line.split())


def test_every_target_of_make_that_a_page_shows_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = [(page, word) for page, words in commands("make") for word in words if re.fullmatch(r"[a-z-]+", word)]
    assert shown
    assert [item for item in shown if item[1] not in targets] == []


def test_python_compiles_and_documents_are_valid() -> None:
    for page, body in blocks("python"):
        compile(body, page, "exec")
    for _, body in blocks("json"):
        json.loads(body)
    definitions = 0
    for page, body in blocks("yaml"):
        document = yaml.safe_load(body)
        assert isinstance(document, dict), page
        if {"triggers", "drift"} & set(document) and "source" not in document:
            document |= {
                "name": "shown",
                "source": {"connection": "a", "selection": {}},
                "destination": {"connection": "b", "target": {}},
            }
        if "source" in document:
            WorkflowDefinition.model_validate(document)
            definitions += 1
    assert definitions >= 3


def test_the_readmes_five_minutes_can_be_followed(newcomer: Any) -> None:
    (newcomer.folder / "orders.csv").write_text("order_id,day,amount\n1,2026-01-01,1.5\n2,2026-01-02,2.5\n")
    (newcomer.folder / "more-orders.csv").write_text("order_id,day,amount\n3,2026-02-01,3.5\n")
    (block,) = [body for page, body in blocks("sh") if page == "README.md" and "modulardata init" in body]
    ran = []
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if words[1] in ("up", "down"):
            # The stack is up, and others need it afterwards.
            continue
        done = newcomer(*words[1:])
        assert done.code == 0, (line, done.out, done.err)
        ran.append(words[1])
    assert ran == ["init", "apply", "apply", "run", "files"]


def test_the_page_on_plain_english_can_be_followed(newcomer: Any) -> None:
    (newcomer.folder / "rides.csv").write_text(RIDES)
    done, asked = [body for page, body in blocks("sh") if page == "docs/how-to/plain-english.md"]
    ran = []
    for block, code in ((done, 0), (asked, 2)):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)[1:]
            if words[:2] == ["plans", "apply"]:
                words[-1] = newcomer.json("plans", "list", "latest")["items"][-1]["id"]
            seen = newcomer(*words)
            assert seen.code == code, (line, seen.out, seen.err)
            ran.append(" ".join(words[:2]))
    assert ran == ["sessions open", "plans ask", "plans apply", "plans ask", "plans list", "plans ask", "plans ask"]
    assert [one["outcome"] for one in newcomer.json("plans", "list", "latest")["items"]] == ["plan"] * 2 + [
        "question"
    ] * 2


def test_the_tutorial_can_be_followed(newcomer: Any) -> None:
    page = ROOT / "docs" / "tutorials" / "shape-a-table.md"
    said: dict[str, str] = {}
    for language, info, body in FENCE.findall(page.read_text()):
        if "file=" in info:
            (newcomer.folder / info.split("file=")[1].strip()).write_text(body)
        elif language == "sh":
            for line in body.splitlines():
                done = newcomer(*shlex.split(line)[1:])
                assert done.code == (1 if "differs" in info else 0), (line, done.out, done.err)
                said[line] = done.out
    assert "fare_per_km" in said["modulardata sessions preview latest"]
    versions = newcomer.json("modules", "versions", "clean-trips")["items"]
    assert [(one["number"], one["current"]) for one in versions] == [(2, False), (1, True)]
    compared = newcomer.json("modules", "try", "clean-trips", "--on", "./trips.csv")
    assert compared["rows"] == 4
