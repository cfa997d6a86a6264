"""Signatures judged: by vectors of two public libraries, and by everything a hostile sender may try."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

from services.orchestrator.signing import SignatureInvalid, new_secret, sign, verify

NOW = datetime(2026, 11, 21, 9, 30, 0, 500_000, tzinfo=UTC)
BODY = b'{"n": 1,  "text": "\xc3\xa9"}'
SECRET = new_secret()


def headers(secret: str = SECRET, at: datetime = NOW, identity: str = "msg_1", body: bytes = BODY) -> dict[str, str]:
    return sign(secret, identity, at, body)


def verdict(given: dict[str, str] | list[tuple[str, str]], body: bytes = BODY, *keys: str) -> bool:
    items = list(given.items()) if isinstance(given, dict) else given
    try:
        verify(items, body, keys or (SECRET,), NOW)
    except SignatureInvalid:
        return False
    return True


@pytest.mark.parametrize("library", [StandardWebhook, SvixWebhook])
def test_public_libraries_sign_what_is_taken(library: Any) -> None:
    text = BODY.decode()
    signature = library(SECRET).sign("msg_1", NOW, text)
    given = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": signature}
    assert verify(given.items(), BODY, [SECRET], NOW) == "msg_1"


@pytest.mark.parametrize("library", [StandardWebhook, SvixWebhook])
def test_public_libraries_take_what_is_signed(library: Any) -> None:
    library(SECRET).verify(BODY, headers(at=datetime.now(UTC)))
    with pytest.raises(Exception, match="signature"):
        library(SECRET).verify(BODY + b" ", headers(at=datetime.now(UTC)))


def test_bytes_are_signed_not_what_they_mean() -> None:
    assert verdict(headers())
    assert not verdict(headers(), b'{"n":1,"text":"\xc3\xa9"}')


@pytest.mark.parametrize(
    ("age", "taken"), [(0, True), (299, True), (300, True), (301, False), (-60, True), (-61, False), (86_400, False)]
)
def test_window(age: int, taken: bool) -> None:
    assert verdict(headers(at=NOW - timedelta(seconds=age))) is taken


@pytest.mark.parametrize(
    "stamp", ["", "NaN", "-1", "1e9", " 1700000000", "１７００００００００", "9" * 13, "0x6553f100"]
)
def test_timestamp_that_is_none(stamp: str) -> None:
    assert not verdict(headers() | {"webhook-timestamp": stamp})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_missing_or_repeated_header(name: str) -> None:
    whole = headers()
    assert not verdict({key: value for key, value in whole.items() if key != name})
    assert not verdict([*whole.items(), (name, whole[name])])
    assert verdict({key.title(): value for key, value in whole.items()})


@pytest.mark.parametrize("identity", ["", "a.b", "x" * 257, "späť", "a b"])
def test_id_that_is_none(identity: str) -> None:
    assert not verdict(headers(identity=identity))


def test_parts_cannot_be_moved_from_the_body_into_the_headers() -> None:
    stamp = int(NOW.timestamp())
    signed = headers(identity="msg", body=f"{stamp}.body".encode())
    assert verdict(signed, f"{stamp}.body".encode())
    assert not verdict(signed | {"webhook-id": f"msg.{stamp}"}, b"body")


@pytest.mark.parametrize(
    "signature",
    [
        "v1," + base64.b64encode(b"0" * 32).decode(),
        "v1,",
        "v1,%%%%",
        "v1," + base64.b64encode(b"0" * 31).decode(),
        "v2," + "A" * 43 + "=",
        "ünïcode",
        " ".join(["v1," + "A" * 43 + "="] * 10_000),
    ],
)
def test_junk_for_a_signature(signature: str) -> None:
    assert not verdict(headers() | {"webhook-signature": signature})


def test_any_of_several_signatures_is_enough_but_not_of_very_many() -> None:
    right = headers()["webhook-signature"]
    wrong = "v1," + "A" * 43 + "="
    assert verdict(headers() | {"webhook-signature": f"{wrong} v9,x {right}"})
    assert not verdict(headers() | {"webhook-signature": " ".join([wrong] * 20 + [right])})


def test_old_and_new_secret_are_both_taken_when_both_are_given() -> None:
    old = new_secret()
    assert verdict(headers(old), BODY, SECRET, old)
    assert not verdict(headers(old), BODY, SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_" + "%" * 40])
def test_source_without_a_secret_is_closed(secret: str) -> None:
    assert not verdict(headers(), BODY, secret)
    with pytest.raises(SignatureInvalid):
        verify(headers().items(), BODY, [], NOW)


def test_secrets_differ_and_are_long() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in made)
    assert secrets.compare_digest(SECRET, SECRET)
