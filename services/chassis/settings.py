"""What a process is told by its environment: addresses, key files and how it speaks."""

import json
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SettingsInvalid(Exception):
    """A setting is missing or wrong; the message names the variable and never its value."""


class PlatformSettings(BaseSettings):
    """Settings that every service shares; environment variables `MODULARDATA_*`. Secrets come as files."""

    model_config = SettingsConfigDict(env_prefix="MODULARDATA_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(pattern=r"^postgresql://[^@]+$", description="postgresql://host:port/database")
    database_passwords_file: Path = Field(description="JSON object: service name to the password of its role")
    database_admin_url: str | None = Field(
        default=None, description="An owner's URL; only `setup` needs it", pattern=r"^postgresql://"
    )
    kafka: str = Field(description="host:port, or several with commas")
    kafka_prefix: str = Field(
        default="",
        pattern=r"^[a-z0-9.-]{0,40}$",
        description="Stands before topics and groups, where installations share a cluster",
    )
    temporal: str = Field(description="host:port")
    temporal_namespace: str = "modulardata"
    storage: str = Field(pattern=r"^(file|s3)://", description="file:///folder or s3://bucket/prefix")
    storage_s3_endpoint: str | None = None
    kek_file: Path = Field(description="The key that wraps the data keys of sealed values")
    payload_key_file: Path = Field(description="The keys that encrypt what Temporal keeps")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    internal_port: int = Field(default=8081, ge=0, le=65535)
    public_url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://")
    identity_url: str | None = Field(default=None, pattern=r"^https?://", description="public_url, if not said")
    bootstrap_secret_file: Path | None = Field(default=None, description="Allows POST /api/setup, once")
    egress_allow: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _networks_in_a_list_with_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @property
    def identity(self) -> str:
        """Where identity answers."""
        return (self.identity_url or self.public_url).rstrip("/")

    @property
    def https(self) -> bool:
        """Whether people reach the platform over TLS."""
        return self.public_url.startswith("https://")

    @cached_property
    def database_passwords(self) -> dict[str, str]:
        """Service name → the password of its role."""
        name = "MODULARDATA_DATABASE_PASSWORDS_FILE"
        try:
            loaded = json.loads(self.database_passwords_file.read_text("utf-8"))
        except OSError as error:
            raise SettingsInvalid(f"{name}: cannot be read: {error.strerror}") from None
        except ValueError:
            loaded = None
        if not isinstance(loaded, dict) or not all(isinstance(value, str) for value in loaded.values()):
            raise SettingsInvalid(
                "MODULARDATA_DATABASE_PASSWORDS_FILE: not a JSON object of service names to passwords"
            )
        return loaded


def load() -> PlatformSettings:
    """The settings of this process; raises SettingsInvalid with the names of the variables that are wrong."""
    try:
        return PlatformSettings()
    except ValidationError as error:
        lines = [f"MODULARDATA_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise SettingsInvalid("\n".join(lines)) from None
