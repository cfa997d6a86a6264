"""Tokens and API keys become principals, without asking identity twice, and not after they were revoked."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.permissions import Permission, Role
from services.chassis.auth import BearerAuthenticator
from services.chassis.identity_client import IdentityClient
from services.chassis.problems import ProblemError, unauthorized
from services.chassis.revocations import Revocations
from tests.unit.chassis.signing import TENANT, SetClock, Signatory, api_key, key_id, revoke


class Door:
    """An authenticator and what it stands on."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.identity = Signatory(self.clock)
        self.revocations = Revocations(self.clock)
        self.revocations.complete = True
        self.authenticator = BearerAuthenticator(self.identity, self.revocations, self.clock)

    async def status(self, credential: str) -> int:
        try:
            await self.authenticator.authenticate(f"Bearer {credential}")
        except ProblemError as problem:
            return problem.status
        return 200


@pytest.fixture
def door() -> Door:
    return Door()


async def test_a_good_token_says_who_it_is(door: Door) -> None:
    user, token = uuid4(), uuid4()
    principal = await door.authenticator.authenticate(
        f"bearer {door.identity.token(sub=user, jti=token, cred=token, role='developer', platform=True)}"
    )
    assert (principal.tenant, principal.subject, principal.credential_id) == (TENANT, user, token)
    assert principal.role is Role.DEVELOPER
    assert principal.may(Permission.PLATFORM_WORKSPACES)
    assert principal.may(Permission.CONNECTIONS_WRITE)
    assert not principal.may(Permission.KEYS_WRITE)


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode())
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


async def test_forged_and_foreign_tokens_are_nobody(door: Door) -> None:
    token = door.identity.token
    claims = jwt.decode(token(), options={"verify_signature": False})
    public = door.identity.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header, body, signature = token().split(".")
    altered = base64.urlsafe_b64encode(json.dumps(claims | {"role": "admin"}).encode()).decode().rstrip("=")
    confused = base64.urlsafe_b64encode(public).decode().rstrip("=")
    forged = {
        "another key": token(key=Ed25519PrivateKey.generate()),
        "unknown kid": token(kid="k2"),
        "no signature": unsigned(claims, {"alg": "none", "kid": "k1"}),
        "signature cut": f"{header}.{body}.",
        "body altered": f"{header}.{altered}.{signature}",
        "public key as secret": token(key=confused.ljust(64, "x"), algorithm="HS256"),
        "another issuer": token(iss="somebody"),
        "another audience": token(aud="something"),
        "no audience": token(aud=None),
        "no expiry": token(exp=None),
        "no tenant": token(tenant=None),
        "an unknown role": token(role="root"),
        "a wide one": token(note="x" * 10_000),
        "kid is a list": unsigned(claims, {"alg": "EdDSA", "kid": ["k1"]}),
        "not a token": "a.b.c",
        "nothing but dots": "..",
        "not ASCII": "ä.ö.ü",
    }
    assert {name: await door.status(text) for name, text in forged.items()} == dict.fromkeys(forged, 401)
    assert await door.status(token()) == 200


async def test_tokens_are_judged_by_now_with_a_minute_of_leeway(door: Door) -> None:
    token = door.identity.token(life=900)
    for minutes, status in ((0, 200), (15, 200), (15.9, 200), (16.1, 401)):
        door.clock.time = SetClock().time + timedelta(minutes=minutes)
        assert await door.status(token) == status
    door.clock.time = SetClock().time - timedelta(seconds=59)
    assert await door.status(token) == 200
    door.clock.time = SetClock().time - timedelta(seconds=61)
    assert await door.status(token) == 401


async def test_an_api_key_is_exchanged_once_for_all_who_wait(door: Door) -> None:
    key = api_key()
    door.identity.slow.clear()
    calls = [asyncio.create_task(door.status(key)) for _ in range(50)]
    await asyncio.sleep(0.01)
    door.identity.slow.set()
    assert await asyncio.gather(*calls) == [200] * 50
    assert door.identity.asked == 1
    assert await door.status(key) == 200
    assert door.identity.asked == 1
    principal = await door.authenticator.authenticate(f"Bearer {key}")
    assert principal.subject == principal.credential_id == key_id(key)


