"""Alembic's environment of a service that exists in the tests only."""

from services.chassis.migrations import run_environment

run_environment()
