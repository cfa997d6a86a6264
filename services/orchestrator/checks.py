"""What can be said against a definition by itself, before any other service is asked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.commands.connector import Problem
from contracts.objects import literal_prefix
from contracts.workflow import S3EventTrigger, WorkflowDefinition


def check(definition: WorkflowDefinition, name: str) -> list[Problem]:
    """Problems with pointers into the definition; `name` is the one it is applied under."""
    return [*_name(definition, name), *_triggers(definition), *_loop(definition)]


def pattern_of(definition: WorkflowDefinition) -> str | None:
    """The path that an object source reads, as a glob."""
    path = definition.source.selection.get("path")
    return path if isinstance(path, str) and path else None


def _name(definition: WorkflowDefinition, name: str) -> Iterator[Problem]:
    if definition.name != name:
        yield Problem(pointer="/name", code="name_differs", message=f"is applied under the name {name!r}")


def _triggers(definition: WorkflowDefinition) -> Iterator[Problem]:
    for number, trigger in enumerate(definition.triggers):
        if isinstance(trigger, S3EventTrigger) and pattern_of(definition) is None:
            yield Problem(
                pointer=f"/triggers/{number}",
                code="source_has_no_objects",
                message="an s3_event trigger needs a source with a path in a bucket",
            )


def _loop(definition: WorkflowDefinition) -> Iterator[Problem]:
    """A workflow that writes where it reads would start itself again with every run."""
    pattern, target = pattern_of(definition), definition.destination.target
    prefix = target.get("prefix")
    if definition.source.connection != definition.destination.connection or pattern is None:
        return
    if isinstance(prefix, str) and _may_hold(pattern, prefix):
        yield Problem(
            pointer="/destination/target/prefix",
            code="loop",
            message=f"objects written here would be read again: they may match the source's path {pattern!r}",
        )


def circle(definition: WorkflowDefinition, others: Sequence[WorkflowDefinition]) -> list[Problem]:
    """The circle of workflows that would start one another for ever once this definition is saved, if there is one."""
    found = _way_back(definition, [other for other in others if other.name != definition.name])
    if found is None:
        return []
    names = " → ".join([definition.name, *found, definition.name])
    message = f"workflows would start one another without end: {names}; each reads where the one before it writes"
    return [Problem(pointer="/destination/target/prefix", code="loop", message=message)]


def _way_back(definition: WorkflowDefinition, others: Sequence[WorkflowDefinition]) -> list[str] | None:
    """The names on a way from what the definition writes to what starts it."""
    ways: list[tuple[WorkflowDefinition, list[str]]] = [(definition, [])]
    met: set[str] = set()
    while ways:
        last, names = ways.pop(0)
        if names and _starts(last, definition):
            return names
        for other in others:
            if other.name not in met and _starts(last, other):
                met.add(other.name)
                ways.append((other, [*names, other.name]))
    return None


def reads(reader: WorkflowDefinition, writer: WorkflowDefinition) -> bool:
    """Whether the one reads what the other writes: the same table, or objects below its prefix."""
    if writer.destination.connection != reader.source.connection:
        return False
    pattern, target, selection = pattern_of(reader), writer.destination.target, reader.source.selection
    prefix = target.get("prefix")
    if pattern is not None and isinstance(prefix, str):
        return _may_hold(pattern, prefix)
    return "table" in target and _table(target) == _table(selection)


def _table(place: Mapping[str, Any]) -> tuple[object, object]:
    return place.get("schema", "public"), place.get("table")


def _starts(writer: WorkflowDefinition, reader: WorkflowDefinition) -> bool:
    """Whether an object that the one writes may start the other by itself."""
    watches = any(isinstance(trigger, S3EventTrigger) and trigger.enabled for trigger in reader.triggers)
    return watches and pattern_of(reader) is not None and reads(reader, writer)


def _may_hold(pattern: str, prefix: str) -> bool:
    """Whether a key that begins with the prefix may match the pattern."""
    literal = literal_prefix(pattern)
    if not (literal.startswith(prefix) or prefix.startswith(literal)):
        return False
    # Without `**` a pattern means keys of one depth, and those below the prefix may all lie deeper.
    return "**" in pattern or prefix.count("/") <= pattern.count("/")
