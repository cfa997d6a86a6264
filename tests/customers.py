"""Systems of a customer to connect to: a prefix in a bucket and a schema in a warehouse, a test's own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import psycopg
import pytest
from botocore.config import Config

from deploy.local.state import State


@dataclass
class Customer:
    """Somebody's bucket and warehouse: a prefix and a schema that are this test's own."""

    state: State
    prefix: str
    schema: str
    s3: Any

    @property
    def bucket(self) -> str:
        return self.state.s3_bucket

    def put(self, key: str, body: bytes | str) -> str:
        """Put an object below the test's prefix; returns its ETag."""
        data = body.encode() if isinstance(body, str) else body
        answer = self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=data)
        return str(answer["ETag"]).strip('"')

    def s3_settings(self) -> dict[str, Any]:
        return {"endpoint_url": self.state.s3_endpoint, "bucket": self.bucket, "region": self.state.s3_region}

    def s3_secrets(self) -> dict[str, str]:
        return {"access_key_id": self.state.s3_access_key, "secret_access_key": self.state.s3_secret_key}

    def postgres_settings(self) -> dict[str, Any]:
        parts = psycopg.conninfo.conninfo_to_dict(self.state.warehouse_dsn)
        return {
            "host": parts["host"],
            "port": int(str(parts["port"])),
            "database": parts["dbname"],
            "user": parts["user"],
        }

    def postgres_secrets(self) -> dict[str, str]:
        return {"password": str(psycopg.conninfo.conninfo_to_dict(self.state.warehouse_dsn)["password"])}

    @contextmanager
    def warehouse(self) -> Iterator["psycopg.Connection[Any]"]:
        """A session of the customer's own."""
        with psycopg.connect(self.state.warehouse_dsn, autocommit=True) as session:
            session.execute(f'SET search_path = "{self.schema}"')
            yield session

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.warehouse() as session:
            return session.execute(query, values).fetchall()


@pytest.fixture
def customer(servers: State) -> Iterator[Customer]:
    name = f"t{secrets.token_hex(6)}"
    client = boto3.client(
        "s3",
        endpoint_url=servers.s3_endpoint,
        aws_access_key_id=servers.s3_access_key,
        aws_secret_access_key=servers.s3_secret_key,
        region_name=servers.s3_region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    with psycopg.connect(servers.warehouse_dsn, autocommit=True) as session:
        session.execute(f'CREATE SCHEMA "{name}"')
    yield Customer(servers, name, name, client)
    with psycopg.connect(servers.warehouse_dsn, autocommit=True) as session:
        session.execute(f'DROP SCHEMA "{name}" CASCADE')
    client.close()
