"""A baseline is read and described once, for its own workspace alone."""

import shutil
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from contracts.data import FormatFacts
from services.chassis.arrow import from_arrow
from services.chassis.storage import Storage
from services.chassis.tenancy import acting_for
from services.schema_drift.knowledge import Accepted
from services.schema_drift.service.samples import Samples

TENANT = uuid.UUID(int=1)
ROWS = pa.table(
    {"id": ["1", "2"], "name": ["x", None]}, schema=pa.schema({"id": pa.large_string(), "name": pa.large_string()})
)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    place: Any = SimpleNamespace(storage=f"file://{tmp_path}/store", storage_s3_endpoint=None)
    return Storage(place, scratch=tmp_path)


def kept(storage: Storage, header: bool = True) -> Accepted:
    with storage.writer(TENANT, from_arrow(ROWS.schema)) as writer:
        writer.write(ROWS)
        return Accepted(writer.finish(), FormatFacts(format="csv", header=header))


def test_a_baseline_stays_ready(storage: Storage, tmp_path: Path) -> None:
    samples, baseline = Samples(storage), kept(storage)
    with acting_for(TENANT):
        side = samples.side(baseline)
        assert side is not None
        assert side.delivery.values(1) == ["x", ""]
        shutil.rmtree(tmp_path / "store")
        assert samples.side(baseline) is side
    with acting_for(uuid.UUID(int=2)):
        assert samples.side(baseline) is None


def test_a_file_without_names_is_read_beside_each_earlier_one(storage: Storage) -> None:
    samples, bare = Samples(storage), kept(storage, header=False)
    with acting_for(TENANT):
        earlier = samples.side(kept(storage))
        assert samples.side(bare, earlier) is not samples.side(bare, earlier)
