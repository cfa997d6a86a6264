"""Looks for texts in everything that the platform keeps or says: logs, topics, histories, tables, files, processes."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import aiokafka
import asyncpg
import psutil
import pyarrow.parquet as pq
from aiokafka.admin import AIOKafkaAdminClient
from temporalio.client import Client

from deploy.local.state import State


def disguises(secret: str) -> dict[str, bytes]:
    """A secret in the forms it may leak in."""
    plain = secret.encode()
    forms = {
        "plain": plain,
        "url": quote(secret, safe="").encode(),
        "form": quote_plus(secret).encode(),
        "json": json.dumps(secret)[1:-1].encode(),
        "json in unicode": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "json twice": json.dumps(json.dumps(secret)[1:-1])[1:-1].encode(),
        "repr": repr(secret)[1:-1].encode(),
        "hex": plain.hex().encode(),
        "first 12": plain[:12],
        "last 12": plain[-12:].split(b'"')[-1] if len(plain[-12:].split(b'"')[-1]) >= 10 else plain,
    }
    # Inside a longer text, base64 has one of three alignments; the ends depend on the neighbours.
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        forms[f"base64 {shift}"] = coded[4 if shift else 0 :][:-4]
    return forms


class Scanner:
    """Texts to look for, by a name that may be printed."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._forms = {
            f"{name} ({form})": text for name, secret in secrets.items() for form, text in disguises(secret).items()
        }

    def found(self, places: Iterator[tuple[str, bytes]]) -> list[str]:
        """Where which secret stands, and in which form."""
        forms = self._forms.items()
        return sorted({f"{where}: {name}" for where, data in places for name, text in forms if text in data})


def in_files(files: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Bytes of files; a table's rows too, which are packed in the file."""
    for path in files:
        yield path.name, path.read_bytes()
        if path.suffix == ".parquet":
            yield f"rows of {path.name}", str(pq.read_table(path).to_pylist()).encode()


def in_processes(processes: list[psutil.Process]) -> Iterator[tuple[str, bytes]]:
    """Command lines and environments."""
    for process in processes:
        try:
            yield f"command line of {process.pid}", "\0".join(process.cmdline()).encode()
            yield f"environment of {process.pid}", json.dumps(process.environ(), ensure_ascii=False).encode()
        except psutil.NoSuchProcess:
            continue


async def in_topics(kafka: str) -> list[tuple[str, bytes]]:
    """Every message of every topic, with key and headers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        topics = [name for name in await admin.list_topics() if not name.startswith("__")]
    finally:
        await admin.close()
    consumer = aiokafka.AIOKafkaConsumer(
        *topics, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    found = []
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(at) < end for at, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = b"\n".join(name.encode() + b"=" + value for name, value in record.headers)
                    whole = b"\n".join((record.key or b"", headers, record.value or b""))
                    found.append((f"topic {record.topic} {record.partition}/{record.offset}", whole))
    finally:
        await consumer.stop()
    return found


async def in_histories(state: State) -> list[tuple[str, bytes]]:
    """Every event of every workflow as the server keeps it, with memo and search attributes."""
    client = await Client.connect(state.temporal, namespace=state.temporal_namespace)
    found = []
    async for execution in client.list_workflows():
        found.append((f"workflow {execution.id}", execution.raw_info.SerializeToString()))
        history = await client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
        for event in history.events:
            found.append((f"history of {execution.id} {event.event_id}", event.SerializeToString()))
    return found


async def in_tables(admin_url: str) -> list[tuple[str, bytes]]:
    """Every table of the platform's database, dumped as the superuser in the form that keeps bytes as they are."""
    connection = await asyncpg.connect(admin_url)
    found = []
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for schema, table in tables:
            parts: list[bytes] = []

            async def keep(data: bytes, parts: list[bytes] = parts) -> None:
                parts.append(data)

            await connection.copy_from_table(table, schema_name=schema, output=keep, format="binary")
            found.append((f"table {schema}.{table}", b"".join(parts)))
    finally:
        await connection.close()
    return found
