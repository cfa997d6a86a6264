"""The demo's story: one claim that does not hold is enough, and what it signs others can verify."""

import io
import json
import time

import pytest
from rich.console import Console
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from cli.demo.claims import Story
from cli.demo.stage import signed
from cli.errors import CliError

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoaXMgdGVzdCBhbG9uZQ=="


def _story() -> tuple[Story, io.StringIO]:
    said = io.StringIO()
    return Story(Console(file=said, width=200, markup=False)), said


def test_a_story_holds_when_each_of_its_claims_does() -> None:
    story, _ = _story()
    story.heading("One")
    story.claim("it is so", True)
    assert story.held
    assert story.document() == [{"step": 1, "claim": "it is so", "held": True, "seen": ""}]


def test_one_claim_that_does_not_hold_is_enough_and_shows_what_was_seen() -> None:
    story, said = _story()
    story.heading("One")
    story.claim("it is so", True)
    story.claim("the history shows a second attempt to push", False, {"attempts": 1})
    story.claim("and so is this", True)
    assert not story.held
    assert "✗ the history shows a second attempt to push" in said.getvalue()
    assert '"attempts": 1' in said.getvalue()


def test_what_never_comes_ends_the_story_in_words() -> None:
    story, _ = _story()
    story.heading("One")
    began = time.monotonic()
    with pytest.raises(CliError, match="in vain for this: a miracle"):
        story.until("a miracle", lambda: None, seconds=0.1, pause=0.01)
    assert time.monotonic() - began < 2


def test_the_signature_of_a_delivery_is_one_that_the_public_library_takes() -> None:
    body = json.dumps({"Records": []}).encode()
    headers = signed(SECRET, body)
    assert Webhook(SECRET).verify(body, headers) == {"Records": []}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


def test_two_deliveries_have_ids_of_their_own() -> None:
    assert signed(SECRET, b"")["webhook-id"] != signed(SECRET, b"")["webhook-id"]
