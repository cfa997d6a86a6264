"""Who may make notification rules may decide reviews: a rule can send its maker a link that decides."""

from pathlib import Path
from typing import Any

import yaml

from contracts.permissions import Permission, Role, granted

TABLE = Path(__file__).with_name("role_matrix.yaml")
DECIDING = [f"POST /api/drift/reviews/{{review_id}}:{action}" for action in ("approve", "reject", "edit")]


def getting_more(routes: dict[str, Any]) -> set[str]:
    """Roles that would get by a link what they may not do."""
    may_make = {role.value for role in Role if granted(role, Permission.NOTIFICATIONS_WRITE)}
    return {role for name in DECIDING for role in may_make - set(routes[name]["roles"])}


def test_a_link_gives_nobody_more_than_they_may() -> None:
    assert getting_more(yaml.safe_load(TABLE.read_text())["routes"]) == set()


def test_the_rule_is_seen_red() -> None:
    assert getting_more({name: {"roles": ["admin", "developer"]} for name in DECIDING}) == {"operator"}
