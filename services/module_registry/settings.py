"""Settings of module_registry alone; environment variables `MODULE_REGISTRY_*`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModuleRegistrySettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="MODULE_REGISTRY_", frozen=True, extra="ignore")

    check_seconds: float = Field(
        default=20, gt=0, description="How long a draft's check may wait for the service that runs recipes"
    )
