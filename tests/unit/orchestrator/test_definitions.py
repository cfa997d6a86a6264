"""What can be said of a definition by itself: its hash, its differences, its loops."""

from typing import Any

import pytest

from contracts.workflow import WorkflowDefinition
from services.orchestrator.changes import Change, changes, content_hash
from services.orchestrator.checks import check, circle


def definition(**changed: Any) -> WorkflowDefinition:
    document: dict[str, Any] = {
        "name": "flights",
        "source": {"connection": "landing", "selection": {"path": "flights/*.csv"}},
        "destination": {"connection": "warehouse", "target": {"table": "flights"}},
    }
    return WorkflowDefinition.model_validate(document | changed)


def test_order_of_keys_is_no_difference() -> None:
    one = definition(source={"connection": "l", "selection": {"path": "a", "format": {"kind": "csv"}}})
    other = definition(source={"selection": {"format": {"kind": "csv"}, "path": "a"}, "connection": "l"})
    assert content_hash(one) == content_hash(other)
    assert changes(one, other) == []


def test_every_kind_of_difference() -> None:
    old = definition(
        triggers=[{"kind": "webhook", "name": "a"}], source={"connection": "l", "selection": {"path": "a", "x/y": 1}}
    )
    new = definition(source={"connection": "l", "selection": {"path": "b", "n": True}})
    found = changes(old, new)
    assert [(change.pointer, change.old, change.new) for change in found] == [
        ("/source/selection/n", None, True),
        ("/source/selection/path", "a", "b"),
        ("/source/selection/x~1y", 1, None),
        ("/triggers/0", {"kind": "webhook", "name": "a", "enabled": True}, None),
    ]
    assert content_hash(old) != content_hash(new)


def test_true_is_not_one() -> None:
    one = definition(source={"connection": "l", "selection": {"path": "a", "flag": 1}})
    other = definition(source={"connection": "l", "selection": {"path": "a", "flag": True}})
    assert changes(one, other) == [Change("/source/selection/flag", 1, True)]


def test_new_definition_is_all_difference() -> None:
    assert {change.pointer for change in changes(None, definition())} >= {"/name", "/source", "/destination"}


@pytest.mark.parametrize(
    ("path", "prefix", "loop"),
    [
        ("flights/*.csv", "flights/", True),
        ("flights/*.csv", "", True),
        ("flights/*.csv", "flights", True),
        ("flights/*.csv", "out/", False),
        ("flights/*.csv", "flights/out/", False),
        ("flights/**", "flights/out/", True),
        ("*.csv", "out/", False),
        ("*", "", True),
    ],
)
def test_workflow_that_would_feed_itself(path: str, prefix: str, loop: bool) -> None:
    itself = definition(
        source={"connection": "landing", "selection": {"path": path}},
        destination={"connection": "landing", "target": {"prefix": prefix}},
    )
    assert [problem.code for problem in check(itself, "flights")] == (["loop"] if loop else [])
    elsewhere = itself.model_copy(
        update={"destination": itself.destination.model_copy(update={"connection": "archive"})}
    )
    assert check(elsewhere, "flights") == []


def chained(name: str, reads: str, writes: str, *, watched: bool = True, at: str = "landing") -> WorkflowDefinition:
    return definition(
        name=name,
        source={"connection": "landing", "selection": {"path": f"{reads}/*.csv"}},
        destination={"connection": at, "target": {"prefix": writes}},
        triggers=[{"kind": "s3_event", "name": "files", "enabled": watched}],
    )


def test_workflows_that_would_start_one_another_for_ever() -> None:
    a, b, c = chained("a", "1", "2"), chained("b", "2", "3"), chained("c", "3", "1")
    (problem,) = circle(c, [a, b, chained("d", "2", "4")])
    assert (problem.pointer, problem.code) == ("/destination/target/prefix", "loop")
    assert "c → a → b → c" in problem.message
    # A chain that leads nowhere, or of which one link is started by hand, or another bucket: no circle.
    assert circle(chained("c", "3", "9"), [a, b]) == []
    assert circle(c, [a, chained("b", "2", "3", watched=False)]) == []
    assert circle(chained("c", "3", "1", watched=False), [a, b]) == []
    assert circle(chained("c", "3", "1", at="archive"), [a, b]) == []
    # What is saved takes the place of what it was.
    assert circle(chained("b", "2", "9"), [a, b, c]) == []
    # A circle beside the way is no reason not to save this one.
    assert circle(chained("x", "8", "1"), [a, b, c]) == []
