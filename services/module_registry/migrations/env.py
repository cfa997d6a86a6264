"""Alembic's environment of module_registry."""

from services.chassis.migrations import run_environment

run_environment()
