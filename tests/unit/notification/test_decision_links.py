"""Which messages hold a link that decides: those of a review, to a target that alone reads them."""

from uuid import UUID

import pytest

from services.chassis.keys import KeyRing
from services.chassis.passes import Passes
from services.chassis.sealing import Sealer
from services.notification.decision_links import PURPOSE, DecisionLinks

REVIEW, TENANT = UUID(int=1), UUID(int=2)
OPENED = "drift.review_opened.v1"
DATA = {"review_id": str(REVIEW), "expires_at": "2026-01-05T12:00:00Z"}


def links() -> DecisionLinks:
    """Links of an installation."""
    return DecisionLinks(Passes(Sealer(KeyRing(primary="k", keys={"k": bytes(32)})), PURPOSE), "https://here/")


@pytest.mark.parametrize("url", ["https://hooks.example/x", "http://127.0.0.1:9/x", "http://[::1]:9/x"])
def test_a_target_that_alone_reads_it_gets_the_link(url: str) -> None:
    link = links().of(TENANT, OPENED, DATA, url)
    assert link is not None
    assert link.address == f"https://here/drift/reviews/{REVIEW}/{link.credential}"
    assert link.credential not in repr(link)


@pytest.mark.parametrize("url", ["http://hooks.example/x", "http://10.0.0.1/x", "http://127.0.0.1.example/x", ""])
def test_what_goes_readably_over_a_network_holds_no_link(url: str) -> None:
    assert links().of(TENANT, OPENED, DATA, url) is None


def test_other_events_hold_no_link() -> None:
    assert links().of(TENANT, "drift.review_decided.v1", DATA, "https://hooks.example/x") is None
