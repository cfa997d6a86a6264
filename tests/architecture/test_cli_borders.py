"""The command talks HTTP like any integrator; only what starts and stops a stack may touch the stack."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAY_TOUCH_THE_STACK = {"bringup.py", "commands/stack.py", "demo/stage.py", "demo/story.py"}
# What a service is made of has no place in a client; a Temporal client would also crash a short-lived process.
NOT_A_CLIENTS_BUSINESS = {"temporalio", "aiokafka", "faststream", "sqlalchemy", "asyncpg", "services"}
# The story stands in for the customer: it writes to their bucket and asks their warehouse itself.
THE_CUSTOMERS_OWN = {"boto3", "psycopg", "polars"}


def imports_of(path: Path) -> set[str]:
    """The modules that a file names in its imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def offenders() -> dict[str, set[str]]:
    """Files of the command, and what they import that they must not."""
    wrong: dict[str, set[str]] = {}
    for path in sorted((ROOT / "cli").rglob("*.py")):
        name = path.relative_to(ROOT / "cli").as_posix()
        roots = {module.partition(".")[0] for module in imports_of(path)}
        forbidden = set(NOT_A_CLIENTS_BUSINESS)
        if name not in MAY_TOUCH_THE_STACK:
            forbidden.add("deploy")
        if not name.startswith("demo/"):
            forbidden |= THE_CUSTOMERS_OWN
        if roots & forbidden:
            wrong[name] = roots & forbidden
    return wrong


def test_the_command_is_an_integrator() -> None:
    assert offenders() == {}, "ask the HTTP API; if it cannot answer, that is what is missing"


def test_the_rule_is_seen_red(tmp_path: Path) -> None:
    place = tmp_path / "wrong.py"
    place.write_text("from temporalio.client import Client\nimport deploy.local.launcher\n")
    assert {module.partition(".")[0] for module in imports_of(place)} >= {"temporalio", "deploy"}
