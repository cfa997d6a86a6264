"""The services as processes of the launcher: what they are told, how they are provisioned and first set up."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from deploy.local import probes
from deploy.local.problems import StackError
from deploy.local.state import SERVICES, State, new_key_ring, write_once
from deploy.local.supervisor import Program, run_once

# The process that pulls and pushes is a child of its own, so that its death is survivable and can be seen.
PROGRAMS = {
    "services": ["all", "--without", "connector.worker"],
    "worker": ["connector", "--only", "worker"],
}
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


def write_secrets(state: State) -> None:
    """Make the secrets of the services at the first start, each in a file for its owner's eyes."""
    state.secrets.mkdir(mode=0o700, exist_ok=True)
    passwords = {service: secrets.token_hex(24) for service in SERVICES}
    write_once(state.secrets / "database-passwords.json", json.dumps(passwords, indent=1))
    write_once(state.secrets / "kek.json", new_key_ring())
    write_once(state.secrets / "payload-key.json", new_key_ring())
    write_once(state.secrets / "bootstrap-secret", secrets.token_urlsafe(32))


@dataclass(frozen=True)
class Composition:
    """The module that `python -m` runs, and so who composes the services, and the environment of their caller."""

    module: str = "services"
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def environment(state: State, caller: Mapping[str, str], *, provisioning: bool = False) -> dict[str, str]:
    """Say what the services are told; the key to the whole database only while provisioning."""
    told = {name: caller[name] for name in INHERITED if name in caller}
    told |= {
        "MODULARDATA_DATABASE_URL": state.database_url,
        "MODULARDATA_DATABASE_PASSWORDS_FILE": str(state.secrets / "database-passwords.json"),
        "MODULARDATA_KAFKA": state.kafka,
        "MODULARDATA_TEMPORAL": state.temporal,
        "MODULARDATA_TEMPORAL_NAMESPACE": state.temporal_namespace,
        "MODULARDATA_STORAGE": state.objects.as_uri(),
        "MODULARDATA_KEK_FILE": str(state.secrets / "kek.json"),
        "MODULARDATA_PAYLOAD_KEY_FILE": str(state.secrets / "payload-key.json"),
        "MODULARDATA_HTTP_PORT": str(state.ports["http"]),
        "MODULARDATA_INTERNAL_PORT": str(state.ports["internal"]),
        "MODULARDATA_PUBLIC_URL": state.public_url,
        "MODULARDATA_BOOTSTRAP_SECRET_FILE": str(state.secrets / "bootstrap-secret"),
        "MODULARDATA_EGRESS_ALLOW": "127.0.0.0/8,::1/128",
        "MODULARDATA_LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
        # Two arenas instead of eight per core: the pools of threads rest in less memory.
        "MALLOC_ARENA_MAX": "2",
    }
    # What a person sets for the services reaches them, but never over what the launcher knows.
    own = {name: value for name, value in caller.items() if name.startswith(("MODULARDATA_", "OTEL_"))}
    private = {"MODULARDATA_DATABASE_ADMIN_URL", "MODULARDATA_S3_ACCESS_KEY", "MODULARDATA_S3_SECRET_KEY"}
    told = {name: value for name, value in own.items() if name not in private} | told
    if provisioning:
        told["MODULARDATA_DATABASE_ADMIN_URL"] = state.database_admin_url
    return told


def programs(state: State, composition: Composition) -> list[Program]:
    """Say how the services are run."""
    made = []
    for name, arguments in PROGRAMS.items():
        told = environment(state, composition.environment)
        port = state.ports["internal"]
        if name == "worker":
            # It serves health and metrics only, on a port of its own.
            port = state.ports["worker_internal"]
            told |= {"MODULARDATA_HTTP_PORT": str(state.ports["worker_http"])}
            told |= {"MODULARDATA_INTERNAL_PORT": str(port)}
        url = f"http://127.0.0.1:{port}/readyz"
        made.append(
            Program(
                name=name,
                command=[sys.executable, "-m", composition.module, *arguments],
                folder=_root(),
                environment=told,
                account=None,
                ready=partial(probes.http_answers, url),
                ready_seconds=90,
                stop_seconds=20,
                # They are built to die at any moment; without the launcher there is nothing to drain into.
                death_signal=signal.SIGKILL,
            )
        )
    return made


async def provision(state: State, composition: Composition) -> None:
    """Make roles, schemas, tables and topics, as the database's owner."""
    await run_once(
        "services setup",
        [sys.executable, "-m", composition.module, "setup"],
        folder=_root(),
        environment=environment(state, composition.environment, provisioning=True),
        account=None,
        log=state.logs / "services-setup.log",
    )


async def first_setup(state: State) -> None:
    """Make the workspace, its admin and an API key, once."""
    if state.api_key:
        return
    password = state.admin_password or secrets.token_urlsafe(18)
    # Kept before it is used: an answer that is lost must not lose the password with it.
    state.admin_password = password
    state.save()
    secret = (state.secrets / "bootstrap-secret").read_text().strip()
    async with httpx.AsyncClient(base_url=state.public_url, timeout=30, trust_env=False) as client:
        answer = await client.post(
            "/api/setup",
            json={"workspace": state.workspace, "email": state.admin_email, "password": password},
            headers={"X-Setup-Secret": secret},
        )
    if answer.status_code not in (200, 201):
        raise StackError(
            f"The first setup was refused: HTTP {answer.status_code} {answer.text[:300]}",
            f"The services' log: {state.logs / 'services.log'}",
        )
    made = answer.json()
    state.workspace_id, state.user_id, state.api_key = made["workspace_id"], made["user_id"], made["api_key"]
    state.save()


def _root() -> Path:
    """Where the packages lie, so that a checkout runs its own."""
    return Path(__file__).resolve().parents[2]
