"""A module version as code: the one document that people edit, in YAML; its JSON Schema is for their editors."""

from pydantic import Field, model_validator

from contracts.checks import Checks
from contracts.data import Column, Contract, Schema
from contracts.recipe import Recipe
from contracts.workflow import Name


class Side(Contract):
    """One of a module's contracts: its columns, and what is checked of their values."""

    columns: tuple[Column, ...] = Field(max_length=16_384)
    checks: Checks = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Side":
        Schema(columns=self.columns)
        return self


class ModuleCode(Recipe):
    """A module version, whole. Without `output`, whatever the steps give is the output contract."""

    module: Name = Field(description="The module that this becomes the next version of.")
    description: str = Field(default="", max_length=2_000, description="What this version is for.")
    input: Side = Field(description="What the module needs: columns, types, and checks of their values.")
    output: Side | None = Field(default=None, description="What the module gives; derived when left out.")
