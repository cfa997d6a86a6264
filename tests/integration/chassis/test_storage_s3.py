"""The same store in a bucket: what a folder promises, an S3 server promises too."""

import secrets
import uuid
from pathlib import Path
from types import SimpleNamespace

import boto3
import pyarrow as pa
import pytest

from contracts.data import Column, LogicalType, Schema
from deploy.local.state import State
from services.chassis.objects import Bucket, s3_config
from services.chassis.storage import DatasetCorrupt, Storage

TENANT = uuid.UUID(int=1)
SCHEMA = Schema(columns=(Column(name="n", type=LogicalType.INTEGER),))


def test_a_bucket_is_a_store(servers: State, tmp_path: Path) -> None:
    prefix = f"own/{secrets.token_hex(4)}"
    client = boto3.client(
        "s3",
        endpoint_url=servers.s3_endpoint,
        region_name=servers.s3_region,
        aws_access_key_id=servers.s3_access_key,
        aws_secret_access_key=servers.s3_secret_key,
        config=s3_config(servers.s3_endpoint),
    )
    settings = SimpleNamespace(storage=f"s3://{servers.s3_bucket}/{prefix}", storage_s3_endpoint=servers.s3_endpoint)
    storage = Storage(settings, scratch=tmp_path, objects=Bucket(client, servers.s3_bucket, prefix))
    with storage.writer(TENANT, SCHEMA, part_rows=2_048) as writer:
        for start in range(0, 5_000, 500):
            writer.write(pa.table({"n": list(range(start, start + 500))}))
        ref = writer.finish()
    with storage.local_parts(ref) as paths:
        assert len(paths) == 3
        assert all(path.parent.parent == tmp_path for path in paths)
    assert list(tmp_path.iterdir()) == []
    assert [row for batch in storage.batches(ref) for row in batch.column(0).to_pylist()] == list(range(5_000))
    blob = storage.put_blob(TENANT, b"canary", "a.csv")
    storage.get_blob(blob, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"canary"

    listed = client.list_objects_v2(Bucket=servers.s3_bucket, Prefix=prefix)["Contents"]
    assert all(item["Key"].startswith(f"{prefix}/tenants/{TENANT}/") for item in listed)
    part = next(item["Key"] for item in listed if "/parts/" in item["Key"])
    client.put_object(Bucket=servers.s3_bucket, Key=part, Body=b"something else")
    with pytest.raises(DatasetCorrupt):
        list(storage.batches(ref))
    client.delete_object(Bucket=servers.s3_bucket, Key=part)
    with pytest.raises(DatasetCorrupt), storage.local_parts(ref):
        raise AssertionError
