"""Jobs of ours and the same by hand in children of the same kind, each with its effort and its peak of memory."""

import json
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import polars as pl

from contracts.data import DatasetRef
from services.chassis.arrow import from_arrow
from services.chassis.isolation.sandbox import Sandbox
from services.chassis.isolation.walls import Limits
from services.chassis.storage import Storage
from services.transform.computing import Computing
from tests.bench.effort import Effort, Watch

TENANT = uuid.UUID(int=1)
Found = TypeVar("Found")


@dataclass
class Children:
    """A store, a place for our jobs, and one for what is written by hand. Both have loaded the engine already."""

    folder: Path
    storage: Storage
    sandbox: Sandbox
    beside: Sandbox
    computing: Computing

    def stored(self, frames: Iterable[pl.DataFrame]) -> DatasetRef:
        """A dataset of some frames."""
        return stored(self.storage, frames)

    async def ours(self, run: Callable[[Computing], Awaitable[Found]]) -> tuple[Effort, int, Found]:
        """Run a job: its effort, the megabytes of its child, and what came of it."""
        watch = Watch()
        found = await run(self.computing)
        return watch.stop(), _peak(self.sandbox), found

    async def by_hand(self, work: str, dataset: DatasetRef) -> tuple[Effort, int, dict[str, Any]]:
        """The same by hand."""
        watch = Watch()
        with (
            self.storage.local_parts(dataset, tenant=TENANT) as parts,
            tempfile.TemporaryDirectory(dir=self.folder) as output,
        ):
            paths = [path.resolve() for path in parts]
            job = json.dumps({"work": work, "inputs": list(map(str, paths)), "output": output})
            said = await self.beside.run(job, readable=paths, folder=Path(output), seconds=300)
        return watch.stop(), _peak(self.beside), json.loads(said)


def store(folder: Path) -> Storage:
    """A store of its own in a folder."""
    place: Any = SimpleNamespace(storage=f"file://{folder}/store", storage_s3_endpoint=None)
    return Storage(place, scratch=folder / "scratch")


def stored(storage: Storage, frames: Iterable[pl.DataFrame]) -> DatasetRef:
    """A dataset of some frames, as a pull writes it."""
    rest = iter(frames)
    first = next(rest)
    with storage.writer(TENANT, from_arrow(first.to_arrow().schema)) as writer:
        for frame in chain((first,), rest):
            writer.write(frame)
        return writer.finish()


@asynccontextmanager
async def children() -> AsyncIterator[Children]:
    """Both kinds, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as name:
        folder = Path(name).resolve()
        storage = store(folder)
        sandbox = Sandbox(Limits(), work="services.transform.worker", rest_after=600)
        beside = Sandbox(Limits(), work="tests.bench.by_hand", rest_after=600)
        try:
            yield Children(folder, storage, sandbox, beside, Computing(storage, sandbox))
        finally:
            await sandbox.close()
            await beside.close()


def _peak(sandbox: Sandbox) -> int:
    return sandbox.last.max_rss_mb if sandbox.last is not None else 0
