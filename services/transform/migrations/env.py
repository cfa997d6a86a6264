"""Alembic's environment of transform."""

from services.chassis.migrations import run_environment

run_environment()
