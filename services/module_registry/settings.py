"""Settings of module_registry alone; environment variables `MODULE_REGISTRY_*`."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModuleRegistrySettings(BaseSettings):
    """What can be set."""

    model_config = SettingsConfigDict(env_prefix="MODULE_REGISTRY_", frozen=True, extra="ignore")

    check_seconds: float = Field(
        default=20, gt=0, description="How long a draft's check may wait for the service that runs recipes"
    )
    version_limits: dict[str, Annotated[int, Field(ge=2)] | None] = Field(
        default={"free": 2, "standard": 100, "unlimited": None},
        description="Versions of a module that each plan keeps, as JSON; null keeps all",
    )
    default_plan: str = Field(default="standard", description="The plan of a workspace for which none was told")

    @model_validator(mode="after")
    def _default_is_a_plan(self) -> Self:
        if self.default_plan not in self.version_limits:
            raise ValueError(f"the default plan {self.default_plan!r} is none of those in version_limits")
        return self