async def test_one_who_gives_up_does_not_take_the_others_down(door: Door) -> None:
    key = api_key()
    door.identity.slow.clear()
    first, second = (asyncio.create_task(door.status(key)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    door.identity.slow.set()
    assert await second == 200


async def test_what_does_not_look_like_a_key_is_never_asked_about(door: Door) -> None:
    for text in ("mdk_", "mdk_x_y", api_key() + "x", api_key().upper(), "mdk_" + "0" * 32 + "_" + "ä" * 43):
        assert await door.status(text) == 401
    assert door.identity.asked == 0


async def test_a_refusal_is_remembered_for_a_moment(door: Door) -> None:
    def refuse(key: str) -> str:
        raise unauthorized()

    good, door.identity.answer = door.identity.answer, refuse
    key = api_key()
    assert [await door.status(key) for _ in range(5)] == [401] * 5
    assert door.identity.asked == 1
    door.clock.pass_by(seconds=3)
    door.identity.answer = good
    assert await door.status(key) == 200


async def test_while_identity_is_away_known_keys_go_on_to_their_end_and_unknown_ones_wait(door: Door) -> None:
    known, unknown = api_key(), api_key()
    assert await door.status(known) == 200
    door.identity.away = True
    assert await door.status(unknown) == 503
    door.clock.pass_by(minutes=4, seconds=30)
    assert await door.status(known) == 200
    assert door.identity.asked > 2, "it tried to renew"
    door.clock.pass_by(minutes=1)
    assert await door.status(known) == 503
    door.identity.away = False
    assert await door.status(known) == 200


async def test_revoked_credentials_are_refused_although_identity_is_away(door: Door) -> None:
    key, user, token = api_key(), uuid4(), uuid4()
    bearer = door.identity.token(sub=user)
    other = door.identity.token(jti=token, cred=token)
    assert [await door.status(text) for text in (key, bearer, other)] == [200] * 3
    door.identity.away = True
    now = door.clock.now()
    revoke(door.revocations, "api_key", key_id(key), now)
    assert await door.status(key) == 401
    revoke(door.revocations, "user", user, now)
    assert await door.status(bearer) == 401
    revoke(door.revocations, "token", token, now, now + timedelta(minutes=15))
    assert await door.status(other) == 401
    assert await door.status(door.identity.token()) == 200


async def test_a_user_may_come_back_with_a_token_made_later(door: Door) -> None:
    user = uuid4()
    revoke(door.revocations, "user", user, door.clock.now())
    door.clock.pass_by(seconds=1)
    assert await door.status(door.identity.token(sub=user)) == 200


async def test_old_revocations_are_forgotten_when_they_no_longer_matter(door: Door) -> None:
    token, key = uuid4(), uuid4()
    now = door.clock.now()
    revoke(door.revocations, "token", token, now, now + timedelta(minutes=15))
    revoke(door.revocations, "api_key", key, now)
    door.clock.pass_by(minutes=20)
    revoke(door.revocations, "token", uuid4(), now)
    assert token not in door.revocations.__dict__["_credentials"]
    assert key in door.revocations.__dict__["_credentials"]


async def test_nobody_enters_before_the_revocations_are_known(door: Door) -> None:
    door.revocations.complete = False
    assert await door.status(door.identity.token()) == 503
    assert await door.status("") == 401


def jwks(*keys: tuple[str, Ed25519PrivateKey]) -> dict[str, Any]:
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "kid": kid,
                "x": base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("="),
            }
            for kid, key in keys
        ]
    }


class Neighbour(httpx.AsyncBaseTransport):
    """Identity's HTTP door."""

    def __init__(self) -> None:
        self.first, self.second = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.document: dict[str, Any] = jwks(("k1", self.first))
        self.status = 200
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.status == 0:
            raise httpx.ConnectError("refused")
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(self.status, json=self.document)
        return httpx.Response(self.status, json={"token": "t"})


async def test_public_keys_are_asked_for_when_unknown_and_kept_while_identity_is_away() -> None:
    neighbour, clock = Neighbour(), SetClock()
    client = IdentityClient("http://identity", clock, neighbour)
    assert set(await client.keys("k1")) == {"k1"}
    for _ in range(20):
        await client.keys("bogus")
    assert neighbour.asked == 1, "a flood of unknown keys is not passed on"
    neighbour.document = jwks(("k1", neighbour.first), ("k2", neighbour.second))
    clock.pass_by(seconds=2)
    assert set(await client.keys("k2")) == {"k1", "k2"}
    neighbour.status = 0
    clock.pass_by(minutes=11)
    assert "k1" in await client.keys("k1")
    clock.pass_by(seconds=2)
    with pytest.raises(ProblemError, match="503"):
        await client.keys("k3")
    neighbour.status, neighbour.document = 200, {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k9", "x": "!"}]}
    clock.pass_by(seconds=2)
    assert "k1" in await client.keys("k1"), "a document that cannot be read replaces nothing"
    await client.close()


@pytest.mark.parametrize(
    ("status", "expected"), [(200, None), (401, 401), (422, 401), (429, 503), (500, 503), (0, 503)]
)
async def test_what_identity_answers_to_an_exchange(status: int, expected: int | None) -> None:
    neighbour = Neighbour()
    neighbour.status = status
    client = IdentityClient("http://identity", SetClock(), neighbour)
    if expected is None:
        assert await client.exchange("mdk_x") == "t"
    else:
        with pytest.raises(ProblemError) as caught:
            await client.exchange("mdk_x")
        assert caught.value.status == expected
    await client.close()


def test_the_smallest_id_is_still_an_id() -> None:
    assert key_id(api_key(UUID(int=0))) == UUID(int=0)
