"""The demo's webhook receiver, over HTTP: what is not properly signed is refused and never believed."""

import httpx

from cli.demo.receiver import Receiver
from cli.demo.stage import signed

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoaXMgdGVzdCBhbG9uZQ=="
OTHER = "whsec_" + "YW5vdGhlciBzZWNyZXQsIG5vdCB0aGlzIG9uZQ=="
BODY = b'{"type": "quarantine.opened.v1"}'


def _post(receiver: Receiver, headers: dict[str, str]) -> int:
    return httpx.post(receiver.url, content=BODY, headers=headers, trust_env=False).status_code


def test_what_is_signed_is_taken_and_what_is_not_is_refused() -> None:
    receiver = Receiver()
    try:
        receiver.expect(SECRET)
        assert _post(receiver, {}) == 401
        assert _post(receiver, signed(OTHER, BODY)) == 401
        assert _post(receiver, signed(SECRET, BODY)) == 204
        assert [one.verified for one in receiver.deliveries] == [False, False, True]
        found = receiver.wait_for(lambda one: one.verified, seconds=1)
        assert found is not None
        assert found.body == {"type": "quarantine.opened.v1"}
        assert receiver.wait_for(lambda one: one.id == "never", seconds=0.1) is None
    finally:
        receiver.close()
