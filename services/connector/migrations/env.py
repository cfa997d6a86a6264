"""Alembic's environment of connector."""

from services.chassis.migrations import run_environment

run_environment()
