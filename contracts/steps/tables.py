"""Steps that look at other tables: the inputs that a recipe names."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.data import Contract, Schema
from contracts.steps.base import ColumnName, InputName, Scalar, StepModel


class DatasetInput(Contract):
    """Another dataset of the workspace, and its columns."""

    kind: Literal["dataset"] = "dataset"
    dataset: str = Field(pattern=r"^[0-9a-f]{64}$", description="The dataset's id.")
    table_schema: Schema


class ModuleInput(Contract):
    """What a module that runs earlier in the same workflow gives, and its columns."""

    kind: Literal["module"] = "module"
    module: str = Field(min_length=1, max_length=63, description="The module's name.")
    table_schema: Schema


InputRef = Annotated[DatasetInput | ModuleInput, Field(discriminator="kind")]


class JoinKey(Contract):
    """A column of the table, and the one of the other table that it must equal. Null equals nothing."""

    left: ColumnName
    right: ColumnName


class Join(StepModel):
    """Join another table: rows without a partner are filtered or kept, several partners add rows."""

    kind: Literal["join"] = "join"
    other: InputName = Field(alias="with")
    how: Literal["inner", "left", "right", "full", "semi", "anti"] = "inner"
    on: tuple[JoinKey, ...] = Field(min_length=1, max_length=50)
    columns: tuple[ColumnName, ...] | None = Field(
        default=None, description="Which columns of the other table come along; all but its keys, if left out."
    )
    suffix: str = Field(
        default="_right", min_length=1, max_length=100, description="For columns whose name is there already."
    )

    @model_validator(mode="after")
    def _brings_columns(self) -> "Join":
        if self.columns is not None and self.how in ("semi", "anti"):
            raise ValueError(f"a '{self.how}' join brings no columns")
        return self


class Union(StepModel):
    """Put the rows of other tables below."""

    kind: Literal["union"] = "union"
    others: tuple[InputName, ...] = Field(alias="with", min_length=1, max_length=50)
    by: Literal["name", "position"] = Field(
        default="name", description="By name, columns that a table lacks are null; by position, the counts must agree."
    )


class Lookup(StepModel):
    """Bring columns of the first row with the same key in another table. No row is added or removed."""

    kind: Literal["lookup"] = "lookup"
    other: InputName = Field(alias="with")
    on: tuple[JoinKey, ...] = Field(min_length=1, max_length=50)
    columns: tuple[ColumnName, ...] = Field(min_length=1, max_length=500)
    default: Scalar = Field(default=None, description="What stands where there is no such key.")
    suffix: str = Field(
        default="_right", min_length=1, max_length=100, description="For columns whose name is there already."
    )


class Sql(StepModel):
    """One SELECT over the table, which is called `input`, and the recipe's inputs by their names."""

    kind: Literal["sql"] = "sql"
    query: str = Field(
        min_length=1,
        max_length=10_000,
        description="SELECT … FROM … [JOIN … ON a = b] [WHERE] [GROUP BY] [HAVING] [ORDER BY] [LIMIT], UNION [ALL],"
        " WITH and queries in FROM. What is computed has a name: AS …",
    )
