"""Which tenant the current piece of work belongs to, for parts that no caller tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_acting: ContextVar[UUID | None] = ContextVar("tenant", default=None)


def acting_tenant() -> UUID | None:
    """The tenant of the request, event or activity under way, if there is one."""
    return _acting.get()


@contextmanager
def acting_for(tenant: UUID) -> Iterator[None]:
    """Work for one tenant until the block ends; threads started with the context inherit it."""
    token = _acting.set(tenant)
    try:
        yield
    finally:
        _acting.reset(token)
