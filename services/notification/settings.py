"""Settings of notification alone; environment variables `NOTIFICATION_*`."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class NotificationSettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_", frozen=True, extra="ignore")

    poll_seconds: float = Field(default=0.5, gt=0, description="How often due deliveries are looked for")
    at_once: int = Field(default=16, ge=1, description="Deliveries under way in one process")
    at_once_per_target: int = Field(default=2, ge=1, le=16, description="Of these, to one host")
    lease_seconds: float = Field(default=60, ge=20, description="After this another process takes a delivery over")
    retry_base_seconds: float = Field(default=2, gt=0)
    retry_most_seconds: float = Field(default=900, gt=0)
    deadline_hours: float = Field(default=24, gt=0, description="After this a notification counts as undelivered")
    keep_days: int = Field(default=90, ge=31, description="How long events and notifications are kept")

    @property
    def lease(self) -> timedelta:
        """How long a delivery belongs to the process that took it."""
        return timedelta(seconds=self.lease_seconds)
