"""Alembic's environment of schema_drift."""

from services.chassis.migrations import run_environment

run_environment()
