"""Reviews on a real database: asked once, decided once, by whoever may or by silence."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.commands.schema_drift import (
    CloseReviewInput,
    QuarantineFileInput,
)
from contracts.data import ObjectVersion
from contracts.permissions import Role
from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.passes import Passes
from services.schema_drift.activities import SchemaDriftActivities
from services.schema_drift.service.expiring import Expiry
from services.schema_drift.service.reviewing import Undecided
from tests.integration.composed import PASSWORDS, Composed
from tests.integration.schema_drift.drifting import (
    judged,
    opened,
    review_of,
)
from tests.unit.schema_drift.changing import DECIMALS


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
    expires = datetime.fromisoformat((await review_of(world, asked.review_id))["expires_at"])
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
    assert (await review_of(world, asked.review_id))["state"] == "open"
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
    assert (await review_of(world, asked.review_id))["state"] == "open"

    decided = await world.http.post(
        link, content="decision=reject&reason=%3Cb%3Eno%3C%2Fb%3E", headers=form | {"Origin": "http://test"}
    )
    assert decided.status_code == 200
    assert "&lt;b&gt;no&lt;/b&gt;" in decided.text
    again = await world.http.post(link, content="decision=approve", headers=form)
    assert (again.status_code, "rejected already" in again.text) == (409, True)
    review = await review_of(world, asked.review_id)
    assert (review["state"], review["decision"]["via"], review["decision"]["by"]) == ("rejected", "link", None)


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
    assert (await review_of(world, asked.review_id))["decision"]["via"] == "silence"


class Later:
    """A clock that is a hundred days ahead."""

    def now(self) -> datetime:
        """The time in a hundred days."""
        return SystemClock().now() + timedelta(days=100)
