"""Proofs as documents: kept once, shown whole, made again by anyone with the same verdict, and another where it is."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError

from contracts.adaptation import Evidence, PastInput, Proposal
from contracts.commands.command import RunScope
from contracts.commands.schema_drift import FindProofInput, RecordReplayInput
from contracts.commands.transform import ProveInput, ProveResult
from contracts.differences import DifferenceRows
from contracts.permissions import Role
from contracts.workflow import ModuleDraft, ModuleVersionRef, ResolvedModule
from services.schema_drift.proving.activities import ProofActivities
from services.schema_drift.proving.judge import judge
from services.schema_drift.proving.store import store_proof
from tests.integration.composed import Composed
from tests.unit.transform.evaluating import frame, schema
from tests.unit.transform.replaying import Trial, recipe

OLD, NEW = schema(id="integer", name="string"), schema(id="integer", title="string")
RENAME = {"kind": "rename", "columns": {"title": "name"}}
WRONG = {"kind": "derive", "columns": [{"column": "name", "expression": "UPPER(name)"}]}
INVERSE = {"kind": "rename", "columns": {"name": "title"}}
BASE = ModuleVersionRef(module_id="m", name="clean-flights", version=3, content_hash="0" * 64)
ROWS = [(n, f"n{n}") for n in range(50)]


class Kept:
    """A proof in the database, with what it was made of."""

    def __init__(self, world: Composed, folder: Path, *prelude: dict[str, Any]) -> None:
        self.world = world
        trial = Trial(OLD, NEW, OLD, prelude=prelude, inverse=[INVERSE], keys=("id",))
        self.evidence = trial.evidence(folder, [("2026-01-01T00:00:00+00:00", ROWS)], ROWS)
        scope = RunScope(tenant=world.tenant, run_id=uuid4(), workflow_id=uuid4(), workflow="flights")
        draft = ModuleDraft(name="clean-flights", recipe=recipe(*prelude), input_contract=NEW, output_contract=OLD)
        self.proposal = Proposal(
            proposal_id=uuid4(),
            base=BASE,
            candidate=draft,
            prelude=recipe(*prelude),
            inverse=recipe(INVERSE),
            origin="built",
        )
        versions = [
            ResolvedModule(ref=BASE, recipe=made, input_contract=OLD, output_contract=OLD)
            for made in (recipe(), recipe(*prelude))
        ]
        self.asked = ProveInput(
            scope=scope,
            base=versions[0],
            candidate=versions[1],
            prelude=recipe(*prelude),
            inverse=recipe(INVERSE),
            past=(PastInput(run_id=uuid4(), dataset=self.evidence.replays[0].input, at="2026-01-01T00:00:00+00:00"),),
            incoming=self.evidence.incoming.input,
            keys=("id",),
        )
        self.report = uuid4()

    async def store(self, evidence: Evidence | None = None) -> UUID:
        held = evidence or self.evidence
        async with self.world.platforms["schema_drift"].database.work(self.world.tenant) as work:
            return await store_proof(
                work,
                self.asked,
                held,
                judge(held, contract=OLD, keys=("id",)),
                report_id=self.report,
                proposal=self.proposal,
                contract=OLD,
                keys=("id",),
                steps=("Rename title to name",),
                masked=("id",),
            )


async def test_a_proof_is_kept_once_and_made_again_with_the_same_verdict(world: Composed, tmp_path: Path) -> None:
    kept = Kept(world, tmp_path / "trial", RENAME)
    proof_id = await kept.store()
    assert await kept.store() == proof_id
    path = f"/api/drift/proofs/{proof_id}"
    shown = (await world.request("GET", path)).json()
    assert (shown["verdict"], shown["history"], shown["base_version"]) == ("proven", 1, 3)
    assert [check["name"] for check in shown["checks"] if check["passed"]] == [one["name"] for one in shown["checks"]]
    assert [(one["role"], one["rows"], one["sha256"]) for one in shown["inputs"]] == [
        ("past", 50, "past-0"),
        ("incoming", 50, "incoming"),
    ]
    assert (shown["steps"], shown["differences"], shown["replays"]) == (["Rename title to name"], [], [])

    asked = await world.request("POST", f"{path}:replay", role=Role.ANALYST)
    assert (asked.status_code, asked.json()["state"]) == (202, "running")
    again = await world.request("POST", f"{path}:replay")
    assert again.json()["id"] == asked.json()["id"], "the one under way answers for both"
    ((event, payload),) = await world.published("schema_drift")
    assert (event, payload["proof_id"], payload["workflow"]) == ("drift.replay_requested.v1", str(proof_id), "flights")

    activities = ProofActivities(world.platforms["schema_drift"].database)
    assert await activities.find_proof(FindProofInput(tenant=world.tenant, proof_id=proof_id)) == kept.asked
    result = ProveResult(replays=kept.evidence.replays, incoming=kept.evidence.incoming)
    said = RecordReplayInput(tenant=world.tenant, replay_id=UUID(asked.json()["id"]), result=result)
    await activities.record_replay(said)
    await activities.record_replay(said.model_copy(update={"result": None}))
    (replay,) = (await world.request("GET", path)).json()["replays"]
    assert (replay["state"], replay["verdict"], replay["same"]) == ("done", "proven", True)
    assert replay["checks"] == shown["checks"]

    other = (await world.request("POST", f"{path}:replay")).json()["id"]
    lost = kept.evidence.incoming.model_copy(update={"lost_values": {"title": 1}})
    changed = RecordReplayInput(
        tenant=world.tenant, replay_id=UUID(other), result=result.model_copy(update={"incoming": lost})
    )
    await activities.record_replay(changed)
    third = (await world.request("POST", f"{path}:replay")).json()["id"]
    await activities.record_replay(
        RecordReplayInput(tenant=world.tenant, replay_id=UUID(third), code="dataset_corrupt", message="It is gone.")
    )
    _, second, last = (await world.request("GET", path)).json()["replays"]
    assert (second["verdict"], second["same"]) == ("refuted", False)
    assert (last["state"], last["verdict"], last["message"]) == ("failed", None, "It is gone.")


async def test_rows_that_differ_are_shown_without_what_is_masked(world: Composed, tmp_path: Path) -> None:
    kept = Kept(world, tmp_path / "trial", RENAME, WRONG)
    columns = schema(changed="string", **{"left:id": "integer", "right:id": "integer", "left:name": "string"})
    with world.platforms["schema_drift"].storage.writer(world.tenant, columns) as writer:
        writer.write(frame(columns, [('["name"]', n, n, f"n{n}") for n in range(20)]))
        ref = writer.finish()
    (replay,) = kept.evidence.replays
    held = kept.evidence.model_copy(
        update={"replays": (replay.model_copy(update={"rows": DifferenceRows(changed=ref)}),)}
    )
    proof_id = await kept.store(held)
    shown = (await world.request("GET", f"/api/drift/proofs/{proof_id}")).json()
    assert shown["verdict"] == "refuted"
    (difference,) = shown["differences"]
    assert (difference["changed"], len(difference["samples"]["changed"])) == (50, 5)
    assert difference["samples"]["changed"][1] == {
        "changed": '["name"]',
        "left:id": "•••",
        "right:id": "•••",
        "left:name": "n1",
    }


async def test_proofs_are_those_of_a_workspace(world: Composed, tmp_path: Path) -> None:
    proof_id = await Kept(world, tmp_path / "trial", RENAME).store()
    for method, path in (("GET", f"/api/drift/proofs/{proof_id}"), ("POST", f"/api/drift/proofs/{proof_id}:replay")):
        assert (await world.request(method, path, tenant=uuid4())).status_code == 404
    activities = ProofActivities(world.platforms["schema_drift"].database)
    with pytest.raises(ApplicationError, match="no proof"):
        await activities.find_proof(FindProofInput(tenant=uuid4(), proof_id=proof_id))
    with pytest.raises(Exception, match="permission denied"):
        async with world.platforms["schema_drift"].database.work(world.tenant) as work:
            await work.connection.exec_driver_sql("UPDATE drift_proofs SET verdict = 'refuted'")
