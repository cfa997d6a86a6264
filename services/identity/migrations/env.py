"""Alembic's environment of identity."""

from services.chassis.migrations import run_environment

run_environment()
