"""Writes the documents that are made from the models (JSON Schemas, AsyncAPI), and checks those that are committed.

`python -m contracts.generate` writes; `--check` fails when a committed document is stale, or when it is not compatible
with the last released one, and says what to do. OpenAPI documents are written by `python -m services openapi`, and are
compared here like the others.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from contracts.activities import COMMANDS
from contracts.catalog import EVENTS
from contracts.compatibility import Change, compare_openapi, compare_schemas
from contracts.module_code import ModuleCode
from contracts.recipe import Recipe
from contracts.topics import DEAD_LETTER_RETENTION_SECONDS, SERVICES, TOPICS, dead_letter_topic, deployable
from contracts.workflow import WorkflowDefinition

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"

WHAT_TO_DO = """
Inside a version a message or an API grows by optional fields only: consumers of the version that is out there read it.
  - an event: leave the old version as it is and add the next one beside it (`run.finished.v2`, its own model, its line
    in contracts/catalog.py and contracts/topics.py); deploy consumers first, then the producer
  - an HTTP body: add an optional field, or a new route beside the old one
  - a change that this check cannot classify: make it one that it can, or teach contracts/compatibility.py the rule,
    with a wrong fixture in tests/contracts that the rule refuses
"""


def documents() -> Iterator[tuple[str, str]]:
    """Every generated document: its path below contracts/ and its text."""
    for event_type, model in sorted(EVENTS.items()):
        yield (
            f"schemas/events/{event_type}.json",
            _json(_schema(model.model_json_schema(mode="serialization"), event_type)),
        )
    for command in COMMANDS:
        for side, model in (("input", command.input), ("result", command.result)):
            name = f"{command.name}.{side}"
            yield f"schemas/commands/{name}.json", _json(_schema(model.model_json_schema(mode="serialization"), name))
    yield "schemas/workflow.json", _json(_schema(WorkflowDefinition.model_json_schema(), "workflow"))
    yield "schemas/recipe.json", _json(_schema(TypeAdapter(Recipe).json_schema(), "recipe"))
    yield "schemas/module-code.json", _json(_schema(ModuleCode.model_json_schema(), "module-code"))
    yield "../docs/reference/events.md", events_page()
    yield "asyncapi.yaml", yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: every topic as a channel, every event as a message, who sends and who receives."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        carried = {event: {"$ref": f"#/components/messages/{event}"} for event in topic.events}
        channels[topic.name] = {
            "address": topic.name,
            "description": f"{topic.description} Key: {topic.key}.",
            "messages": carried,
            "bindings": {
                "kafka": {
                    "topic": topic.name,
                    "partitions": topic.partitions,
                    "topicConfiguration": {"retention.ms": topic.retention_seconds * 1000, **topic.config},
                }
            },
        }
        operations[f"{deployable(topic.producer)}.sends.{topic.name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{topic.name}"},
        }
        for consumer in topic.consumers:
            operations[f"{deployable(consumer)}.receives.{topic.name}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "bindings": {"kafka": {"groupId": {"type": "string", "enum": [deployable(consumer)]}}},
            }
    for service in SERVICES:
        name = dead_letter_topic(service)
        channels[name] = {
            "address": name,
            "description": f"What {deployable(service)} could not handle: its bytes, key and headers, and dlq-*.",
            "bindings": {
                "kafka": {
                    "topic": name,
                    "partitions": 1,
                    "topicConfiguration": {"retention.ms": DEAD_LETTER_RETENTION_SECONDS * 1000},
                }
            },
        }
    envelope: dict[str, Any] = {
        "type": "object",
        "description": "CloudEvents 1.0 in binary mode: the attributes are Kafka headers.",
        "required": [f"ce_{name}" for name in ("specversion", "id", "source", "type", "subject", "time", "tenant")],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": {"type": "string", "format": "uuid"},
            "ce_source": {"type": "string"},
            "ce_type": {"type": "string"},
            "ce_subject": {"type": "string"},
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_tenant": {"type": "string", "format": "uuid"},
            "ce_run": {"type": "string", "format": "uuid"},
            "traceparent": {"type": "string"},
        },
    }
    messages: dict[str, Any] = {
        event: {
            "name": event,
            "summary": (model.__doc__ or "").strip(),
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/envelope"},
            "payload": {"$ref": f"./schemas/events/{event}.json"},
        }
        for event, model in sorted(EVENTS.items())
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ModularData events",
            "version": "1.0.0",
            "description": "Facts, in the past tense. Made from contracts/topics.py and contracts/catalog.py.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"envelope": envelope}},
    }


def events_page() -> str:
    """The page for people: every topic, who writes and reads it, and what its events say."""
    lines = [
        "# Events",
        "",
        "<!-- made from contracts/topics.py and contracts/catalog.py by `make contracts` -->",
        "",
        "CloudEvents 1.0 in binary mode: the attributes are Kafka headers (`ce_id`, `ce_type`, `ce_tenant`, …), the",
        "value is JSON of at most 64 KB. Delivered at least once; `ce_id` is stable, so take each id once. Order",
        "holds for each key. Ignore fields and types that you do not know: a version grows by optional fields.",
        "JSON Schemas are in `contracts/schemas/events`, examples in `contracts/examples`, the AsyncAPI document is",
        "`contracts/asyncapi.yaml`.",
        "",
    ]
    for topic in TOPICS:
        readers = ", ".join(deployable(name) for name in topic.consumers)
        lines += [
            f"## `{topic.name}`",
            "",
            f"{topic.description} Key: {topic.key}. Written by {deployable(topic.producer)}, read by {readers}; "
            f"kept {topic.retention_seconds // 86_400} days.",
            "",
            "| Type | Says | Fields |",
            "|---|---|---|",
        ]
        for event in topic.events:
            model = EVENTS[event]
            fields = ", ".join(f"`{name}`" for name in model.model_fields)
            lines.append(f"| `{event}` | {(model.__doc__ or '').strip()} | {fields} |")
        lines.append("")
    return "\n".join(lines)


def stale() -> list[str]:
    """Committed documents that are not what the models say now, and files that no model stands behind."""
    wanted = dict(documents())
    wrong = [name for name, text in wanted.items() if not (HERE / name).exists() or (HERE / name).read_text() != text]
    there = {str(path.relative_to(HERE)) for path in (HERE / "schemas").rglob("*.json")}
    return sorted(wrong + [name for name in there if name not in wanted])


def base() -> str | None:
    """What to compare with: CONTRACTS_BASE, where this branch left main, the last release, or the parent."""
    if named := os.environ.get("CONTRACTS_BASE"):
        return named
    head = _git("rev-parse", "HEAD")
    left = _git("merge-base", "HEAD", "origin/main")
    if left and left != head:
        return left
    return _git("describe", "--tags", "--match", "v*", "--abbrev=0") or _git("rev-parse", "HEAD^")


def incompatible(revision: str) -> list[tuple[str, Change]]:
    """Changes since a revision that may not land: breaking ones, and those that cannot be classified."""
    refused = []
    listed = _git("ls-tree", "-r", "--name-only", revision, "contracts/schemas/", "contracts/openapi/") or ""
    for name in listed.splitlines():
        before = json.loads(_git("show", f"{revision}:{name}") or "null")
        path = ROOT / name
        if not path.exists():
            # Commands are spoken between our own services of one release; the others have readers elsewhere.
            if not name.startswith("contracts/schemas/commands/"):
                refused.append((name, _removed(name)))
            continue
        compare = compare_openapi if name.startswith("contracts/openapi/") else compare_schemas
        refused += [(name, change) for change in compare(before, json.loads(path.read_text())) if change.refused]
    return refused


def _removed(name: str) -> Change:
    from contracts.compatibility import Verdict

    return Change("/", Verdict.BREAKING, f"{name} is gone, and somebody may still speak it")


def _schema(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:modulardata:{name}", **schema}


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.strip() if done.returncode == 0 else None


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on stale or incompatible documents")
    options = parser.parse_args()
    if not options.check:
        for path in (HERE / "schemas").rglob("*.json"):
            path.unlink()
        for name, text in documents():
            target = HERE / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return 0
    wrong = stale()
    for name in wrong:
        print(f"contracts/{name} is not what the models say: run `make contracts` and commit it")
    revision = base()
    refused = incompatible(revision) if revision else []
    for name, change in refused:
        print(f"{name} {change.pointer}: {change.verdict}: {change.sentence}")
    if refused:
        print(WHAT_TO_DO)
    return 1 if wrong or refused else 0


if __name__ == "__main__":
    sys.exit(main())
