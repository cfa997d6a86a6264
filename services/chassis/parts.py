"""What a service consists of, as its composition root hands it to the runner."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

    from services.chassis.handlers import Handlers

# The names that `--only` and `--without` take.
PARTS: tuple[str, ...] = ("api", "consumer", "worker", "relay", "loops")


@dataclass(frozen=True)
class Loop:
    """Something a service does again and again by itself, until the stop event is set."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """One service: what it answers, hears, does, and does by itself."""

    name: str
    routers: tuple["APIRouter", ...] = ()
    handlers: "Handlers | None" = None
    activities: tuple[Callable[..., Any], ...] = ()
    workflows: tuple[type, ...] = ()
    loops: tuple[Loop, ...] = ()
