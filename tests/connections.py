"""Bodies that make connections to the systems of a stack."""

from typing import Any

import psycopg.conninfo

from deploy.local.state import State


def s3_connection(state: State, name: str, **changes: Any) -> dict[str, Any]:
    """The body that makes a connection to the stack's bucket."""
    return {
        "name": name,
        "kind": "s3",
        "settings": {"endpoint_url": state.s3_endpoint, "bucket": state.s3_bucket},
        "secrets": {"access_key_id": state.s3_access_key, "secret_access_key": state.s3_secret_key},
    } | changes


def warehouse_connection(state: State, name: str, **changes: Any) -> dict[str, Any]:
    """The body that makes a connection to the stack's warehouse."""
    parts = psycopg.conninfo.conninfo_to_dict(state.warehouse_dsn)
    return {
        "name": name,
        "kind": "postgres",
        "settings": {
            "host": parts["host"],
            "port": int(str(parts["port"])),
            "database": parts["dbname"],
            "user": parts["user"],
            "sslmode": "disable",
        },
        "secrets": {"password": parts["password"]},
    } | changes
