"""Another service refuses what identity revoked, also while identity is gone."""

import time
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.state import State
from tests.integration.identity.running import Installation, free_port, installation, until

OTHER = "/api/notifications"


@pytest.fixture
def two(servers: State, admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with identity on its port."""
    with installation(tmp_path_factory.mktemp("two"), servers, admin_url) as made:
        yield made


def status(place: Installation, other: str, credential: str) -> int:
    with place.client(credential, other) as client:
        return client.get(OTHER).status_code


def keys_of(place: Installation, count: int) -> list[dict[str, str]]:
    with place.client(place.admin["api_key"]) as client:
        body = {"name": "k", "role": "operator"}
        return [dict(client.post("/api/keys", json=body).json()) for _ in range(count)]


def revoke(place: Installation, key: dict[str, str]) -> httpx.Response:
    with place.client(place.admin["api_key"]) as client:
        return client.post(f"/api/keys/{key['id']}:revoke")


def test_a_revoked_key_is_refused_by_another_service_within_five_seconds_and_while_identity_is_gone(
    two: Installation,
) -> None:
    identity = two.start("identity")
    two.set_up()
    other = two.start("notification", "--only", "api", port=free_port())
    first, second, kept, unseen = keys_of(two, 4)
    for key in (first, second, kept):
        assert status(two, other.url, key["key"]) == 200

    begun = time.monotonic()
    assert revoke(two, first).status_code == 204
    until(lambda: status(two, other.url, first["key"]) == 401, seconds=5)
    assert time.monotonic() - begun < 5

    assert revoke(two, second).status_code == 204
    identity.kill()
    begun = time.monotonic()
    until(lambda: status(two, other.url, second["key"]) == 401, seconds=5)
    assert time.monotonic() - begun < 5
    assert status(two, other.url, kept["key"]) == 200, "what was known goes on"
    assert status(two, other.url, unseen["key"]) == 503, "what was not is not let in"
    assert status(two, other.url, "mdk_nonsense") == 401

    # A process that starts now has heard all of it before it is ready.
    late = two.start("notification", "--only", "api", port=free_port())
    assert status(two, late.url, second["key"]) in (401, 503)
    two.start("identity")
    until(lambda: status(two, late.url, unseen["key"]) == 200, seconds=10)
    assert status(two, late.url, second["key"]) == 401
