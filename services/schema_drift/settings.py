"""Settings of schema_drift alone; environment variables `SCHEMA_DRIFT_*`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SchemaDriftSettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="SCHEMA_DRIFT_", frozen=True, extra="ignore")

    corrected_limit: int = Field(
        default=5 * 1024**3, ge=1, description="The largest corrected file that is taken, in bytes"
    )
    keep_days: int = Field(
        default=90, ge=1, le=3_650, description="How long a file or rows wait in quarantine before they are rejected"
    )
