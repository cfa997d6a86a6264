"""Settings of module_registry alone; environment variables `MODULE_REGISTRY_*`. There are none yet."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class ModuleRegistrySettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="MODULE_REGISTRY_", frozen=True, extra="ignore")
