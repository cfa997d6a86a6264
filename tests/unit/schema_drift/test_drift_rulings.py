"""What becomes of a proposal: by kind of change, class of column, proof, readers, and what a workflow says itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.adaptation import Proof, ProofCheck
from contracts.data import Column, LogicalType, Schema
from contracts.recipe import Recipe, Rename
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule
from services.schema_drift.deciding.classes import classes_of
from services.schema_drift.deciding.policy import FEW_READERS, Change, Circumstances, rule, verdict
from services.schema_drift.describing.delivery import describe

PROVEN = Circumstances(verdict="proven")
RENAMED = Change("renamed", "plain", "proven")


def test_a_proven_change_of_a_plain_column_goes_on_alone() -> None:
    assert (
        rule(
            [RENAMED, Change("reordered", "key", "proven"), Change("added", "money", "proven")], DriftPolicy(), PROVEN
        ).ruling
        == "auto"
    )
    assert rule([], DriftPolicy(), PROVEN).ruling == "auto"


@pytest.mark.parametrize("column_class", ["key", "money", "personal"])
@pytest.mark.parametrize("kind", ["renamed", "type_changed", "format_changed"])
def test_keys_money_and_persons_are_never_changed_alone(column_class: str, kind: str) -> None:
    change = Change(kind, column_class, "proven")  # type: ignore[arg-type]
    assert rule([RENAMED, change], DriftPolicy(), PROVEN).ruling == "ask"


@pytest.mark.parametrize(
    ("known", "ruling"),
    [
        (Circumstances(verdict="unproven"), "ask"),
        (Circumstances(verdict="refuted"), "quarantine"),
        (Circumstances(verdict="refuted", choice=True), "ask"),
        (Circumstances(verdict="refuted", approved=True, choice=True), "quarantine"),
        (Circumstances(verdict="unlike"), "ask"),
        (Circumstances(verdict="unlike", settled=True), "ask"),
        (Circumstances(verdict="unlike", approved=True), "ask"),
        (Circumstances(verdict="proven", pinned=True), "ask"),
        (Circumstances(verdict="proven", readers=FEW_READERS), "auto"),
        (Circumstances(verdict="proven", readers=FEW_READERS + 1), "auto_after"),
        (Circumstances(verdict="unproven", approved=True), "auto"),
    ],
)
def test_circumstances_make_it_stricter(known: Circumstances, ruling: str) -> None:
    assert rule([RENAMED], DriftPolicy(), known).ruling == ruling


@pytest.mark.parametrize("word", ["auto", "auto_after", "quarantine"])
def test_what_a_model_proposes_is_never_published_unasked(word: str) -> None:
    policy = DriftPolicy(rulings={"plain": {"renamed": word}})  # type: ignore[dict-item]
    ruling = rule([RENAMED], policy, Circumstances(verdict="proven", settled=True, by_model=True)).ruling
    assert ruling == ("quarantine" if word == "quarantine" else "ask")
    # A refuted one is gone, also where others might be the right one: the rules have their turn.
    assert rule([RENAMED], policy, Circumstances(verdict="refuted", by_model=True, choice=True)).ruling == "quarantine"


def test_a_workflow_may_have_what_is_unlike_the_past_set_aside() -> None:
    policy, known = DriftPolicy(unlike="quarantine"), Circumstances(verdict="unlike")
    assert rule([RENAMED], policy, known).ruling == "quarantine"
    assert rule([Change("meaning_changed", "plain", "refuted")], policy, known).ruling == "refuse"


@pytest.mark.parametrize(
    ("mode", "failed", "expected"),
    [
        ("evolve", (), "proven"),
        ("evolve", ("distributions",), "unlike"),
        ("evolve", ("distributions", "nulls"), "refuted"),
        ("evolve", ("set_aside",), "refuted"),
        ("discard_row", ("set_aside",), "proven"),
        ("discard_row", ("set_aside", "distributions"), "unlike"),
        ("discard_row", ("lost",), "refuted"),
        ("discard_value", ("lost", "nulls"), "proven"),
        ("discard_value", ("set_aside",), "refuted"),
    ],
)
def test_distributions_alone_refute_nothing(mode: str, failed: tuple[str, ...], expected: str) -> None:
    checks = tuple(
        ProofCheck(name=name, passed=name not in failed, detail="")
        for name in ("contract", "keys", "books", "set_aside", "replay", "distributions", "nulls", "lost", "consumers")
    )
    proof = Proof(verdict="refuted" if failed else "proven", checks=checks, history=3)
    assert verdict(proof, mode) == expected
    if not failed:
        assert verdict(proof.model_copy(update={"history": 0}), mode) == "unproven"


def test_what_is_likely_is_asked_about_unless_a_person_settled_it() -> None:
    likely = Change("renamed", "plain", "plausible")
    assert rule([likely], DriftPolicy(), PROVEN).ruling == "ask"
    assert rule([likely], DriftPolicy(), Circumstances(verdict="proven", settled=True)).ruling == "auto"
    refuted = Change("meaning_changed", "plain", "refuted")
    assert rule([likely, refuted], DriftPolicy(), Circumstances(verdict="proven", settled=True)).ruling == "refuse"


def test_a_workflow_says_otherwise_for_proven_changes_alone() -> None:
    policy = DriftPolicy.model_validate(
        {"rulings": {"plain": {"renamed": "auto_after"}, "key": {"renamed": "auto"}, "money": {"renamed": "refuse"}}}
    )
    assert rule([RENAMED], policy, PROVEN).ruling == "auto_after"
    assert rule([Change("renamed", "key", "proven")], policy, PROVEN).ruling == "auto"
    assert rule([Change("renamed", "key", "plausible")], policy, PROVEN).ruling == "ask"
    assert rule([Change("renamed", "money", "proven")], policy, PROVEN).ruling == "refuse"


ORDER = ("auto", "auto_after", "ask", "quarantine", "refuse")
changes = st.builds(
    Change,
    st.sampled_from(["renamed", "added", "removed", "type_changed", "format_changed", "meaning_changed", "split"]),
    st.sampled_from(["key", "money", "personal", "plain"]),
    st.sampled_from(["proven", "plausible", "refuted"]),
)


@given(st.lists(changes, max_size=5), changes)
def test_one_more_change_never_makes_it_laxer_and_the_same_is_the_same(found: list[Change], more: Change) -> None:
    one, other = (rule(these, DriftPolicy(), PROVEN) for these in (found, [*found, more]))
    assert ORDER.index(one.ruling) <= ORDER.index(other.ruling)
    assert rule(list(reversed(found)), DriftPolicy(), PROVEN).ruling == one.ruling


def test_classes_come_from_keys_names_values_and_the_workflow() -> None:
    names = ("order_no", "unit_price", "e_mail", "contact", "colour", "fee_code")
    contract = Schema(columns=tuple(Column(name=name, type=LogicalType.STRING) for name in names))
    ref = ModuleVersionRef(module_id="m", name="m", version=1, content_hash="0")
    steps = (Rename(columns={"order_no": "id"}),)
    module = ResolvedModule(ref=ref, recipe=Recipe(steps=steps), input_contract=contract, output_contract=contract)
    seen = describe(names, [["1", "2", "x", f"a{n}@example.org", "red", "7"] for n in range(9)])
    found = classes_of(module, ("id",), DriftPolicy(plain=("fee_code",), personal=("colour",)), seen)
    assert (set(found.key), set(found.money)) == ({"order_no"}, {"unit_price"})
    assert found.personal == {"e_mail", "contact", "colour"}
