"""The services as the fault tests compose them: the same parts, each of the named points a place where a process dies.

`python -m tests.faults.armed all …` takes the arguments of `python -m services`. A point is armed by a file of its name
in the folder that FAULTS_FOLDER names; the process that comes by removes the file and kills itself with SIGKILL.
"""

import functools
import importlib
import inspect
import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.points import POINTS, Point


def die_when_armed(folder: Path, point: Point) -> None:
    """Remove the file of an armed point, and this process with it; only one process can."""
    try:
        (folder / point.name).unlink()
    except FileNotFoundError:
        return
    (folder / f"{point.name}.died").write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)


def wrapped(method: Callable[..., Any], folder: Path, point: Point) -> Callable[..., Any]:
    """The method, with the point before or after it."""
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def around_async(*args: Any, **kwargs: Any) -> Any:
            if point.when == "before" and point.meant(args, kwargs):
                die_when_armed(folder, point)
            result = await method(*args, **kwargs)
            if point.when == "after" and point.meant(args, kwargs):
                die_when_armed(folder, point)
            return result

        return around_async

    @functools.wraps(method)
    def around(*args: Any, **kwargs: Any) -> Any:
        if point.when == "before" and point.meant(args, kwargs):
            die_when_armed(folder, point)
        result = method(*args, **kwargs)
        if point.when == "after" and point.meant(args, kwargs):
            die_when_armed(folder, point)
        return result

    return around


def arm(folder: Path) -> None:
    """Put every point into its place."""
    for point in POINTS:
        if point.target is None:
            continue
        module_name, _, path = point.target.partition(":")
        owner: Any = importlib.import_module(module_name)
        *parents, name = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, name, wrapped(getattr(owner, name), folder, point))


if __name__ == "__main__":
    arm(Path(os.environ["MODULARDATA_FAULTS_FOLDER"]))
    sys.argv[0] = "services"
    runpy.run_module("services", run_name="__main__", alter_sys=False)
