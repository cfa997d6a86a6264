"""A pass opens one subject of one workspace until its moment; any other spelling of it opens nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.chassis.keys import KeyRing
from services.chassis.passes import Passes
from services.chassis.sealing import Sealer

TENANT, SUBJECT, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=72)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def passes(primary: str = "new", purpose: str = "door", **keys: bytes) -> Passes:
    """Passes of a key file."""
    return Passes(Sealer(KeyRing(primary=primary, keys=keys or {"old": OLD, "new": NEW})), purpose)


def test_a_pass_names_its_workspace_until_it_is_over() -> None:
    text = passes().issue(TENANT, SUBJECT, LATER)
    assert passes().issue(TENANT, SUBJECT, LATER) == text
    assert passes().read(text, SUBJECT, NOW) == TENANT
    assert passes().read(text, SUBJECT, LATER - timedelta(seconds=1)) == TENANT
    assert passes().read(text, SUBJECT, LATER) is None
    assert text.isascii()
    assert not set(text) & set("/+=?&#%. ")


def test_a_pass_is_for_one_subject_and_one_purpose() -> None:
    text = passes().issue(TENANT, SUBJECT, LATER)
    assert passes().read(text, OTHER, NOW) is None
    assert passes(purpose="window").read(text, SUBJECT, NOW) is None
    assert passes(new=OLD).read(text, SUBJECT, NOW) is None


@pytest.mark.parametrize("ends", ["", "=", "==", "\n", " ", "A", "%00", "é", "/"])
def test_a_pass_has_one_spelling(ends: str) -> None:
    text = passes().issue(TENANT, SUBJECT, LATER)
    assert passes().read(text + ends, SUBJECT, NOW) == (None if ends else TENANT)


def test_no_character_of_a_pass_may_change() -> None:
    text = passes().issue(TENANT, SUBJECT, LATER)
    for position, character in enumerate(text):
        changed = text[:position] + ("A" if character != "A" else "B") + text[position + 1 :]
        assert passes().read(changed, SUBJECT, NOW) is None
        assert passes().read(text[:position], SUBJECT, NOW) is None


def test_a_pass_outlives_the_change_of_the_key_but_not_its_removal() -> None:
    before = passes("old").issue(TENANT, SUBJECT, LATER)
    assert passes("new").read(before, SUBJECT, NOW) == TENANT
    assert passes("new", new=NEW).read(before, SUBJECT, NOW) is None
