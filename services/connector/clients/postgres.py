"""Opens sessions on somebody else's PostgreSQL: checked addresses, no password in clear, limits on every wait."""

import ipaddress
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import certifi

from contracts.runs import ErrorType
from services.chassis.egress import Egress, EgressRefused, HostUnknown
from services.connector.classification import of_postgres
from services.connector.failures import ConnectorError
from services.connector.kinds.postgres import PostgresSecrets, PostgresSettings

if TYPE_CHECKING:
    import psycopg

_APPLICATION = "modulardata"


@dataclass(frozen=True)
class Waits:
    """Seconds until a wait is given up."""

    connect: int = 5
    statement: int = 3_600
    lock: int = 30
    idle: int = 30  # within a transaction: a process that stands still there shall not hold its locks


class PostgresClient:
    """Opens sessions for one connection."""

    def __init__(
        self, settings: PostgresSettings, secrets: PostgresSecrets, egress: Egress, waits: Waits | None = None
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._egress = egress
        self._waits = waits or Waits()

    @property
    def where(self) -> str:
        """The database in words, without who asks."""
        return f"PostgreSQL at {self._settings.host}:{self._settings.port}"

    @contextmanager
    def session(self, *, read_only: bool = False, autocommit: bool = True) -> "Iterator[psycopg.Connection[Any]]":
        """A session that is closed afterwards; everything that fails in it is a ConnectorError."""
        with self.errors():
            connection = self._connect(read_only, autocommit)
            try:
                yield connection
            finally:
                connection.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """The driver's exceptions as verdicts."""
        try:
            yield
        except Exception as error:
            found = of_postgres(error, self.where)
            if found is None:
                raise
            # Not "from error": its text may quote a value, and whoever prints a chain prints that, too.
            raise found from None

    def _connect(self, read_only: bool, autocommit: bool) -> "psycopg.Connection[Any]":
        import psycopg

        addresses = self._addresses()
        settings, waits = self._settings, self._waits
        parameters: dict[str, Any] = {
            "host": ",".join([settings.host] * len(addresses)),
            "hostaddr": ",".join(addresses),
            "port": settings.port,
            "dbname": settings.database,
            "user": settings.user,
            "password": self._secrets.password,
            "application_name": _APPLICATION,
            "connect_timeout": waits.connect,
            # Never the password itself, nor a hash of it that can be used again.
            "require_auth": "scram-sha-256,none",
            "gssencmode": "disable",
            "sslcertmode": "disable",
            "client_encoding": "utf8",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        }
        connection = psycopg.connect(autocommit=True, **parameters, **self._security(addresses))
        try:
            connection.execute(
                "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
                " set_config('idle_in_transaction_session_timeout', %s, false), set_config('timezone', 'UTC', false),"
                " set_config('datestyle', 'ISO, YMD', false), set_config('bytea_output', 'hex', false),"
                " set_config('intervalstyle', 'iso_8601', false), set_config('extra_float_digits', '1', false),"
                " set_config('standard_conforming_strings', 'on', false),"
                " set_config('default_transaction_read_only', %s, false), set_config('search_path', '', false)",
                (f"{waits.statement}s", f"{waits.lock}s", f"{waits.idle}s", "on" if read_only else "off"),
            )
            with suppress(psycopg.errors.InvalidParameterValue):
                # A process of ours that is killed shall not hold its locks until a long statement ends.
                connection.execute(
                    "SELECT set_config(name, '2s', false) FROM pg_settings"
                    " WHERE name = 'client_connection_check_interval'"
                )
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
        return connection

    def _addresses(self) -> Sequence[str]:
        try:
            return self._egress.resolve(self._settings.host, self._settings.port)
        except HostUnknown:
            raise ConnectorError(ErrorType.UNREACHABLE_DNS, f"{self.where}: the host name is not known.") from None
        except EgressRefused as error:
            raise ConnectorError(ErrorType.CONFIGURATION_INVALID, f"{self.where}: {error}.") from None

    def _security(self, addresses: Sequence[str]) -> dict[str, Any]:
        mode = self._settings.sslmode
        if mode is None:
            # On this machine there is nobody in between; everywhere else the server has to prove itself.
            here = all(ipaddress.ip_address(address).is_loopback for address in addresses)
            mode = "prefer" if here else "verify-full"
        if mode in ("verify-ca", "verify-full"):
            return {"sslmode": mode, "sslrootcert": ssl.get_default_verify_paths().cafile or certifi.where()}
        return {"sslmode": mode}
