"""Drift that heals, on a real database: found by values, proposed, judged, asked about once, remembered, released."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pytest

from contracts.adaptation import Judged, PastInput, Proposal
from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup
from contracts.commands.schema_drift import (
    CloseReviewInput,
    JudgeInput,
    QuarantineFileInput,
    RecordAdaptationInput,
    SettleInput,
    SettleResult,
)
from contracts.commands.transform import ProveInput
from contracts.data import Column, DatasetRef, FormatFacts, LogicalType, ObjectVersion, Schema
from contracts.envelope import Envelope
from contracts.events.modules import ModuleRolledBack, ModuleVersionPublished
from contracts.permissions import Role
from contracts.workflow import DriftPolicy, ModuleVersionRef, ResolvedModule
from deploy.local.state import State
from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.passes import Passes
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.consumers import handlers
from services.schema_drift.service.expiring import Expiry
from services.schema_drift.service.reviewing import Undecided
from services.schema_drift.service.samples import Samples
from services.schema_drift.service.settling import Settling
from tests.integration.composed import PASSWORDS, Composed, composed
from tests.unit.schema_drift.changing import CONTRACT, DECIMALS, MODULE_ID, OUTPUT, Change, module, text, typed
from tests.unit.transform.replaying import Trial

FACTS = FormatFacts(format="csv", encoding="utf-8", delimiter=",", quote='"', header=True)
WORKFLOW = uuid4()


@pytest.fixture
async def world(servers: State, admin_url: str, tmp_path: Path) -> AsyncIterator[Composed]:
    async with composed(["schema_drift"], tmp_path, servers, admin_url) as made:
        yield made


@pytest.fixture
def activities(world: Composed) -> SchemaDriftActivities:
    platform = world.platforms["schema_drift"]
    return SchemaDriftActivities(platform.database, Settling(platform.database, Samples(platform.storage)))


def scope(world: Composed, workflow: UUID = WORKFLOW) -> RunScope:
    return RunScope(tenant=world.tenant, run_id=uuid4(), workflow_id=workflow, workflow="flights")


def pulled(world: Composed, change: Change, month: int, size: int = 80) -> PulledGroup:
    """A group as a pull gives it, with its first rows as they were written."""
    storage = world.platforms["schema_drift"].storage
    schemas = [
        Schema(columns=tuple(Column(name=n, type=LogicalType(k)) for n, k in zip(change.names, kinds, strict=True)))
        for kinds in (change.types, ["string"] * len(change.names))
    ]
    written = [[cell or None for cell in change.write(row)] for row in typed(month, size)]
    with storage.writer(world.tenant, schemas[1]) as writer:
        writer.write(pl.DataFrame(written, schema=dict.fromkeys(change.names, pl.String()), orient="row"))
        sample = writer.finish()
    digest = f"{month:02}{schemas[0].fingerprint}"
    dataset = DatasetRef(
        id=digest, uri=f"dataset://{world.tenant}/{digest}", table_schema=schemas[0],
        fingerprint=schemas[0].fingerprint, content_hash=digest, rows=size, bytes=100,
    )  # fmt: skip
    return PulledGroup(dataset=dataset, facts=FACTS, sample=sample)


def settled(
    run: RunScope, group: PulledGroup, base: ResolvedModule | None = None, keys: tuple[str, ...] = (), **policy: Any
) -> SettleInput:
    base = base or module()
    return SettleInput(
        scope=run, stream="main", group=group, module=base.ref, contract=base.input_contract, base=base,
        policy=DriftPolicy(**policy), keys=keys,
    )  # fmt: skip


def judged(run: RunScope, answer: SettleResult, folder: Path, change: Change, **more: Any) -> JudgeInput:
    """What the run asks when the proposal was tried on past inputs and on what came."""
    proposal = answer.proposal if more.get("proposal") is None else more.pop("proposal")
    assert isinstance(proposal, Proposal)
    assert answer.report_id is not None
    needed = proposal.candidate.input_contract.names
    trial = Trial(
        old=CONTRACT, new=proposal.candidate.input_contract, output=OUTPUT,
        steps=[step.model_dump(mode="json") for step in module().recipe.steps],
        prelude=[step.model_dump(mode="json") for step in proposal.prelude.steps],
        inverse=[step.model_dump(mode="json") for step in proposal.inverse.steps],
    )  # fmt: skip
    places = [change.names.index(name) for name in needed]
    rows = [[change.read(row)[place] for place in places] for row in typed(2)]
    evidence = trial.evidence(folder, [(f"2013-0{month}-01T00:00:00+00:00", typed(month)) for month in (1, 3)], rows)
    base = module()
    asked = ProveInput(
        scope=run, base=base, candidate=base, prelude=proposal.prelude, inverse=proposal.inverse,
        past=(PastInput(run_id=uuid4(), dataset=evidence.replays[0].input, at="2013-01-01T00:00:00+00:00"),),
        incoming=evidence.incoming.input,
    )  # fmt: skip
    return JudgeInput(
        scope=run, stream="main", report_id=answer.report_id, proposal=proposal, asked=asked, evidence=evidence,
        policy=more.pop("policy", DriftPolicy()), **more,
    )  # fmt: skip


def published(answer: SettleResult, version: int = 4, proposal: Proposal | None = None) -> ModuleVersionRef:
    return ModuleVersionRef(module_id=MODULE_ID, name="clean", version=version, content_hash=f"{version:064}")


async def heard(world: Composed, event: Any) -> None:
    """The event as the consumer gives it to its handler."""
    name = {ModuleVersionPublished: "module.version_published.v1", ModuleRolledBack: "module.rolled_back.v1"}[
        type(event)
    ]
    handler = handlers().of(name)
    assert handler is not None
    assert handler.one is not None
    envelope = Envelope(
        id=uuid4(), source="/services/module_registry", type=name, subject=MODULE_ID, time=SystemClock().now(),
        tenant=world.tenant,
    )  # fmt: skip
    async with world.platforms["schema_drift"].database.work(world.tenant) as work:
        await handler.one(work, event, envelope)


def version(number: int, contract: Schema) -> ModuleVersionPublished:
    return ModuleVersionPublished(
        module_id=UUID(MODULE_ID), name="clean", version=number, content_hash=f"{number:064}",
        input_fingerprint=contract.fingerprint, output_fingerprint=OUTPUT.fingerprint, current=number == 3,
        input_contract=contract, output_contract=OUTPUT,
    )  # fmt: skip


async def test_a_change_is_adapted_to_once_and_known_ever_after(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    await heard(world, version(3, CONTRACT))
    january = settled(scope(world), pulled(world, Change(), 1))
    assert await activities.settle(january) == SettleResult(decision="proceed")
    run = scope(world)
    asked = settled(run, pulled(world, DECIMALS, 2))
    answers = await asyncio.gather(*(activities.settle(asked) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    answer = answers[0]
    assert answer.proposal is not None
    assert [step.kind for step in answer.proposal.prelude.steps] == ["rename", "cast"]
    assert (answer.decision, answer.proposal.origin) == ("quarantine", "built")

    question = judged(run, answer, tmp_path / "trial", DECIMALS)
    first = await activities.judge(question)
    assert (first.ruling, first.review_id) == ("auto", None), first
    assert await activities.judge(question) == first
    shown = (await world.request("GET", f"/api/drift/proofs/{first.proof_id}")).json()
    assert (shown["verdict"], shown["steps"][0][:7]) == ("proven", "Rename ")

    assert answer.report_id is not None
    done = RecordAdaptationInput(
        scope=run, stream="main", report_id=answer.report_id, proposal_id=answer.proposal.proposal_id,
        proof_id=first.proof_id, published=published(answer),
    )  # fmt: skip
    for _ in range(2):
        await activities.record_adaptation(done)
    names = [name for name, _ in await world.published("schema_drift")]
    assert names == ["drift.detected.v2", "drift.adapted.v1"]

    # The next file of the new shape is taken by the version that was made; one of the old shape by the base.
    following = await activities.settle(settled(scope(world), pulled(world, DECIMALS, 4)))
    assert (following.decision, following.version, following.proposal) == ("proceed", published(answer), None)
    back = settled(scope(world), pulled(world, Change(), 5), _as_base(answer.proposal, published(answer)))
    old = await activities.settle(back)
    assert (old.decision, old.version and old.version.version) == ("proceed", 3)
    # On another feed the same change is offered again, and its version is known at once.
    elsewhere = await activities.settle(settled(scope(world, uuid4()), pulled(world, DECIMALS, 2)))
    assert elsewhere.version == published(answer)
    # Once it is withdrawn, the change is still known, and has to be proven anew.
    await heard(world, _rolled_back(4, 3))
    again = await activities.settle(settled(scope(world), pulled(world, DECIMALS, 6)))
    assert again.proposal is not None
    assert (again.proposal.origin, again.proposal.mapping) == ("remembered", answer.proposal.mapping)


def _as_base(proposal: Proposal, ref: ModuleVersionRef) -> ResolvedModule:
    return ResolvedModule(
        ref=ref, recipe=proposal.candidate.recipe, input_contract=proposal.candidate.input_contract,
        output_contract=OUTPUT,
    )  # fmt: skip


def _rolled_back(withdrawn: int, current: int) -> ModuleRolledBack:
    return ModuleRolledBack(
        module_id=UUID(MODULE_ID), name="clean", withdrawn=withdrawn, current=current, reason="", decided_by=uuid4()
    )


async def opened(
    world: Composed, activities: SchemaDriftActivities, folder: Path, **policy: Any
) -> tuple[SettleResult, Judged, JudgeInput]:
    """A review of a change that touches a key."""
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    run = scope(world)
    answer = await activities.settle(settled(run, pulled(world, DECIMALS, 2), keys=("flight",), **policy))
    question = judged(run, answer, folder, DECIMALS, policy=DriftPolicy(**policy))
    return answer, await activities.judge(question), question


async def test_a_key_is_asked_about_and_decided_once(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    answer, asked, question = await opened(world, activities, tmp_path / "trial")
    assert (asked.ruling, await activities.judge(question)) == ("ask", asked)
    assert 259_000 < asked.wait_seconds <= 259_200
    path = f"/api/drift/reviews/{asked.review_id}"
    (listed,) = (await world.request("GET", "/api/drift/reviews?state=open&workflow=flights")).json()["items"]
    assert (listed["id"], listed["state"], listed["veto"]) == (str(asked.review_id), "open", False)
    shown = (await world.request("GET", path)).json()
    assert shown["proof"]["verdict"] == "proven"
    assert shown["proposal"]["mapping"] == {"dep_delay": "departure_delay", "day": "DAY"}
    assert shown["proposal"]["steps"][0] == "Rename departure_delay to dep_delay, DAY to day"
    flight = next(one for one in shown["columns"] if one["old"] == "flight")
    assert (flight["old_values"][0], flight["new_values"][0]) == ("1000", "2000.0")
    assert (shown["decision"], shown["report_id"]) == (None, str(answer.report_id))
    assert asked.review_id is not None
    close = CloseReviewInput(scope=question.scope, review_id=asked.review_id)
    with pytest.raises(Undecided):
        await activities.close_review(close)

    assert (await world.request("POST", f"{path}:approve", role=Role.ANALYST, json={})).status_code == 403
    done = await world.request("POST", f"{path}:approve", json={"reason": "they told us"})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert (await world.request("POST", f"{path}:approve", json={"reason": "they told us"})).status_code == 200
    for action, body in (("reject", {}), ("approve", {"reason": "another"}), ("edit", {"mapping": {"day": None}})):
        refused = await world.request("POST", f"{path}:{action}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "decided")
    ended = await activities.close_review(close)
    assert (ended.outcome, ended.reason, ended.proposal) == ("approved", "they told us", None)
    assert await activities.close_review(close.model_copy(update={"timed_out": True})) == ended
    events = await world.published("schema_drift")
    assert [name for name, _ in events] == ["drift.detected.v2", "drift.review_opened.v1", "drift.review_decided.v1"]
    assert events[1][1]["expires_at"].endswith("Z")
    other = await world.request("GET", path, tenant=uuid4())
    assert other.status_code == 404


async def test_an_edit_is_a_proposal_that_a_person_stands_behind(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    answer, asked, question = await opened(world, activities, tmp_path / "trial")
    path = f"/api/drift/reviews/{asked.review_id}"
    for mapping in ({"nobody": "flight"}, {"day": "nothing"}, {"day": "flight"}):
        refused = await world.request("POST", f"{path}:edit", json={"mapping": mapping})
        assert refused.status_code == 422, refused.text
    edited = await world.request("POST", f"{path}:edit", json={"mapping": {"dep_delay": "departure_delay"}})
    assert edited.json()["state"] == "edited"
    assert asked.review_id is not None
    ended = await activities.close_review(CloseReviewInput(scope=question.scope, review_id=asked.review_id))
    assert ended.proposal is not None
    assert (ended.outcome, ended.proposal.origin) == ("edited", "person")
    again = judged(
        question.scope, answer, tmp_path / "again", DECIMALS, proposal=ended.proposal, approved_in=asked.review_id
    )
    assert (await activities.judge(again)).ruling == "auto"


@pytest.mark.parametrize(("silence", "outcome"), [("ask", "expired"), ("auto_after", "approved")])
async def test_silence_is_no_for_a_question_and_yes_for_a_veto(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path, silence: str, outcome: str
) -> None:
    policy = {"rulings": {"key": {"type_changed": silence}}, "wait_seconds": 1, "veto_seconds": 1}
    _, asked, question = await opened(world, activities, tmp_path / "trial", **policy)
    assert (asked.ruling, asked.review_id is None) == (silence, False)
    await asyncio.sleep(asked.wait_seconds)
    assert asked.review_id is not None
    close = CloseReviewInput(scope=question.scope, review_id=asked.review_id, timed_out=True)
    ended = await activities.close_review(close)
    assert (ended.outcome, ended.decided_by) == (outcome, None)
    late = await world.request("POST", f"/api/drift/reviews/{asked.review_id}:reject", json={})
    assert late.status_code == 409


async def test_a_link_shows_and_only_a_post_decides(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    _, asked, _ = await opened(world, activities, tmp_path / "trial")
    assert asked.review_id is not None
    platform = world.platforms["schema_drift"]
    expires = datetime.fromisoformat((await _review(world, asked.review_id))["expires_at"])
    token = Passes(platform.sealer, "drift-review").issue(world.tenant, asked.review_id, expires)
    link = f"/drift/reviews/{asked.review_id}/{token}"
    for _ in range(3):
        page = await world.http.get(link)
        assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "<script" not in page.text
    assert "departure_delay" in page.text
    assert (await _review(world, asked.review_id))["state"] == "open"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    wrong: list[Callable[[], str]] = [
        lambda: link[:-1] + ("A" if link[-1] != "A" else "B"),
        lambda: f"/drift/reviews/{uuid4()}/{token}",
        lambda: f"/drift/reviews/{asked.review_id}/x",
        lambda: "/drift/reviews/{}/{}".format(
            asked.review_id,
            Passes(platform.sealer, "drift-review").issue(
                world.tenant, asked.review_id or uuid4(), expires - timedelta(days=4)
            ),
        ),
    ]
    bodies = set()
    for made in wrong:
        for answer in (
            await world.http.get(made()),
            await world.http.post(made(), content="decision=approve", headers=form),
        ):
            assert answer.status_code == 404
            bodies.add(re.sub(r'"instance":"[^"]*"', "", answer.text))
    assert len(bodies) == 1
    for content in ("decision=maybe", "decision=approve&decision=reject", "x=1", "decision=approve&reason=%ff"):
        assert (await world.http.post(link, content=content, headers=form)).status_code == 400
    foreign = await world.http.post(link, content="decision=approve", headers=form | {"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert (await _review(world, asked.review_id))["state"] == "open"

    decided = await world.http.post(
        link, content="decision=reject&reason=%3Cb%3Eno%3C%2Fb%3E", headers=form | {"Origin": "http://test"}
    )
    assert decided.status_code == 200
    assert "&lt;b&gt;no&lt;/b&gt;" in decided.text
    again = await world.http.post(link, content="decision=approve", headers=form)
    assert (again.status_code, "rejected already" in again.text) == (409, True)
    review = await _review(world, asked.review_id)
    assert (review["state"], review["decision"]["via"], review["decision"]["by"]) == ("rejected", "link", None)


async def _review(world: Composed, review_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await world.request("GET", f"/api/drift/reviews/{review_id}")).json()
    return found


async def test_what_means_something_else_is_refused_though_names_and_types_fit(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    turned = Change(write=lambda row: [text(value) for value in [*row[:4], not row[4]]])
    answer = await activities.settle(settled(scope(world), pulled(world, turned, 2)))
    assert (answer.decision, answer.proposal) == ("quarantine", None)
    assert "means something else" in answer.summary
    stopped = await activities.settle(settled(scope(world), pulled(world, turned, 2), mode="freeze"))
    assert stopped.decision == "fail"
    # What was refused was not accepted: the next one is compared with the last good one.
    good = await activities.settle(settled(scope(world), pulled(world, Change(), 3)))
    assert (good.decision, good.report_id) == ("proceed", None)


async def test_what_a_new_version_takes_is_released_by_itself_once_and_in_order(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    await heard(world, version(3, CONTRACT))
    gone = Change(
        names=("flight", "carrier", "dep_delay", "late"), types=("integer", "string", "float", "boolean"),
        write=lambda row: [text(value) for value in [*row[:3], row[4]]],
    )  # fmt: skip
    await activities.settle(settled(scope(world), pulled(world, Change(), 1)))
    entries = []
    for month in (2, 3):
        run = scope(world)
        answer = await activities.settle(settled(run, pulled(world, gone, month)))
        assert (answer.decision, answer.proposal) == ("quarantine", None)
        uri = world.platforms["schema_drift"].storage.put_blob(world.tenant, b"x", "f.csv")
        item = ObjectVersion(bucket="landing", key=f"{month}.csv", etag="e", size=1)
        made = await activities.quarantine_file(
            QuarantineFileInput(
                scope=run, stream="main", object=item, preserved_uri=uri, reason="drift", summary=answer.summary,
                advice=answer.advice, report_id=answer.report_id,
            )
        )  # fmt: skip
        entries.append(made.entry_id)
    await heard(world, version(4, Schema(columns=(Column(name="other", type=LogicalType.DATE),))))
    assert await _states(world, entries) == ["open", "open"]
    without_day = Schema(columns=tuple(column for column in CONTRACT.columns if column.name != "day"))
    for _ in range(2):
        await heard(world, version(5, without_day))
    assert await _states(world, entries) == ["released", "released"]
    released = [event for name, event in await world.published("schema_drift") if name == "quarantine.released.v1"]
    assert [event["entry_id"] for event in released] == [str(entry) for entry in entries]
    assert {event["released_by"] for event in released} == {str(UUID(int=0))}


async def _states(world: Composed, entries: list[UUID]) -> list[str]:
    return [(await world.request("GET", f"/api/quarantine/{entry}")).json()["state"] for entry in entries]


async def test_what_nobody_decides_about_ends(
    world: Composed, activities: SchemaDriftActivities, tmp_path: Path
) -> None:
    _, asked, question = await opened(world, activities, tmp_path / "trial", wait_seconds=1)
    uri = world.platforms["schema_drift"].storage.put_blob(world.tenant, b"x", "f.csv")
    item = ObjectVersion(bucket="landing", key="a.csv", etag="e", size=1)
    made = await activities.quarantine_file(
        QuarantineFileInput(
            scope=question.scope, stream="main", object=item, preserved_uri=uri, reason="drift", summary="", advice=""
        )
    )
    expiry = Expiry(world.platforms["schema_drift"].database, timedelta(days=90))
    assert await expiry.sweep() == 0
    later = Database("schema_drift", world.foundation.settings.database_url, PASSWORDS["schema_drift"], clock=Later())
    try:
        assert await Expiry(later, timedelta(days=90)).sweep() == 1
        assert await Expiry(later, timedelta(days=90)).sweep() == 0
    finally:
        await later.close()
    entry = (await world.request("GET", f"/api/quarantine/{made.entry_id}")).json()
    assert (entry["state"], entry["close_reason"]) == ("rejected", "nobody decided for 90 days")
    assert asked.review_id is not None
    assert (await _review(world, asked.review_id))["decision"]["via"] == "silence"


class Later:
    """A clock that is a hundred days ahead."""

    def now(self) -> datetime:
        """The time in a hundred days."""
        return SystemClock().now() + timedelta(days=100)
