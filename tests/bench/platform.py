"""The platform as a bench sees it: HTTP, a bucket, and the warehouse."""

import time
import uuid
from typing import Any

import boto3
import httpx
import psycopg
from botocore.config import Config

from deploy.local.state import State
from tests.bench import flights
from tests.connections import s3_connection, warehouse_connection

STEPS: list[dict[str, Any]] = [
    {"kind": "drop_null", "columns": ["dep_time"]},
    {"kind": "derive", "columns": [{"column": "speed", "expression": "distance / air_time * 60"}]},
    {"kind": "cast", "columns": {"flight": "string"}},
    {"kind": "rename", "columns": {"dest": "destination"}},
    {"kind": "filter", "where": "distance > 100"},
]
ENDED = {"succeeded", "partial", "quarantined", "failed", "cancelled"}


class Bucket:
    """The customer's bucket."""

    def __init__(self, state: State) -> None:
        self._name = state.s3_bucket
        self._client = boto3.client(
            "s3",
            endpoint_url=state.s3_endpoint,
            aws_access_key_id=state.s3_access_key,
            aws_secret_access_key=state.s3_secret_key,
            region_name="us-east-1",
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, body: bytes) -> str:
        """Put an object; returns its ETag without quotes."""
        return str(self._client.put_object(Bucket=self._name, Key=key, Body=body)["ETag"]).strip('"')


def bucket(state: State) -> Bucket:
    """The bucket `landing` of a stack."""
    return Bucket(state)


class Client:
    """An integrator: one address, one key."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.http = httpx.Client(
            base_url=state.public_url, headers={"Authorization": f"Bearer {state.api_key}"}, timeout=60, trust_env=False
        )

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One request; anything but success raises with the problem's text."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        answer = self.http.request(method, path, json=body, headers=headers)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def prepare(self) -> None:
        """Connections to the stack's own bucket and warehouse, and the module, made from January."""
        state = self.state
        self.call("POST", "/api/connections", s3_connection(state, "landing"))
        self.call("POST", "/api/connections", warehouse_connection(state, "warehouse"))
        Bucket(state).put("bench-sample/flights-01.csv", flights.month(1))
        session = self.call(
            "POST",
            "/api/sessions",
            {"connection": "landing", "selection": {"path": "bench-sample/flights-01.csv", "format": {"kind": "csv"}}},
        )
        self.wait(f"/api/sessions/{session['id']}", "state", {"open", "failed"})
        for step in STEPS:
            self.call("POST", f"/api/sessions/{session['id']}/nodes", {"steps": [step]})
        self.call("POST", f"/api/sessions/{session['id']}:deploy", {"name": "clean-flights", "description": "bench"})

    def apply(self, name: str, *, path: str, table: str, triggers: list[dict[str, Any]] | None = None) -> Any:
        """A workflow from the bucket to a table of its own."""
        return self.call(
            "PUT",
            f"/api/workflows/{name}",
            {
                "name": name,
                "source": {"connection": "landing", "selection": {"path": path, "format": {"kind": "csv"}}},
                "modules": [{"name": "clean-flights", "version": 1}],
                "destination": {
                    "connection": "warehouse",
                    "target": {"schema": "public", "table": table},
                    "mode": "upsert",
                    "keys": flights.KEYS,
                },
                "triggers": triggers or [],
            },
        )

    def run_to_end(self, name: str, *, timeout: float = 300) -> Any:
        """Start a run and wait for its end; raises when it is not a success."""
        run = self.call("POST", f"/api/workflows/{name}/runs", {})
        ended = self.wait(f"/api/runs/{run['id']}", "state", ENDED, timeout=timeout)
        if ended["state"] != "succeeded":
            raise RuntimeError(f"{name}: {ended}")
        return ended

    def wait(self, path: str, field: str, values: set[str], *, timeout: float = 60) -> Any:
        """Ask until a field has one of these values."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = self.call("GET", path)
            if found[field] in values:
                return found
            time.sleep(0.05)
        raise TimeoutError(f"{path}: {field} is still {found[field]!r} after {timeout:.0f} s")


def same_rows(state: State, left: str, right: str) -> None:
    """Two tables hold the same flights, or the comparison was of two different jobs."""
    with psycopg.connect(state.warehouse_dsn) as connection:
        query = 'SELECT count(*), sum(distance), count(DISTINCT tailnum), sum(dep_delay) FROM "{}"'
        a = connection.execute(query.format(left)).fetchone()
        b = connection.execute(query.format(right)).fetchone()
    if a != b:
        raise RuntimeError(f"{left} and {right} differ: {a} and {b}")
