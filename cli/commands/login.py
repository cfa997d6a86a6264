"""`login`: keep an installation's address and a key to it."""

import socket
import sys
from typing import Annotated

import httpx
import typer

from cli import profile
from cli.client import Api, Json
from cli.errors import Exit, usage
from cli.output import facts
from cli.profile import Target
from cli.shell import Shell, command

PANEL = "Installations"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(
        app,
        "login",
        panel=PANEL,
        examples="""
        modulardata login https://data.example.com · asks for an API key
        modulardata login https://data.example.com --email me@example.com · asks for the password and makes a key
        modulardata login https://data.example.com --key-from-stdin < key.txt
        modulardata login https://staging.example.com --profile staging
        """,
    )(login)
    command(app, "whoami", panel=PANEL, examples="modulardata whoami --profile staging")(whoami)


def login(
    shell: Shell,
    url: Annotated[str, typer.Argument(help="The installation's address.")],
    email: Annotated[str | None, typer.Option(help="Log in with a password and have a key made.")] = None,
    key_from_stdin: Annotated[bool, typer.Option("--key-from-stdin", help="Read the key from stdin.")] = False,
    role: Annotated[str, typer.Option(help="With --email: the role of the key that is made.")] = "developer",
) -> int:
    """Keep an installation's address and an API key, for the commands that follow.

    They are kept in a file that only you can read. --profile NAME keeps several apart.
    """
    if httpx.URL(url).scheme not in ("http", "https"):
        raise usage(f"{url!r} is no address.", hint="Like this: modulardata login https://data.example.com")
    address = url.rstrip("/")
    if email is not None:
        key = _made_with_password(address, email, role)
    elif key_from_stdin:
        key = sys.stdin.readline().strip()
    else:
        key = typer.prompt("API key", hide_input=True, err=True).strip()
    if not key:
        raise usage("The key is empty.")
    api = Api(Target(address, key, "login"))
    try:
        me = api.get("/api/me")
    finally:
        api.close()
    name = shell.profile_name or "default"
    place = profile.save(name, address, key)
    shell.output.show({"profile": name, "url": address, "me": me, "file": str(place)}, facts(_short(me)))
    shell.output.done(f"kept as profile {name!r} in {place}")
    return Exit.GOOD


def whoami(shell: Shell) -> int:
    """Say which installation the commands talk to, and as whom."""
    me = shell.api.get("/api/me")
    target = shell.api.target
    document = {"url": target.url, "found_in": target.origin} | {"me": me}
    shell.output.show(document, facts({"url": target.url, "found in": target.origin} | _short(me)))
    return Exit.GOOD


def _short(me: Json) -> Json:
    return {name.replace("_", " "): value for name, value in me.items() if name != "permissions"}


def _made_with_password(url: str, email: str, role: str) -> str:
    password = typer.prompt("Password", hide_input=True, err=True)
    nobody = Api(Target(url, "", "login"))
    try:
        token = nobody.post("/api/login", {"email": email, "password": password})["token"]
    finally:
        nobody.close()
    somebody = Api(Target(url, token, "login"))
    try:
        made = somebody.post("/api/keys", {"name": f"modulardata on {socket.gethostname()}", "role": role})
    finally:
        somebody.close()
    return str(made["key"])
