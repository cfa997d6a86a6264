"""Where fetched archives lie: in the user's cache folder, for every checkout on the machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from deploy.local.account import Account


def folder(account: Account, data: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Choose the folder: one's own wish, else one that the servers' user can read."""
    if own := environment.get("MODULARDATA_CACHE"):
        return Path(own).absolute()
    # Root's home is closed to the user under whose name the servers run.
    usual = Path("/var/cache/modulardata") if account.drop else Path(platformdirs.user_cache_dir("modulardata"))
    return usual if _writable(usual) else data / "cache"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
