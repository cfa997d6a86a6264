"""Chains of steps over a dataset: each link is computed once for its input and its steps, and found ever after."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from pydantic import Field

from contracts.data import Contract, DatasetRef
from contracts.recipe import InputName, InputRef, Join, Lookup, Recipe, Sql, Step, Union
from services.chassis.database import UnitOfWork
from services.transform.computing import Computing, Result
from services.transform.errors import TimeExceeded, TransformError
from services.transform.jobs import JobModule
from services.transform.results import find_result, keep_result, result_key

Scope = Callable[[], AbstractAsyncContextManager[UnitOfWork]]
Left = Callable[[], float]  # seconds that are left for the whole chain
Told = Callable[[int, float], None]  # which link is under way, and which share of it is done


class Link(Contract):
    """The steps of one node to be, and why it comes to be."""

    steps: tuple[Step, ...] = Field(min_length=1)
    reason: str | None = None
    replay_of: UUID | None = None


class Growth(Contract):
    """What is to grow, and where."""

    parent_id: UUID
    links: tuple[Link, ...]
    name: str | None = None  # of the last node
    offset: int = 0  # how many steps stand before the first link in the pointers of problems
    inputs: dict[InputName, InputRef] = Field(default_factory=dict)  # other tables, by the names that steps use

    def recipe(self, link: Link) -> Recipe:
        """A link's own steps as a recipe, with those of the other tables that they look at."""
        return own_recipe(link.steps, self.inputs)


def own_recipe(steps: Sequence[Step], inputs: Mapping[str, InputRef]) -> Recipe:
    """Steps as a recipe that knows the tables they name and no others: what they do not see cannot change them."""
    named: set[str] = set()
    for step in steps:
        if isinstance(step, Join | Lookup):
            named.add(step.other)
        elif isinstance(step, Union):
            named |= set(step.others)
        elif isinstance(step, Sql):
            named |= set(inputs)
    return Recipe(steps=tuple(steps), inputs={name: other for name, other in inputs.items() if name in named})


@dataclass(frozen=True)
class Grower:
    """Computes chains. Knows datasets and results, and neither sessions nor tasks."""

    computing: Computing

    async def grow(
        self, scope: Scope, dataset: DatasetRef, growth: Growth, left: Left, told: Told = lambda link, share: None
    ) -> list[Result]:
        """The result of each link; raises TransformError, whose pointer counts steps from `growth.offset` on."""
        grown: list[Result] = []
        before = growth.offset
        for at, link in enumerate(growth.links):
            told(at, 0.0)
            recipe = growth.recipe(link)
            done = await self._link(scope, dataset, recipe, before, left, partial(told, at))
            grown.append(done)
            dataset = done.dataset
            before += len(link.steps)
        return grown

    async def _link(
        self, scope: Scope, dataset: DatasetRef, recipe: Recipe, before: int, left: Left, told: Callable[[float], None]
    ) -> Result:
        key = result_key(dataset, recipe)
        async with scope() as work:
            found = await find_result(work, key)
            tenant = work.tenant
        if found is not None:
            return found
        seconds = left()
        if seconds <= 0:
            raise TimeExceeded("It takes longer than a request may.")
        try:
            done = await self.computing.apply(tenant, dataset, [JobModule(name="", recipe=recipe)], seconds, told=told)
        except TransformError as error:
            raise shifted(error, before) from error
        async with scope() as work:
            await keep_result(work, key, done)
        return done

    async def again(self, tenant: UUID, dataset: DatasetRef, recipes: Sequence[Recipe], left: Left) -> DatasetRef:
        """The dataset that a chain gives when everything is computed anew; raises TransformError."""
        for recipe in recipes:
            done = await self.computing.apply(tenant, dataset, [JobModule(name="", recipe=recipe)], left())
            dataset = done.dataset
        return dataset


def shifted(error: TransformError, by: int) -> TransformError:
    """The same failure, whose pointers count further steps in front."""
    if by:
        error.pointer = _moved(error.pointer, by)
        problems = getattr(error, "problems", ())
        if problems:
            moved = tuple(one.model_copy(update={"pointer": _moved(one.pointer, by)}) for one in problems)
            setattr(error, "problems", moved)  # noqa: B010 - only some failures have it
    return error


def _moved(pointer: str, by: int) -> str:
    parts = pointer.split("/")
    if len(parts) > 2 and parts[1] == "steps" and parts[2].isdecimal():
        parts[2] = str(int(parts[2]) + by)
    return "/".join(parts)
