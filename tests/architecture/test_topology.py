"""The tables in contracts agree with the code: commands with activities, topics with producers and consumers."""

import ast
import re
from pathlib import Path

from contracts.activities import COMMANDS
from contracts.catalog import EVENTS
from contracts.topics import SERVICES, TOPICS, deployable

ROOT = Path(__file__).resolve().parents[2]


def python_files(service: str) -> list[Path]:
    return [path for path in (ROOT / "services" / service).rglob("*.py") if "migrations" not in path.parts]


def names_called(service: str, method: str) -> set[str]:
    """The names of the first arguments with which `<something>.<method>(Name…)` is called in a service."""
    found: set[str] = set()
    for path in python_files(service):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
                and node.args
            ):
                first = node.args[0]
                if isinstance(first, ast.Call):
                    first = first.func
                if isinstance(first, ast.Name):
                    found.add(first.id)
                elif isinstance(first, ast.Attribute):
                    found.add(first.attr)
    return found


MODELS = {model.__name__: event_type for event_type, model in EVENTS.items()}


def test_every_event_has_exactly_one_topic() -> None:
    carried = [event for topic in TOPICS for event in topic.events]
    assert sorted(carried) == sorted(EVENTS)


def test_event_types_are_well_formed() -> None:
    assert [name for name in EVENTS if not re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9][0-9]*", name)] == []


def test_topic_names_have_hyphens_only() -> None:
    assert [topic.name for topic in TOPICS if not re.fullmatch(r"[a-z]+(-[a-z]+)*", topic.name)] == []


def test_producers_are_the_services_that_publish() -> None:
    for service in SERVICES:
        published = {MODELS[name] for name in names_called(service, "publish") if name in MODELS}
        allowed = {event for topic in TOPICS if topic.producer == service for event in topic.events}
        assert published <= allowed, f"{service} publishes what contracts/topics.py gives to another service"


def test_consumers_are_the_services_that_subscribe() -> None:
    for service in SERVICES:
        handled = {MODELS[name] for name in names_called(service, "on") if name in MODELS}
        declared = {event for topic in TOPICS if service in topic.consumers for event in topic.events}
        assert handled <= declared, f"{service} handles events of topics whose consumers do not name it"


def test_every_command_has_an_owner_that_registers_it() -> None:
    for command in COMMANDS:
        owner = command.queue
        assert owner in SERVICES, f"{command.name}: no such service"
        constant = next(
            name for name, value in vars(__import__("contracts.activities", fromlist=["x"])).items() if value is command
        )
        registered = any(f"{constant}.name" in path.read_text() for path in python_files(owner))
        assert registered, f"{deployable(owner)} does not register {command.name}"


def test_activities_have_the_signature_of_their_command() -> None:
    commands = {
        name: value
        for name, value in vars(__import__("contracts.activities", fromlist=["x"])).items()
        if value in COMMANDS
    }
    checked = 0
    for service in SERVICES:
        for path in python_files(service):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                    continue
                for decorator in node.decorator_list:
                    text = ast.unparse(decorator)
                    match = re.fullmatch(r"activity\.defn\(name=(?:\w+\.)?(\w+)\.name\)", text)
                    if match is None:
                        continue
                    command = commands[match.group(1)]
                    arguments = [a for a in node.args.args if a.arg != "self"]
                    annotation = arguments[0].annotation
                    assert len(arguments) == 1, command.name
                    assert annotation is not None, command.name
                    assert node.returns is not None, command.name
                    assert ast.unparse(annotation).rpartition(".")[2] == command.input.__name__, f"{path}:{node.lineno}"
                    assert ast.unparse(node.returns).rpartition(".")[2] == command.result.__name__, (
                        f"{path}:{node.lineno}"
                    )
                    checked += 1
    assert checked == len(COMMANDS)
