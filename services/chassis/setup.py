"""Prepares an installation: roles, schemas, tables, topics, and a look whether Temporal has the namespace."""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from contracts.topics import SERVICES
from services.chassis.errors import TransientError
from services.chassis.migrations import migrate, provision
from services.chassis.settings import PlatformSettings, SettingsInvalid
from services.chassis.temporal import connect
from services.chassis.topics import ensure_topics
from services.chassis.visibility import ensure_search_attributes

RETENTION = timedelta(days=7)
PATIENCE_SECONDS = 30.0
_SERVICES = Path(__file__).resolve().parent.parent


async def set_up(settings: PlatformSettings) -> None:
    """Do all of it; what is done already is left alone. Raises SettingsInvalid when the owner's URL is missing."""
    if settings.database_admin_url is None:
        raise SettingsInvalid("MODULARDATA_DATABASE_ADMIN_URL: the set-up needs it")
    await asyncio.gather(_database(settings, settings.database_admin_url), _kafka(settings), _temporal(settings))


async def _database(settings: PlatformSettings, admin_url: str) -> None:
    # A service that is not part of this distribution has no migrations to run.
    services = [name for name in SERVICES if (_SERVICES / name / "migrations" / "env.py").is_file()]
    await provision(admin_url, {name: settings.database_passwords[name] for name in services})
    await migrate(admin_url, services)
    structlog.get_logger().info("database_ready", services=services)


async def _kafka(settings: PlatformSettings) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            await ensure_topics(settings.kafka, prefix=settings.kafka_prefix)
            break
        except TransientError:
            # It may be starting at this very moment, beside this.
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)
    structlog.get_logger().info("topics_ready")


async def _temporal(settings: PlatformSettings) -> None:
    client = await connect(settings)
    if not await _has_namespace(client, settings.temporal_namespace):
        request = RegisterNamespaceRequest(namespace=settings.temporal_namespace)
        request.workflow_execution_retention_period.FromTimedelta(RETENTION)
        await client.workflow_service.register_namespace(request)
    await ensure_search_attributes(client)
    structlog.get_logger().info("temporal_ready", namespace=settings.temporal_namespace)


async def _has_namespace(client: Client, name: str) -> bool:
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True
