"""Alembic's environment of orchestrator."""

from services.chassis.migrations import run_environment

run_environment()
