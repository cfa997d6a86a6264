"""The permission names, and which role holds which: one table that every route and every test reads."""

from enum import StrEnum


class Permission(StrEnum):
    """What a route may ask for. `platform:*` permissions reach beyond one workspace."""

    CONNECTIONS_READ = "connections:read"
    CONNECTIONS_WRITE = "connections:write"
    CONNECTIONS_TEST = "connections:test"
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    MODULES_READ = "modules:read"
    MODULES_PUBLISH = "modules:publish"
    WORKFLOWS_READ = "workflows:read"
    WORKFLOWS_WRITE = "workflows:write"
    RUNS_READ = "runs:read"
    RUNS_START = "runs:start"
    DRIFT_READ = "drift:read"
    QUARANTINE_READ = "quarantine:read"
    QUARANTINE_RELEASE = "quarantine:release"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_WRITE = "notifications:write"
    EVENTS_READ = "events:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    SELF = "self"
    PLATFORM_DEAD_LETTERS = "platform:dead-letters"
    PLATFORM_WORKSPACES = "platform:workspaces"


class Role(StrEnum):
    """What a principal may be. `service` is for machines; `platform` operates the installation, not a workspace."""

    ADMIN = "admin"
    DEVELOPER = "developer"
    OPERATOR = "operator"
    ANALYST = "analyst"
    SERVICE = "service"


_READ = frozenset(
    {
        Permission.CONNECTIONS_READ,
        Permission.SESSIONS_READ,
        Permission.MODULES_READ,
        Permission.WORKFLOWS_READ,
        Permission.RUNS_READ,
        Permission.DRIFT_READ,
        Permission.QUARANTINE_READ,
        Permission.NOTIFICATIONS_READ,
        Permission.EVENTS_READ,
        Permission.SELF,
    }
)
_ANALYST = _READ | {Permission.FILES_READ, Permission.SESSIONS_WRITE}
_OPERATOR = _READ | {
    Permission.FILES_READ,
    Permission.CONNECTIONS_TEST,
    Permission.RUNS_START,
    Permission.QUARANTINE_RELEASE,
    Permission.NOTIFICATIONS_WRITE,
}
_DEVELOPER = (_ANALYST | _OPERATOR) | {
    Permission.CONNECTIONS_WRITE,
    Permission.FILES_WRITE,
    Permission.MODULES_PUBLISH,
    Permission.WORKFLOWS_WRITE,
}
_PLATFORM = frozenset({Permission.PLATFORM_DEAD_LETTERS, Permission.PLATFORM_WORKSPACES})

ROLES: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission) - _PLATFORM,
    Role.DEVELOPER: _DEVELOPER,
    Role.OPERATOR: _OPERATOR,
    Role.ANALYST: _ANALYST,
    Role.SERVICE: _READ | {Permission.RUNS_START},
}

PLATFORM: frozenset[Permission] = _PLATFORM


def granted(role: Role, permission: Permission, *, platform: bool = False) -> bool:
    """Whether the role holds the permission; `platform` marks a principal that operates the installation."""
    return permission in ROLES[role] or (platform and permission in _PLATFORM)
