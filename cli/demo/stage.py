"""Where the story plays: the stack, its API, the bucket as a customer writes to it, the warehouse as SQL sees it."""

import base64
import hashlib
import hmac
import json
import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import quote

import boto3
import httpx
import psycopg
from botocore.config import Config
from psycopg import sql

from cli import bringup, waiting
from cli.client import Api, Json
from cli.demo import data
from cli.demo.claims import Story
from cli.demo.receiver import Receiver
from cli.output import Output
from deploy.local.launcher import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORKFLOW = "flights"
MODULE = "clean-flights"
FOLDER = "flights/"
RUN_SECONDS = 120.0


@dataclass(frozen=True)
class Month:
    """A file of a month and the run that took it."""

    name: str
    number: int
    run_id: str


@dataclass
class Stage:
    """Everything a step of the story works with."""

    stack: Stack
    api: Api
    output: Output
    story: Story
    receiver: Receiver
    papers: Path  # where the story's own files lie: the workflow, the data
    session_id: str = ""
    months: list[Month] = field(default_factory=list)
    hook: Json = field(default_factory=dict)

    @cached_property
    def bucket(self) -> "S3Client":
        """The bucket's door, the one that every customer uses."""
        state = self.stack.state
        return boto3.client(
            "s3",
            endpoint_url=state.s3_endpoint,
            region_name=state.s3_region,
            aws_access_key_id=state.s3_access_key,
            aws_secret_access_key=state.s3_secret_key,
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, content: bytes) -> str:
        """Write an object; its ETag."""
        return self.bucket.put_object(Bucket=self.stack.state.s3_bucket, Key=key, Body=content)["ETag"].strip('"')

    def announce(self, key: str, etag: str, size: int, *, forged: bool = False) -> httpx.Response:
        """Deliver the notification that a bucket sends, signed, under a delivery id of its own."""
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.stack.state.s3_region,
            "eventTime": datetime.now(UTC).isoformat(),
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "landing",
                "bucket": {"name": self.stack.state.s3_bucket, "arn": f"arn:aws:s3:::{self.stack.state.s3_bucket}"},
                "object": {"key": quote(key, safe=""), "size": size, "eTag": etag, "sequencer": "0055AED6DCD90281E5"},
            },
        }
        body = json.dumps({"Records": [record]}).encode()
        secret = base64.b64encode(b"a guess at the secret, no more").decode() if forged else self.hook["secret"]
        headers = signed(secret, body) | {"Content-Type": "application/json"}
        return httpx.post(self.hook["url"], content=body, headers=headers, timeout=30, trust_env=False)

    def asked(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Ask the warehouse itself."""
        with psycopg.connect(self.stack.state.warehouse_dsn) as connection:
            return connection.execute(query, values).fetchall()

    def rows_of(self, number: int) -> int:
        """How many rows of a month the warehouse holds."""
        return int(self.asked("SELECT count(*) FROM flights WHERE month = %s", number)[0][0])

    def sums_of(self, number: int) -> dict[str, int]:
        """The sums of a month's columns, as SQL adds them up."""
        added = sql.SQL(", ").join(sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(name)) for name in data.SUMS)
        with psycopg.connect(self.stack.state.warehouse_dsn) as connection:
            query = sql.SQL("SELECT {} FROM flights WHERE month = %s").format(added)
            row: Any = connection.execute(query, [number]).fetchone()
        return {name: int(value) for name, value in zip(data.SUMS, row, strict=True)}

    def arrived(self, number: int) -> None:
        """Claim that a month is in the warehouse: row for row, and with the values that the file has."""
        month, name = data.month(number), data.MONTHS[number - 1].capitalize()
        there, expected = self.rows_of(number), data.expected_rows(month)
        self.story.claim(
            f"{name} is in the warehouse, row for row", there == expected, {"there": there, "expected": expected}
        )
        sums, right = self.sums_of(number), data.expected_sums(month)
        self.story.claim(
            f"its {len(sums)} columns of times, delays and miles sum up as in the file",
            sums == right,
            {"there": sums, "expected": right},
        )

    def versions(self) -> list[Json]:
        """The module's versions, oldest first."""
        found = self.api.pages(f"/api/modules/{MODULE}/versions")
        return sorted(found, key=lambda version: int(version["number"]))

    def typed(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command itself, as a person in a second terminal."""
        target = bringup.target(self.stack.state)
        env = os.environ | {"MODULARDATA_URL": target.url, "MODULARDATA_API_KEY": target.api_key}
        line = [sys.executable, "-m", "cli.main", *words]
        self.story.show(f"$ modulardata {shlex.join(words)}")
        return subprocess.run(line, env=env, capture_output=True, text=True, timeout=RUN_SECONDS)

    def runs(self) -> list[Json]:
        """Every run of the workflow, newest first."""
        return list(self.api.pages("/api/runs", workflow=WORKFLOW))

    def run_ids(self) -> set[str]:
        """The runs there are."""
        return {str(run["id"]) for run in self.runs()}

    def note(self, name: str, number: int, run: Json) -> None:
        """Remember which run took a file, for the books."""
        self.months.append(Month(name, number, str(run["id"])))

    def took(self, run: Json) -> list[str]:
        """The objects that a run's pull read."""
        pull = next(step for step in run["steps"] if step["step"] == "pull")
        return [name for name in str(pull["detail"]).split(", ") if name]

    def used(self, run: Json) -> list[int]:
        """The versions of the module that a run used."""
        return [int(one["version"]) for one in run["modules"]]

    def run(self, run_id: str) -> Json:
        """One run, whole."""
        return dict(self.api.get(f"/api/runs/{run_id}"))

    def ended(self, run_id: str) -> Json:
        """A run once it has ended."""
        return waiting.run(self.api, self.output, run_id, seconds=RUN_SECONDS)

    def new_run(self, known: set[str], seconds: float = 30) -> str:
        """The run that starts by itself, after those that are known."""

        def look() -> str | None:
            return next((str(run["id"]) for run in self.runs() if run["id"] not in known), None)

        return self.story.until("a run that starts by itself", look, seconds)

    def events(self, kind: str) -> list[Json]:
        """The workspace's events of one type."""
        return list(self.api.pages("/api/events", type=kind))

    def settled(self, look: Callable[[], bool], seconds: float) -> bool:
        """Whether something stays true for a while; looked at again and again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not look():
                return False
            time.sleep(0.1)
        return True


def signed(secret: str, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, made from nothing but the specification."""
    delivery, moment = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = hmac.new(key, f"{delivery}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(mark).decode(),
    }
