"""Sealed values and encrypted payloads: they open where they belong, and nowhere else."""

import base64
import json
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload

from services.chassis.keys import KeyFileInvalid, KeyRing
from services.chassis.payload_codec import EncryptingCodec, PayloadUnreadable
from services.chassis.sealing import SealBroken, Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CONTEXT = ("tenant-a", "credential-1", "password", "1")


def ring(primary: str = "new") -> KeyRing:
    """Two keys."""
    return KeyRing(primary=primary, keys={"old": OLD, "new": NEW})


def test_a_value_opens_in_its_own_context() -> None:
    sealer = Sealer(ring())
    sealed = sealer.seal(b"canary", CONTEXT)
    assert sealer.open(sealed, CONTEXT) == b"canary"
    assert b"canary" not in sealed
    assert sealer.seal(b"canary", CONTEXT) != sealed
    assert sealer.open(sealer.seal(b"", CONTEXT), CONTEXT) == b""


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("tenant-b", "credential-1", "password", "1"),
        ("tenant-a", "credential-2", "password", "1"),
        ("tenant-a", "credential-1", "token", "1"),
        ("tenant-a", "credential-1", "password", "2"),
        ("tenant-a", "credential-1", "password"),
        ("tenant-ac", "redential-1", "password", "1"),
        (),
    ],
)
def test_moved_to_another_place_it_does_not_open(elsewhere: tuple[str, ...]) -> None:
    sealer = Sealer(ring())
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"canary", CONTEXT), elsewhere)


def test_no_byte_may_change() -> None:
    sealer = Sealer(ring())
    sealed = sealer.seal(b"canary", CONTEXT)
    for position in range(len(sealed)):
        for flip in (0x01, 0x80):
            changed = bytearray(sealed)
            changed[position] ^= flip
            with pytest.raises(SealBroken) as caught:
                sealer.open(bytes(changed), CONTEXT)
            assert "canary" not in str(caught.value)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], CONTEXT)


def test_keys_are_rotated_without_a_gap() -> None:
    before, after = Sealer(ring("old")), Sealer(ring("new"))
    sealed = before.seal(b"canary", CONTEXT)
    assert (before.key_id(sealed), after.open(sealed, CONTEXT)) == ("old", b"canary")
    again = after.reseal(sealed, CONTEXT)
    assert after.key_id(again) == "new"
    assert after.reseal(again, CONTEXT) is again
    retired = Sealer(KeyRing(primary="new", keys={"new": NEW}))
    assert retired.open(again, CONTEXT) == b"canary"
    with pytest.raises(SealBroken, match="old"):
        retired.open(sealed, CONTEXT)


@pytest.mark.parametrize(
    "document",
    [
        None,
        "",
        "[]",
        "{}",
        json.dumps({"primary": "a", "keys": {}}),
        json.dumps({"primary": "a", "keys": {"a": "not base64!"}}),
        json.dumps({"primary": "a", "keys": {"a": base64.b64encode(b"short").decode()}}),
        json.dumps({"primary": "b", "keys": {"a": base64.b64encode(OLD).decode()}}),
    ],
)
def test_without_a_good_key_file_there_is_no_sealer(tmp_path: Path, document: str | None) -> None:
    path = tmp_path / "keys.json"
    if document is not None:
        path.write_text(document)
    with pytest.raises(KeyFileInvalid) as caught:
        Sealer.from_file(path)
    assert "not base64" not in str(caught.value)


def test_a_key_ring_does_not_print_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"primary": "a", "keys": {"a": base64.b64encode(OLD).decode()}}))
    loaded = KeyRing.load(path)
    assert loaded.keys == {"a": OLD}
    assert repr(OLD) not in repr(loaded)


async def test_payloads_are_encrypted_whole_and_come_back() -> None:
    codec = EncryptingCodec(ring())
    plain = Payload(metadata={"encoding": b"json/plain", "messageType": b"canary"}, data=b'{"a": "canary"}')
    [encoded] = await codec.encode([plain])
    assert b"canary" not in encoded.SerializeToString()
    assert await codec.decode([encoded, plain]) == [plain, plain]


async def test_changed_payloads_and_unknown_keys_are_refused() -> None:
    codec = EncryptingCodec(ring("old"))
    [encoded] = await codec.encode([Payload(metadata={"encoding": b"json/plain"}, data=b"1")])
    changed = Payload()
    changed.CopyFrom(encoded)
    changed.data = changed.data[:-1] + bytes([changed.data[-1] ^ 1])
    renamed = Payload()
    renamed.CopyFrom(encoded)
    renamed.metadata["key-id"] = b"new"
    for payload in (changed, renamed):
        with pytest.raises(PayloadUnreadable):
            await codec.decode([payload])
    with pytest.raises(PayloadUnreadable, match="old"):
        await EncryptingCodec(KeyRing(primary="new", keys={"new": NEW})).decode([encoded])
