"""schema_drift on a real database: decisions are made once, entries go through their states, tenants stay apart."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pytest

from contracts.commands.command import RunScope
from contracts.commands.connector import PulledGroup, QuarantinedRows
from contracts.commands.schema_drift import (
    QuarantineFileInput,
    QuarantineRowsInput,
    SettleEntryInput,
    SettleInput,
    SettleResult,
)
from contracts.data import Column, DatasetRef, FormatFacts, LogicalType, ObjectVersion, Schema
from contracts.permissions import Role
from contracts.workflow import DriftPolicy, ModuleVersionRef
from services.chassis.storage import Storage
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.api import router
from services.schema_drift.service.content import QuarantineContent
from services.schema_drift.settings import SchemaDriftSettings
from tests.integration.composed import Composed, client_of

FACTS = FormatFacts(format="csv", encoding="utf-8", delimiter=",", quote='"', header=True)
MODULE = ModuleVersionRef(module_id=str(uuid4()), name="clean-flights", version=1, content_hash="0" * 64)


def schema(**columns: str) -> Schema:
    return Schema(columns=tuple(Column(name=name, type=LogicalType(kind)) for name, kind in columns.items()))


CONTRACT = schema(year="integer", dep_delay="float", carrier="string")
RENAMED = schema(year="integer", departure_delay="float", carrier="string")


def scope(world: Composed, tenant: UUID | None = None) -> RunScope:
    return RunScope(tenant=tenant or world.tenant, run_id=uuid4(), workflow_id=uuid4(), workflow="flights")


def dataset(incoming: Schema, rows: int = 3) -> DatasetRef:
    digest = hashlib.sha256(incoming.fingerprint.encode()).hexdigest()
    return DatasetRef(
        id=digest,
        uri=f"dataset://{uuid4()}/{digest}",
        table_schema=incoming,
        fingerprint=incoming.fingerprint,
        content_hash=digest,
        rows=rows,
        bytes=100,
    )


def settle_input(
    run: RunScope,
    incoming: Schema,
    *,
    mode: Any = "warn",
    facts: FormatFacts = FACTS,
    contract: Schema | None = CONTRACT,
) -> SettleInput:
    return SettleInput(
        scope=run,
        stream="main",
        group=PulledGroup(dataset=dataset(incoming), facts=facts),
        module=MODULE if contract else None,
        contract=contract,
        policy=DriftPolicy(mode=mode),
    )


def item(key: str = "flights/2013-03.csv") -> ObjectVersion:
    return ObjectVersion(bucket="landing", key=key, etag="e1", size=10)


async def test_no_difference_leaves_no_report(world: Composed, activities: SchemaDriftActivities) -> None:
    assert await activities.settle(settle_input(scope(world), CONTRACT)) == SettleResult(decision="proceed")
    assert await activities.settle(settle_input(scope(world), RENAMED, contract=None)) == SettleResult(
        decision="proceed"
    )
    assert await world.published("schema_drift") == []
    assert (await world.request("GET", "/api/drift-reports")).json() == {"items": [], "next_cursor": None}


async def test_a_decision_is_made_once_however_often_it_is_asked_for(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    run = scope(world)
    answers = await asyncio.gather(*(activities.settle(settle_input(run, RENAMED)) for _ in range(8)))
    assert len({answer.report_id for answer in answers}) == 1
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].decision == "quarantine"
    # Also later, under another policy by mistake: what was decided was decided.
    assert await activities.settle(settle_input(run, RENAMED, mode="strict")) == answers[0]

    events = await world.published("schema_drift")
    assert [name for name, _ in events] == ["drift.detected.v2"]
    assert events[0][1]["report_id"] == str(answers[0].report_id)
    assert events[0][1]["changes"][0] | {"confidence": None} == {
        "kind": "renamed",
        "column": "dep_delay",
        "became": "departure_delay",
        "detail": "name 0.96, type fits",
        "confidence": None,
    }

    listed = (await world.request("GET", "/api/drift-reports?workflow=flights")).json()["items"]
    assert [report["id"] for report in listed] == [str(answers[0].report_id)]
    shown = (await world.request("GET", f"/api/drift-reports/{answers[0].report_id}")).json()
    assert shown["changes"][0]["evidence"] == {"name": 0.96, "type": 1.0, "score": 0.89}
    assert shown["incoming"]["columns"][1]["name"] == "departure_delay"
    assert shown["contract"]["columns"][1]["name"] == "dep_delay"


async def test_another_form_of_the_file_is_found_by_the_next_run(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    first = scope(world)
    other = FACTS.model_copy(update={"delimiter": ";"})
    await activities.settle(settle_input(first, CONTRACT))
    second = first.model_copy(update={"run_id": uuid4()})
    refused = await activities.settle(settle_input(second, CONTRACT, mode="strict", facts=other))
    assert (refused.decision, "delimiter" in refused.summary) == ("quarantine", True)
    # What was refused was not accepted: the next run finds it, too. There it is accepted, and no difference any more.
    third = first.model_copy(update={"run_id": uuid4()})
    went = await activities.settle(settle_input(third, CONTRACT, facts=other))
    assert (went.decision, went.summary[:24]) == ("proceed", "The file's delimiter was")
    assert await activities.settle(settle_input(third, CONTRACT, facts=other)) == went
    fourth = first.model_copy(update={"run_id": uuid4()})
    assert (await activities.settle(settle_input(fourth, CONTRACT, mode="strict", facts=other))).summary == ""


async def test_names_that_postgresql_would_refuse_in_a_document_are_stored(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    hostile = Schema(columns=(Column(name='a\x00"; DROP TABLE x;--', type=LogicalType.DATE),))
    answer = await activities.settle(settle_input(scope(world), hostile))
    shown = (await world.request("GET", f"/api/drift-reports/{answer.report_id}")).json()
    assert shown["incoming"]["columns"][0]["name"] == 'a\x00"; DROP TABLE x;--'


async def quarantine(world: Composed, activities: SchemaDriftActivities, content: bytes = b"year\n1\n") -> UUID:
    run = scope(world)
    settled = await activities.settle(settle_input(run, RENAMED))
    uri = world.platforms["schema_drift"].storage.put_blob(world.tenant, content, "2013-03.csv")
    made = [
        await activities.quarantine_file(
            QuarantineFileInput(
                scope=run,
                stream="main",
                object=item(),
                preserved_uri=uri,
                reason="drift",
                summary=settled.summary,
                advice=settled.advice,
                rows=3,
                report_id=settled.report_id,
            )
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    return made[0].entry_id


async def test_a_file_is_set_aside_once_corrected_released_and_settled(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    entry = await quarantine(world, activities)
    shown = (await world.request("GET", f"/api/quarantine/{entry}")).json()
    assert shown["state"] == "open"
    assert shown["object"] == "landing/flights/2013-03.csv"
    assert f"`modulardata quarantine release {entry} --with FILE`" in shown["advice"]
    assert "preserved_uri" not in shown

    content = await world.request("GET", f"/api/quarantine/{entry}/content")
    assert content.content == b"year\n1\n"
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["x-content-type-options"] == "nosniff"
    assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''2013-03.csv"

    corrected = await world.request(
        "PUT",
        f"/api/quarantine/{entry}/content",
        content=b"year\n2\n",
        headers={"Content-Type": "application/octet-stream"},
    )
    assert (corrected.status_code, corrected.json()["corrected"], corrected.json()["corrected_bytes"]) == (200, True, 7)
    assert (await world.request("GET", f"/api/quarantine/{entry}/content")).content == b"year\n1\n"

    released = await world.request("POST", f"/api/quarantine/{entry}:release", json={})
    assert (released.status_code, released.json()["state"]) == (200, "released")
    for again in (
        await world.request("POST", f"/api/quarantine/{entry}:release", json={}),
        await world.request("POST", f"/api/quarantine/{entry}:reject", json={"reason": "no"}),
        await world.request(
            "PUT",
            f"/api/quarantine/{entry}/content",
            content=b"x",
            headers={"Content-Type": "application/octet-stream"},
        ),
    ):
        assert (again.status_code, again.json()["code"]) == (409, "not_open")

    events = await world.published("schema_drift")
    assert [name for name, _ in events] == ["drift.detected.v2", "quarantine.opened.v1", "quarantine.released.v1"]
    assert events[1][1]["entry_id"] == str(entry)
    assert events[2][1]["corrected"] is True
    target = Path(str(world.foundation.settings.storage).removeprefix("file://")).parent / "released"
    world.platforms["schema_drift"].storage.get_blob(events[2][1]["preserved_uri"], target)
    assert target.read_bytes() == b"year\n2\n"

    run = scope(world)
    # A run that failed gives the file back; one that loaded it closes the entry, for good.
    for outcome, state in (("failed", "open"), ("loaded", "loaded"), ("failed", "loaded"), ("quarantined", "loaded")):
        if state == "loaded" and outcome == "loaded":
            assert (await world.request("POST", f"/api/quarantine/{entry}:release", json={})).status_code == 200
        await activities.settle_entry(SettleEntryInput(scope=run, entry_id=entry, outcome=outcome))
        assert (await world.request("GET", f"/api/quarantine/{entry}")).json()["state"] == state


async def test_a_released_file_that_is_set_aside_again_gives_way_to_the_new_entry(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    entry = await quarantine(world, activities)
    await world.request("POST", f"/api/quarantine/{entry}:release", json={})
    await activities.settle_entry(SettleEntryInput(scope=scope(world), entry_id=entry, outcome="quarantined"))
    assert (await world.request("GET", f"/api/quarantine/{entry}")).json()["state"] == "superseded"


async def test_a_rejected_file_stays_out(world: Composed, activities: SchemaDriftActivities) -> None:
    entry = await quarantine(world, activities)
    rejected = await world.request("POST", f"/api/quarantine/{entry}:reject", json={"reason": "a test file"})
    assert (rejected.json()["state"], rejected.json()["close_reason"]) == ("rejected", "a test file")
    assert (await world.request("POST", f"/api/quarantine/{entry}:release", json={})).status_code == 409
    assert (await world.published("schema_drift"))[-1][0] == "quarantine.rejected.v1"
    listed = (await world.request("GET", "/api/quarantine?state=open")).json()["items"]
    assert listed == []


async def test_the_same_release_twice_with_one_key_is_one_release(
    world: Composed, activities: SchemaDriftActivities
) -> None:
    entry = await quarantine(world, activities)
    path, key = f"/api/quarantine/{entry}:release", {"Idempotency-Key": "release-1"}
    answers = [await world.request("POST", path, json={}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert (await world.request("POST", path, json={})).status_code == 409
    assert [name for name, _ in await world.published("schema_drift")].count("quarantine.released.v1") == 1


@pytest.mark.parametrize(
    ("size", "kind", "status"),
    [(0, "application/octet-stream", 422), (101, "application/octet-stream", 413), (10, "application/json", 415)],
)
async def test_a_corrected_file_has_its_limits(
    world: Composed, activities: SchemaDriftActivities, size: int, kind: str, status: int
) -> None:
    entry = await quarantine(world, activities)
    platform = world.platforms["schema_drift"]
    content = QuarantineContent(platform.database, platform.storage)
    small = router(content, SchemaDriftSettings(corrected_limit=100), platform.http)
    async with client_of(world.foundation, small) as client:
        headers = world.headers() | {"Content-Type": kind}
        answer = await client.put(f"/api/quarantine/{entry}/content", content=b"x" * size, headers=headers)
    assert answer.status_code == status
    assert (await world.request("GET", f"/api/quarantine/{entry}")).json()["corrected"] is False


def rows_dataset(storage: Storage, tenant: UUID, count: int) -> DatasetRef:
    frame = pl.DataFrame(
        {
            "row": [2**53 + n for n in range(count)],
            "reason": ["cast_failed"] * count,
            "value": [float("nan")] * count,
            "raw": [b"\xff<script>"] * count,
        }
    )
    described = schema(row="integer", reason="string", value="float", raw="binary")
    with storage.writer(tenant, described, part_rows=40) as writer:
        writer.write(frame)
        return writer.finish()


async def test_rows_are_set_aside_and_read_page_by_page(world: Composed, activities: SchemaDriftActivities) -> None:
    ref = rows_dataset(world.platforms["schema_drift"].storage, world.tenant, 100)
    input = QuarantineRowsInput(
        scope=scope(world),
        stream="main",
        rows=QuarantinedRows(
            dataset=ref, reason="cast_failed", object="landing/a.csv", sample="row 7, column dep_delay"
        ),
    )
    entry = (await activities.quarantine_rows(input)).entry_id
    assert (await activities.quarantine_rows(input)).entry_id == entry
    shown = (await world.request("GET", f"/api/quarantine/{entry}")).json()
    assert (shown["what"], shown["rows"]) == ("rows", 100)
    assert shown["summary"] == "100 rows of landing/a.csv set aside: cast failed; the first: row 7, column dep_delay."

    found, cursor, pages = [], "", 0
    while True:
        page = (await world.request("GET", f"/api/quarantine/{entry}/rows?limit=30{cursor}")).json()
        found += page["items"]
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == 4
    assert [row["row"] for row in found] == [2**53] + [str(2**53 + n) for n in range(1, 100)]
    assert (found[0]["value"], found[0]["raw"]) == ("nan", "/zxzY3JpcHQ+")
    assert page["columns"][0] == {"name": "row", "type": "integer"}

    assert (await world.request("GET", f"/api/quarantine/{entry}/content")).status_code == 409
    assert (await world.request("POST", f"/api/quarantine/{entry}:release", json={})).json()["code"] == (
        "rows_not_releasable"
    )
    assert (await world.request("GET", f"/api/quarantine/{entry}/rows?cursor=bm8")).status_code == 422


async def test_another_workspace_sees_nothing_of_it(world: Composed, activities: SchemaDriftActivities) -> None:
    entry = await quarantine(world, activities)
    report = (await world.request("GET", "/api/drift-reports")).json()["items"][0]["id"]
    stranger, unknown = uuid4(), uuid4()
    for path in (
        "/api/quarantine/{}",
        "/api/quarantine/{}/content",
        "/api/quarantine/{}/rows",
        "/api/drift-reports/{}",
    ):
        known = await world.request("GET", path.format(report if "report" in path else entry), tenant=stranger)
        other = await world.request("GET", path.format(unknown), tenant=stranger)
        assert (known.status_code, known.content) == (404, other.content)
    for name, body in (("release", {}), ("reject", {"reason": ""})):
        answer = await world.request("POST", f"/api/quarantine/{entry}:{name}", json=body, tenant=stranger)
        assert answer.status_code == 404
    put = await world.request(
        "PUT",
        f"/api/quarantine/{entry}/content",
        tenant=stranger,
        content=b"x",
        headers={"Content-Type": "application/octet-stream"},
    )
    assert put.status_code == 404
    assert (await world.request("GET", "/api/quarantine", tenant=stranger)).json()["items"] == []
    # A positive control: the owner still has it, open and untouched.
    assert (await world.request("GET", f"/api/quarantine/{entry}")).json()["state"] == "open"
    # And an address of another workspace is not followed, whoever put it there.
    await world.sql("UPDATE schema_drift.quarantine_entries SET tenant = $1 WHERE id = $2", stranger, entry)
    answer = await world.request("GET", f"/api/quarantine/{entry}/content", tenant=stranger)
    assert (answer.status_code, answer.json()["code"]) == (500, "content_unavailable")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ANALYST, 403), (Role.SERVICE, 403), (Role.OPERATOR, 200), (Role.DEVELOPER, 200)],
)
async def test_who_may_release(world: Composed, activities: SchemaDriftActivities, role: Role, status: int) -> None:
    entry = await quarantine(world, activities)
    assert (await world.request("GET", f"/api/quarantine/{entry}", role=role)).status_code == 200
    assert (await world.request("POST", f"/api/quarantine/{entry}:release", json={}, role=role)).status_code == status


async def test_a_report_cannot_be_rewritten_by_the_service(world: Composed, activities: SchemaDriftActivities) -> None:
    await activities.settle(settle_input(scope(world), RENAMED))
    rights = await world.sql(
        "SELECT privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'schema_drift_app' AND table_name = 'drift_reports'"
    )
    assert {row["privilege_type"] for row in rights} == {"SELECT", "INSERT"}
