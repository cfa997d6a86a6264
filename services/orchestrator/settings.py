"""Settings of orchestrator alone; environment variables `ORCHESTRATOR_*`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class OrchestratorSettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="ORCHESTRATOR_", frozen=True, extra="ignore")

    webhook_limit: int = Field(default=1_000_000, ge=1, description="The largest webhook that is taken, in bytes")
    secret_overlap_hours: float = Field(
        default=24, ge=0, description="How long a trigger's old secret is taken after a rotation"
    )
    validation_seconds: float = Field(
        default=20, gt=0, description="How long a definition's check may wait for the other services"
    )
    reconcile_seconds: float = Field(default=10, gt=0, description="How often open runs are looked after")
    reconcile_patience_seconds: float = Field(
        default=30, gt=0, description="How old a run is before it is looked after"
    )
