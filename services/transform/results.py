"""What was computed once: results by their input's content, their steps and the engine, and profiles by dataset."""

import hashlib
from importlib.metadata import version
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from contracts.commands.connector import QuarantinedRows
from contracts.commands.transform import StepBooks
from contracts.data import DatasetRef
from contracts.profile import Profile
from contracts.recipe import Recipe
from services.chassis.database import UnitOfWork
from services.transform.computing import Result
from services.transform.tables import profiles, results

# Another engine may write the same rows as other bytes; raise the number when ours does.
ENGINE = f"1/polars-{version('polars')}"


def result_key(dataset: DatasetRef, recipe: Recipe) -> str:
    """What a result depends on, and nothing else."""
    parts = (ENGINE, dataset.id, recipe.content_hash)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


async def find_result(work: UnitOfWork, key: str) -> Result | None:
    """A result of this workspace, if there is one."""
    found = await work.connection.execute(select(results).where(results.c.tenant == work.tenant, results.c.key == key))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return Result(
        dataset=DatasetRef.model_validate(row["dataset"]),
        books=tuple(StepBooks.model_validate(book) for book in row["books"]),
        quarantined=None if row["quarantined"] is None else QuarantinedRows.model_validate(row["quarantined"]),
    )


async def keep_result(work: UnitOfWork, key: str, result: Result) -> None:
    """Keep a result; whoever computed the same meanwhile has kept the same."""
    quarantined = result.quarantined
    await _keep(
        work,
        results,
        {
            "key": key,
            "dataset": result.dataset.model_dump(mode="json"),
            "books": [book.model_dump(mode="json") for book in result.books],
            "quarantined": None if quarantined is None else quarantined.model_dump(mode="json"),
        },
    )


async def find_profile(work: UnitOfWork, dataset_id: str) -> Profile | None:
    """The figures of a dataset of this workspace, if they are known."""
    found = await work.connection.execute(
        select(profiles.c.profile).where(profiles.c.tenant == work.tenant, profiles.c.dataset_id == dataset_id)
    )
    document = found.scalar_one_or_none()
    return None if document is None else Profile.model_validate(document)


async def keep_profile(work: UnitOfWork, dataset_id: str, profile: Profile) -> None:
    """Keep the figures of a dataset."""
    await _keep(work, profiles, {"dataset_id": dataset_id, "profile": profile.model_dump(mode="json")})


async def _keep(work: UnitOfWork, table: Any, values: dict[str, Any]) -> None:
    added = insert(table).values(tenant=work.tenant, created_at=work.clock.now(), **values)
    await work.connection.execute(added.on_conflict_do_nothing())
