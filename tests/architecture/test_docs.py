"""The papers: pages that are made from the code are fresh, links lead somewhere, and named tests exist."""

import re
import subprocess
from pathlib import Path

import pytest

from docs import generate

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).exists()]


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links that lead nowhere."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    targets = [target for target in LINK.findall(prose) if "://" not in target and not target.startswith("mailto:")]
    return [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []


def test_a_broken_link_is_noticed() -> None:
    assert broken_links(ROOT / "README.md", "see [this](docs/no-such-page.md)") == ["docs/no-such-page.md"]


def test_reference_pages_are_what_the_code_says() -> None:
    assert generate.stale() == [], "run `make contracts` and commit it"


def test_every_guarantee_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| Promise")]
    assert len(rows) >= 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)`", row)
        assert named, f"a promise without a test: {row[:80]}"
        assert [name for name in named if not (ROOT / name).exists()] == []
