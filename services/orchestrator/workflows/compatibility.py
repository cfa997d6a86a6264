"""Whether the parts of a workflow fit together: each module's output is what the next one's input asks for."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.commands.connector import Problem
    from contracts.data import Schema
    from contracts.workflow import ResolvedModule, WorkflowDefinition


def edges(definition: WorkflowDefinition, modules: Sequence[ResolvedModule]) -> Iterator[Problem]:
    """What does not fit, each with a pointer to the node behind the edge and the column's name."""
    for number, (before, after) in enumerate(pairwise(modules), start=1):
        yield from _edge(f"/modules/{number}", before, after)
    if modules:
        yield from _keys(definition, modules[-1].ref.name, modules[-1].output_contract)


def _edge(pointer: str, before: ResolvedModule, after: ResolvedModule) -> Iterator[Problem]:
    edge = f"{before.ref.name} (version {before.ref.version}) → {after.ref.name} (version {after.ref.version})"
    for wanted in after.input_contract.columns:
        given = before.output_contract.column(wanted.name)
        if given is None:
            yield Problem(
                pointer=pointer,
                code="column_missing",
                message=f"{edge}: column {wanted.name!r} is needed and does not come out of the module before.",
            )
        elif given.type != wanted.type:
            yield Problem(
                pointer=pointer,
                code="type_mismatch",
                message=f"{edge}: column {wanted.name!r} comes as {given.type.value} and is needed as "
                f"{wanted.type.value}.",
            )


def _keys(definition: WorkflowDefinition, module: str, output: Schema) -> Iterator[Problem]:
    for number, key in enumerate(definition.destination.keys):
        if output.column(key) is None:
            yield Problem(
                pointer=f"/destination/keys/{number}",
                code="column_missing",
                message=f"Key column {key!r} does not come out of {module}; there are: {', '.join(output.names[:30])}.",
            )
