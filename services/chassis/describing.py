"""The description of each service's API as its own document: made from its routes, without server or settings."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.chassis.application import Edge, public_app
from services.chassis.openapi import openapi_document
from services.chassis.parts import Service
from services.chassis.platform import Foundation, Platform
from services.chassis.readiness import Readiness
from services.chassis.settings import PlatformSettings

Build = Callable[[Platform], Service]

# Nobody is asked: composing a service opens no connection.
_NOWHERE = "nowhere.invalid:1"


def describe(builders: Mapping[str, Build]) -> dict[str, str]:
    """The OpenAPI document of each service, as text that is the same whenever the routes are."""
    with TemporaryDirectory(prefix="modulardata-") as folder:
        foundation = Foundation.of(_settings(Path(folder), builders))
        return {name: _document(foundation, name, build) for name, build in builders.items()}


def _document(foundation: Foundation, name: str, build: Build) -> str:
    service = build(foundation.platform(name))
    app = public_app(service.routers, Readiness({}), foundation.ids, https=False)
    assert isinstance(app, Edge)  # noqa: S101 - for the type checker
    document: dict[str, Any] = openapi_document(app.app)
    document["info"] = {"title": f"ModularData: {name.replace('_', ' ')}", "version": "1"}
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _settings(folder: Path, names: Mapping[str, Build]) -> PlatformSettings:
    """Settings that lead nowhere, with keys that are made and thrown away."""
    key = {"primary": "none", "keys": {"none": base64.b64encode(secrets.token_bytes(32)).decode()}}
    (folder / "keys.json").write_text(json.dumps(key))
    (folder / "passwords.json").write_text(json.dumps({name: secrets.token_hex() for name in names}))
    return PlatformSettings(
        database_url=f"postgresql://{_NOWHERE}/none",
        database_passwords_file=folder / "passwords.json",
        kafka=_NOWHERE,
        temporal=_NOWHERE,
        storage=f"file://{folder}/objects",
        kek_file=folder / "keys.json",
        payload_key_file=folder / "keys.json",
    )
