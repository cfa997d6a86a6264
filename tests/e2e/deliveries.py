"""A workspace whose bucket files are put into, the workflows that load them, and what a store says of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

from tests.connections import s3_connection, warehouse_connection
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workspace

BOTH = {"columns": [{"name": "a", "type": "integer"}, {"name": "b", "type": "string"}]}
KEEP = {
    "name": "keep",
    "recipe": {"steps": [{"kind": "filter", "where": "a > 0"}]},
    "input_contract": BOTH,
    "output_contract": BOTH,
}


@contextmanager
def supplied(platform: Running, label: str) -> Iterator[Seeded]:
    """A workspace with a bucket, a warehouse and a module."""
    made = workspace(platform.api, label)
    made.api.call("POST", "/api/connections", s3_connection(platform.state, "landing"))
    made.api.call("POST", "/api/connections", warehouse_connection(platform.state, "warehouse"))
    made.api.call("POST", "/api/modules", KEEP)
    yield made
    made.api.close()


def put_workflow(seeded: Seeded, name: str, *triggers: dict[str, Any], mode: str = "append") -> Any:
    """A workflow over a folder of its own into a table of its own."""
    return seeded.api.call(
        "PUT",
        f"/api/workflows/{name}",
        {
            "name": name,
            "source": {"connection": "landing", "selection": {"path": f"{seeded.word}/{name}/**.csv"}},
            "modules": [{"name": "keep", "version": 1}],
            "destination": {
                "connection": "warehouse",
                "target": {"schema": "public", "table": f"{seeded.word}_{name.replace('-', '_')}"},
                "mode": mode,
            },
            "triggers": list(triggers),
        },
    )


def put_file(seeded: Seeded, key: str, body: bytes) -> Any:
    """An object in the bucket."""
    return seeded.api.call("PUT", f"/api/connections/landing/files/{quote(key)}", body)


def notification(bucket: str, key: str, etag: str, size: int = 10) -> bytes:
    """An S3 event notification, keys encoded as stores do."""
    thing = {"key": quote_plus(key), "eTag": etag, "size": size}
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": thing}}
    return json.dumps({"Records": [record]}).encode()
