"""All services that there are, put together as in production with nothing behind them: making them connects nowhere."""

import base64
import json
import secrets
from importlib import import_module
from pathlib import Path
from uuid import UUID

from starlette.types import ASGIApp

from contracts.permissions import Role
from services.__main__ import installed
from services.chassis.application import public_app
from services.chassis.auth import Principal
from services.chassis.dead_letters import dead_letter_routes
from services.chassis.parked import parked_routes
from services.chassis.platform import Foundation
from services.chassis.problems import unauthorized
from services.chassis.producer import Producer
from services.chassis.readiness import Readiness
from services.chassis.settings import PlatformSettings

TENANT = UUID("01a1fd5b-f32e-7d1e-89da-6aab8f22e629")
PLATFORM = "platform"


class TheWord:
    """Believes a bearer token that is a role's name; `platform` is an analyst who operates the installation."""

    async def authenticate(self, authorization: str | None) -> Principal:
        """The principal of that role."""
        scheme, _, role = (authorization or "").partition(" ")
        if scheme != "Bearer" or role not in {*Role, PLATFORM}:
            raise unauthorized()
        platform = role == PLATFORM
        return Principal(TENANT, UUID(int=7), Role.ANALYST if platform else Role(role), platform, UUID(int=8))


def everything(folder: Path) -> ASGIApp:
    """The public application of all services; every server it knows of refuses."""
    key = {"primary": "k", "keys": {"k": base64.b64encode(secrets.token_bytes(32)).decode()}}
    for name in ("kek.json", "payload.json"):
        (folder / name).write_text(json.dumps(key))
    (folder / "passwords.json").write_text(json.dumps(dict.fromkeys(installed(), "x" * 16)))
    (folder / "secret").write_text("s" * 32)
    foundation = Foundation.of(
        PlatformSettings(
            database_url="postgresql://127.0.0.1:1/nowhere",
            database_passwords_file=folder / "passwords.json",
            kafka="127.0.0.1:1",
            temporal="127.0.0.1:1",
            storage=(folder / "objects").as_uri(),
            kek_file=folder / "kek.json",
            payload_key_file=folder / "payload.json",
            bootstrap_secret_file=folder / "secret",
        )
    )
    foundation.authenticator = TheWord()
    routers = []
    for name in installed():
        platform = foundation.platform(name)
        routers += import_module(f"services.{name}.main").build(platform).routers
        routers.append(dead_letter_routes(platform.http, name, "127.0.0.1:1", Producer("127.0.0.1:1")))
        routers.append(parked_routes(platform.http, name, platform.database))
    return public_app(routers, Readiness({}), foundation.ids, https=False)
