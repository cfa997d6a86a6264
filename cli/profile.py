"""Which installation a command talks to, and with which API key."""

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import psutil
import tomli_w

from cli.errors import CliError

HOME_FOLDER = ".modulardata"
DEMO_FOLDER = ".modulardata-demo"


@dataclass(frozen=True)
class Target:
    """An installation's address and a key to it; `origin` says where both were found."""

    url: str
    api_key: str
    origin: str
    folder: Path | None = None  # the data folder, when it is a stack on this machine


def data_folder() -> Path:
    """The data folder of the stack that commands mean: named, else the one that runs here, else one that did."""
    named = os.environ.get("MODULARDATA_HOME")
    if named:
        return Path(named).absolute()
    here = [Path(HOME_FOLDER).absolute(), Path(DEMO_FOLDER).absolute()]
    running = (folder for folder in here if launcher_alive(folder))
    kept = (folder for folder in here if (folder / "state.json").exists())
    return next(running, None) or next(kept, here[0])


def launcher_alive(folder: Path) -> bool:
    """Whether the launcher that was written down for this folder still runs."""
    try:
        launcher = json.loads((folder / "run.json").read_text())["launcher"]
        process = psutil.Process(int(launcher["pid"]))
        return abs(process.create_time() - float(launcher["started"])) < 1
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False


def find(name: str | None) -> Target:
    """The installation that is meant: by profile, by environment, the stack of this folder, or who is logged in."""
    if name:
        return _named(name)
    url = os.environ.get("MODULARDATA_URL")
    if url:
        key = os.environ.get("MODULARDATA_API_KEY")
        if not key:
            raise CliError(
                "MODULARDATA_URL is set, but MODULARDATA_API_KEY is not.", hint="Set both, or neither and log in."
            )
        return Target(url.rstrip("/"), key, "environment")
    local = _local(data_folder())
    if local is not None:
        return local
    if "default" in load():
        return _named("default")
    raise CliError(
        "No stack runs in this folder, and nobody is logged in.",
        hint="Start one with `modulardata up`, name its folder with MODULARDATA_HOME, or log in somewhere with "
        "`modulardata login URL`.",
    )


def _local(folder: Path) -> Target | None:
    if not launcher_alive(folder):
        return None
    try:
        state = json.loads((folder / "state.json").read_text())
        url, key = state["public_url"], state["api_key"]
    except (OSError, ValueError, KeyError):
        return None
    if not url or not key:
        return None
    return Target(url, key, f"stack in {folder}", folder)


def file() -> Path:
    """Where the profiles are kept."""
    override = os.environ.get("MODULARDATA_PROFILES")
    return Path(override) if override else platformdirs.user_config_path("modulardata") / "profiles.toml"


def load() -> dict[str, dict[str, str]]:
    """All profiles by name."""
    try:
        return tomllib.loads(file().read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CliError(f"{file()} cannot be read: {error}", hint="Mend it, or remove it and log in again.") from None


def save(name: str, url: str, api_key: str) -> Path:
    """Keep a profile, in a file for its owner's eyes."""
    profiles = load() | {name: {"url": url, "api_key": api_key}}
    place = file()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        tomli_w.dump(profiles, opened)
    os.replace(temporary, place)
    return place


def _named(name: str) -> Target:
    profiles = load()
    found = profiles.get(name)
    if found is None:
        known = ", ".join(sorted(profiles)) or "none yet"
        raise CliError(
            f"There is no profile {name!r} (known: {known}).",
            hint=f"Make it with `modulardata login URL --profile {name}`.",
        )
    if "url" not in found or "api_key" not in found:
        raise CliError(f"Profile {name!r} in {file()} lacks its url or api_key.", hint="Log in again.")
    return Target(found["url"], found["api_key"], f"profile {name}")
