"""What can be said against a definition by itself, before any other service is asked."""

from collections.abc import Iterator

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


def _may_hold(pattern: str, prefix: str) -> bool:
    """Whether a key that begins with the prefix may match the pattern."""
    literal = literal_prefix(pattern)
    if not (literal.startswith(prefix) or prefix.startswith(literal)):
        return False
    # Without `**` a pattern means keys of one depth, and those below the prefix may all lie deeper.
    return "**" in pattern or prefix.count("/") <= pattern.count("/")
