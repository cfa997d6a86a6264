"""The deliveries that are compared, out of the samples that pulls kept; read in a thread."""

import threading
from collections import OrderedDict

import structlog

from contracts.data import Schema
from services.chassis.storage import AddressRefused, DatasetCorrupt, Storage
from services.chassis.tenancy import acting_tenant
from services.schema_drift.describing.sample import delivery_of
from services.schema_drift.detecting.inputs import Side
from services.schema_drift.knowledge import Accepted

# What comes is compared with the same baseline again and again: the last ones stay described.
_READY = 8
_READY_BYTES = 1 << 20


class Samples:
    """Reads samples; what cannot be read is as if it had not been kept."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._ready: OrderedDict[tuple[object, ...], Side] = OrderedDict()
        self._lock = threading.Lock()

    def side(self, kept: Accepted | None, earlier: Side | None = None) -> Side | None:
        """One side of a comparison; None where there are no values."""
        if kept is None:
            return None
        # A file without names borrows those of the earlier one, and is another delivery beside each.
        alone = earlier is None or kept.facts.header is not False
        key = (acting_tenant(), kept.sample.uri, kept.facts.model_dump_json())
        with self._lock:
            if alone and key in self._ready:
                self._ready.move_to_end(key)
                return self._ready[key]
        names = kept.sample.table_schema.names
        try:
            rows = [
                [row[name] for name in names]
                for batch in self._storage.batches(kept.sample)
                for row in batch.to_pylist()
            ]
        except (AddressRefused, DatasetCorrupt) as error:
            structlog.get_logger().warning("drift_sample_unreadable", sample=kept.sample.id, reason=str(error))
            return None
        made = Side(names, delivery_of(names, rows, kept.facts, None if earlier is None else earlier.delivery))
        if alone and kept.sample.bytes <= _READY_BYTES:
            with self._lock:
                self._ready[key] = made
                while len(self._ready) > _READY:
                    self._ready.popitem(last=False)
        return made


def shown(schema: Schema, side: Side | None, name: str | None, most: int = 5) -> list[str | None]:
    """The most frequent values of a column, for a person."""
    column = None if side is None or name is None or schema.column(name) is None else side.figures.get(name)
    if column is None:
        return []
    return [text[:80] for text, _ in sorted(column.counts.items(), key=lambda pair: -pair[1])[:most]]
