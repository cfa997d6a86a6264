"""Links with which a person decides about a review: put into a message at the moment it is sent, and kept nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import httpx

from contracts.catalog import type_of
from contracts.events.drift import ReviewOpened
from services.chassis.passes import Passes

PURPOSE = "drift-review"
_TYPE = type_of(ReviewOpened)


@dataclass(frozen=True)
class DecisionLink:
    """Where to decide, and the part of it that is nobody else's business."""

    address: str = field(repr=False)
    credential: str = field(repr=False)


class DecisionLinks:
    """Makes the links; whoever holds one may decide."""

    def __init__(self, passes: Passes, public_url: str) -> None:
        self._passes = passes
        self._pages = f"{public_url.rstrip('/')}/drift/reviews"

    def of(self, tenant: UUID, event_type: str, data: Mapping[str, Any], url: str) -> DecisionLink | None:
        """The link for a message to this address: for a review that was opened, and where nobody reads along."""
        if event_type != _TYPE or not _private(url):
            return None
        review, expires = UUID(data["review_id"]), datetime.fromisoformat(data["expires_at"])
        credential = self._passes.issue(tenant, review, expires)
        return DecisionLink(f"{self._pages}/{review}/{credential}", credential)


def _private(url: str) -> bool:
    """Whether only the target reads what is sent there: it goes encrypted, or does not leave the machine."""
    parsed = httpx.URL(url)
    if parsed.scheme == "https":
        return True
    try:
        return ip_address(parsed.host).is_loopback
    except ValueError:
        return False
