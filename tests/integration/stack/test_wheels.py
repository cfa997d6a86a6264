"""Everything locked has a wheel for the platforms that this machine is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("platform", ["aarch64-unknown-linux-gnu", "aarch64-apple-darwin"])
@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_every_locked_dependency_resolves_to_a_wheel(platform: str, python: str, tmp_path: Path) -> None:
    """Resolve as that machine would, wheels only; nothing is installed."""
    said = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("uv")), "pip", "install", "--dry-run", "--no-config"),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes"),
            *("--python-platform", platform, "--python-version", python, "--target", str(tmp_path / "none")),
            *("-r", str(ROOT / "requirements" / "dev.lock")),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "Would install" in said.stderr
