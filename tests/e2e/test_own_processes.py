"""Each service as a process of its own: one small workflow end to end, clean ends, and revocation without identity."""

import signal
import time

import pytest

from contracts.topics import SERVICES
from deploy.local.state import State
from tests.connections import s3_connection, warehouse_connection
from tests.e2e.client import Api, door
from tests.e2e.processes import apart
from tests.e2e.running import Running
from tests.e2e.seeding import workspace
from tests.waiting import until


@pytest.fixture(scope="module")
def servers(platform: Running) -> State:
    """Services of their own on the servers that are up; the stack's own processes run beside them, as replicas do."""
    return platform.state


def small_workflow(api: Api, state: State, word: str) -> None:
    """A file goes through a session and a module into the warehouse."""
    api.call("POST", "/api/connections", s3_connection(state, "landing"))
    api.call("POST", "/api/connections", warehouse_connection(state, "warehouse"))
    api.call("PUT", f"/api/connections/landing/files/{word}/1.csv", b"number,name\n1,a\n2,b\n")
    session = api.opened("landing", {"path": f"{word}/1.csv"})
    assert session["state"] == "open", session
    steps = [{"kind": "filter", "where": "number > 1"}]
    api.call("POST", f"/api/sessions/{session['id']}/nodes", {"steps": steps})
    api.call("POST", f"/api/sessions/{session['id']}:deploy", {"name": "more-than-one"})
    api.call(
        "POST", "/api/notification-rules", {"name": "ends", "events": ["run.finished"], "channel": {"kind": "log"}}
    )
    api.call(
        "PUT",
        "/api/workflows/small",
        {
            "name": "small",
            "source": {"connection": "landing", "selection": {"path": f"{word}/*.csv"}},
            "modules": [{"name": "more-than-one", "version": 1}],
            "destination": {"connection": "warehouse", "target": {"schema": "public", "table": word}},
        },
    )
    run = api.run("small")
    assert run["state"] == "succeeded", run
    assert (run["books"]["read"], run["books"]["loaded"], run["books"]["filtered"]) == (2, 1, 1)
    told = until("the notification", lambda: api.items("/api/notifications"))
    assert {notification["state"] for notification in told} <= {"pending", "delivered"}


def test_seven_processes_do_together_what_one_does(platform: Running, servers: State) -> None:
    seeded = workspace(platform.api, "apart")
    with apart(servers, [[service] for service in SERVICES]) as (router, children):
        with door(router.url) as nobody:
            credentials = {"email": seeded.email, "password": seeded.password}
            token = nobody.call("POST", "/api/login", credentials)["token"]
        with door(router.url, token) as api:
            small_workflow(api, servers, seeded.word)
        for child in children.values():
            child.process.send_signal(signal.SIGTERM)
        assert {name: child.end() for name, child in children.items()} == dict.fromkeys(SERVICES, 0)
    seeded.api.close()


def seconds_until_refused(api: Api, path: str) -> float:
    """How long a credential is still taken."""
    began = time.monotonic()
    until("the key is refused", lambda: api.send("GET", path).status == 401, 15)
    return time.monotonic() - began


def test_a_revoked_key_is_refused_by_others_within_seconds_and_while_identity_is_dead(
    platform: Running, servers: State
) -> None:
    """Identity lives in one process, all others in another; the stack's own identity is never asked."""
    seeded = workspace(platform.api, "revoked")
    keys = [seeded.api.call("POST", "/api/keys", {"name": f"key {n}", "role": "developer"}) for n in range(3)]
    with apart(servers, [["identity"], ["all", "--without", "identity"]]) as (router, children):
        first, second, unseen = (Api(router.url, key["key"]) for key in keys)
        for api in (first, second):
            assert api.send("GET", "/api/connections").status == 200

        # Identity lives: the key is revoked there, and the other process hears of it.
        seeded.api.call("POST", f"/api/keys/{keys[0]['id']}:revoke")
        assert seconds_until_refused(first, "/api/connections") < 5
        assert second.send("GET", "/api/connections").status == 200

        # Identity is killed: who is known goes on, who is not has to wait, who is revoked is refused.
        children["identity"].process.kill()
        children["identity"].process.wait()
        assert second.send("GET", "/api/connections").status == 200
        assert unseen.send("GET", "/api/connections").status == 503
        assert first.send("GET", "/api/connections").status == 401
        seeded.api.call("POST", f"/api/keys/{keys[1]['id']}:revoke")
        assert seconds_until_refused(second, "/api/connections") < 5
        for api in (first, second, unseen):
            api.close()
    seeded.api.close()
