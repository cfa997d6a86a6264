"""The classes of a Java server as an archive that its next start maps, where the first start read and linked each.

The wheel's runtime comes without any archive, and a start costs a server most of its time. So the first start notes
which classes it loads, and once the stack is up an archive is made of them beside the fetched files. The runtime holds
an archive against itself and the class path, and does without one that does not fit.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.account import Account
from deploy.local.java import Java
from deploy.local.supervisor import run_once, server_environment

# What making one takes, whatever the server itself is given.
HEAP_MB = 256


@dataclass(frozen=True)
class ClassArchive:
    """The archive of one server: where it lies, and the runtime and the class path that it is of."""

    server: str
    path: Path
    java: Java
    class_path: str

    def flags(self, home: Path) -> list[str]:
        """Use it, or note below the server's folder what is to be in it."""
        if self.path.is_file():
            return [f"-XX:SharedArchiveFile={self.path}"]
        return [f"-XX:DumpLoadedClassList={home / 'classes.list'}"]

    async def make(self, home: Path, account: Account, log: Path) -> None:
        """Make it of what was noted, for every start to come; one that is there is left alone."""
        if self.path.is_file() or not (home / "classes.list").is_file():
            return
        made = home / "classes.jsa"
        nice = shutil.which("nice")
        await run_once(
            "the archive of classes",
            [
                *([nice, "-n", "19"] if nice else []),
                *(str(self.java.path), *self.java.lean_flags(HEAP_MB), "-Xshare:dump"),
                *(f"-XX:SharedClassListFile={home / 'classes.list'}", f"-XX:SharedArchiveFile={made}"),
                *("-cp", self.class_path),
            ],
            folder=home,
            environment=server_environment(home),
            account=account,
            log=log,
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own until it is whole: two copies of the stack may make it at once.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file, made.open("rb") as source:
                shutil.copyfileobj(source, file)
            os.chmod(name, 0o644)
            os.replace(name, self.path)
        finally:
            Path(name).unlink(missing_ok=True)
            made.unlink(missing_ok=True)


def of(server: str, java: Java, class_path: str, cache: Path) -> ClassArchive:
    """Say where the archive of this server, of this runtime and of these very files lies."""
    key = hashlib.sha256(f"{java.path}\n{java.version}\n".encode())
    for file in [java.path, *map(Path, class_path.split(os.pathsep))]:
        about = file.stat()
        key.update(f"{file}\n{about.st_size}\n{about.st_mtime_ns}\n".encode())
    return ClassArchive(server, cache / "classes" / f"{server}-{key.hexdigest()[:16]}.jsa", java, class_path)
