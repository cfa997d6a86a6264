"""Passwords: what a good one is, and Argon2id on a few threads at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contracts.commands.connector import Problem
from services.chassis.problems import invalid

MIN_LENGTH = 12
MAX_LENGTH = 256


def check_policy(password: str, email: str) -> None:
    """Raises 422 for a password that is too easy; length is what counts."""
    problem = None
    if len(password) < MIN_LENGTH:
        problem = f"needs at least {MIN_LENGTH} characters"
    elif len(password) > MAX_LENGTH:
        problem = f"has more than {MAX_LENGTH} characters"
    elif len(set(password)) < 5 or email.lower() in password.lower():
        problem = "is too easy to guess"
    if problem:
        raise invalid([Problem(pointer="/password", code="password_weak", message=problem)])


class Passwords:
    """Hashes and verifies; each takes a core for a while, so only a few do at once."""

    def __init__(self, at_once: int) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._turn = asyncio.Semaphore(at_once)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether the password is right. For nobody's hash it takes as long, and says no."""
        if self._nobody is None:
            self._nobody = await self.hash(secrets.token_urlsafe(32))
        async with self._turn:
            right = await asyncio.to_thread(self._verify, kept or self._nobody, password)
        return right and kept is not None

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
