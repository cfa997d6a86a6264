"""`CONNECTION:WHAT` as people write it, and the selection or target that the API wants for it."""

from dataclasses import dataclass
from typing import Any

from cli.client import Api, segment
from cli.errors import usage

UPLOADS = "uploads"  # the connection through which files are read that were sent to the platform itself
FORM = "A file or pattern: landing:flights/*.csv · a table: warehouse:public.flights · an upload: uploads:9f86…/a.csv"


@dataclass(frozen=True)
class Spot:
    """A place in a connection; `what` is empty when the whole connection is meant."""

    connection: str
    what: str

    @classmethod
    def parse(cls, text: str) -> "Spot":
        """Read `connection` or `connection:what`."""
        connection, _, what = text.partition(":")
        if not connection or "/" in connection:
            raise usage(f"{text!r} names no connection.", hint=FORM)
        return cls(connection, what.strip())

    def selection(self, kind: str) -> dict[str, Any]:
        """What to read, in the words of the connection's kind."""
        if not self.what:
            raise usage(f"{self.connection!r} alone does not say what to read.", hint=FORM)
        if kind == "upload":
            return {"upload": self.what}
        if kind == "s3":
            return {"path": self.what.lstrip("/")}
        schema, dot, name = self.what.partition(".")
        return {"schema": schema, "table": name} if dot else {"schema": "public", "table": schema}


def format_of(told: list[str]) -> dict[str, Any]:
    """What a person says about a file, NAME=VALUE each, as the `format` of a selection."""
    format: dict[str, Any] = {}
    for one in told:
        name, sign, text = one.partition("=")
        if not sign or not name:
            raise usage(f"{one!r} is not NAME=VALUE.", hint="--read delimiter=';' or --read columns.day=day_first")
        value: Any = {"true": True, "false": False}.get(text.lower(), text) if name == "header" else text
        if name == "preamble" and text.isdecimal():
            value = int(text)
        if name == "delimiter" and text in ("tab", "\\t"):
            value = "\t"
        head, _, column = name.partition(".")
        if head == "columns" and column:
            format.setdefault("columns", {})[column] = value
        else:
            format[name] = value
    return format


def kind_of(api: Api, connection: str) -> str:
    """The kind of a connection."""
    if connection == UPLOADS:
        return "upload"
    return str(api.get(f"/api/connections/{segment(connection)}")["kind"])


def resolve(api: Api, text: str) -> tuple[str, dict[str, Any]]:
    """The connection and the selection that a person means."""
    spot = Spot.parse(text)
    if not spot.what:
        raise usage(f"{text!r} does not say what to read.", hint=FORM)
    return spot.connection, spot.selection(kind_of(api, spot.connection))
