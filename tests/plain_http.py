"""HTTP to servers of this machine. No certificates are read for it: that takes longer than most of these requests."""

import ssl
from typing import Any

import httpx

_NONE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client(**options: Any) -> httpx.Client:
    """A client that asks no proxy."""
    return httpx.Client(trust_env=False, verify=_NONE, **options)


def get(url: str, *, timeout: float = 5) -> httpx.Response:
    """One answer."""
    return httpx.get(url, timeout=timeout, trust_env=False, verify=_NONE)
