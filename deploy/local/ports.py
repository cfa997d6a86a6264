"""Ports of this copy: free when chosen, and kept from then on."""

from __future__ import annotations

import random
import socket

import psutil

from deploy.local.problems import StackError

HOST = "127.0.0.1"
# Below the range from which systems take the near ends of outgoing connections: a kept port must not be
# lost to somebody's download while the stack is down.
RANGE = (20000, 32000)


def is_free(port: int) -> bool:
    """Say whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(names: list[str], taken: set[int] | None = None) -> dict[str, int]:
    """Choose a free port for each name."""
    chosen: dict[str, int] = {}
    avoid = set(taken or ())
    # Numbers only have to differ between copies; nobody gains from guessing them.
    candidates = random.SystemRandom().sample(range(*RANGE), 400)
    for name in names:
        for port in candidates:
            if port not in avoid and is_free(port):
                avoid.add(port)
                chosen[name] = port
                break
        else:
            raise StackError(f"No free port was found between {RANGE[0]} and {RANGE[1]}.", "Stop what listens there.")
    return chosen


def must_be_free(kept: dict[str, int]) -> None:
    """Refuse to start while another program listens on a port that belongs to this copy."""
    for name, port in kept.items():
        if not is_free(port):
            raise StackError(
                f"Port {port}, kept for {name}, is taken by {_who_listens(port)}.",
                "Stop that program and start again; the port is written in state.json of the data folder.",
            )


def _who_listens(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            near = connection.laddr
            if connection.status == psutil.CONN_LISTEN and near and near.port == port and connection.pid:
                return f"'{psutil.Process(connection.pid).name()}' (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return "another program"
