"""Previews of the nodes of a session of five million rows, as its service gives them over HTTP."""

import io
import random
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl

from deploy.local.launcher import Stack
from tests.bench import platform
from tests.bench.figures import Figure, percentile
from tests.bench.flights import repeated

ROWS, TIMES = 500_000, 10
LOOKS = 60
LIMIT = 150
STEPS: tuple[dict[str, Any], ...] = (
    {"kind": "filter", "where": "distance > 500"},
    {"kind": "derive", "columns": [{"column": "speed", "expression": "distance / air_time * 60"}]},
    {"kind": "sort", "by": [{"column": "dep_delay", "descending": True}]},
)
WHERES = ("carrier = 'UA'", "dep_delay > 60", "distance > 2000 AND origin = 'JFK'", "year = 2022", "tailnum = 'N14228'")
# Too few rows match for all parts not to be read.
RARE = (
    "dep_delay > 1300",
    "dest = 'LEX'",
    "flight = 1 AND dest = 'LEX'",
    "upper(tailnum) = 'N14228' AND arr_delay > 200",
)


def figures() -> list[Figure]:
    """The 95th percentile of each kind of look."""
    with tempfile.TemporaryDirectory(prefix="modulardata-bench-") as name:
        # The servers' user has folders of its own below, also when root measures.
        Path(name).chmod(0o755)
        with Stack(Path(name) / "data") as stack:
            client = platform.Client(stack.state)
            return _looked_at(client, *_session(client))


def _session(client: platform.Client) -> tuple[str, list[dict[str, Any]]]:
    """A session on a file of five million rows that is sent first, with a node for each step."""
    copies = (repeated(ROWS).with_columns(pl.col("year") + number) for number in range(TIMES))
    file = io.BytesIO()
    pl.concat(copies).write_parquet(file)
    form = {"file": ("flights.parquet", file.getvalue())}
    sent = client.http.post("/api/uploads", files=form, headers={"Idempotency-Key": "flights"}, timeout=300)
    sent.raise_for_status()
    opened = client.call("POST", "/api/sessions", sent.json()["source"])
    session = f"/api/sessions/{opened['id']}"
    if client.wait(session, "state", {"open", "failed"}, timeout=600)["state"] != "open":
        raise RuntimeError(f"the session did not open: {client.call('GET', session)}")
    for step in STEPS:
        task = client.call("POST", f"{session}/nodes", {"steps": [step]})
        if "kind" in task:
            client.wait(f"{session}/tasks/{task['id']}", "state", {"done", "failed"}, timeout=600)
    nodes = client.call("GET", session)["nodes"]
    if len(nodes) != 1 + len(STEPS) or nodes[0]["rows"] != ROWS * TIMES:
        raise RuntimeError(f"the session has other nodes: {nodes}")
    return session, nodes


def _looked_at(client: platform.Client, session: str, nodes: list[dict[str, Any]]) -> list[Figure]:
    chance = random.Random(7)
    few = "a filtered sample of few matches"
    looks: dict[str, list[float]] = {"the first rows": [], "a page deep in it": [], "a filtered sample": [], few: []}
    for number in range(LOOKS):
        node = nodes[number % len(nodes)]
        wanted: dict[str, dict[str, Any]] = {
            "the first rows": {},
            "a page deep in it": {"offset": chance.randrange(node["rows"] - 50)},
            "a filtered sample": {"where": WHERES[number % len(WHERES)]},
            few: {"where": RARE[number // len(nodes) % len(RARE)]},
        }
        for kind, query in wanted.items():
            began = time.perf_counter()
            shown = client.call("GET", f"{session}/nodes/{node['id']}/preview?{urlencode(query)}")
            looks[kind].append(time.perf_counter() - began)
            if (len(shown["rows"]) < 50) != (kind == few) or (kind == few and shown["matches"] is None):
                raise RuntimeError(f"{query} shows {len(shown['rows'])} rows")
    title = f"preview of {ROWS * TIMES:,} rows"
    return [
        Figure(f"{title}: {kind}, p95", "ms", LIMIT, percentile(took, 0.95) * 1e3, runs=[[one * 1e3] for one in took])
        for kind, took in looks.items()
    ]
