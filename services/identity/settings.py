"""Settings of identity; environment variables `IDENTITY_*`."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IdentitySettings(BaseSettings):
    """How long tokens live, and how often one may try."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_", frozen=True, extra="ignore")

    token_life: timedelta = Field(default=timedelta(minutes=15), le=timedelta(hours=1))
    key_token_life: timedelta = Field(default=timedelta(minutes=5), le=timedelta(minutes=15))
    login_attempts: int = Field(default=10, ge=1, description="Failed logins of one email from one address in a window")
    login_window: timedelta = timedelta(minutes=5)
    hashing_at_once: int = Field(default=2, ge=1, description="Each takes 19 MB and a core for a moment")
