"""How many versions of a module a workspace's plan keeps."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Plans:
    """The limits of all plans; a plan that is not known has those of the default one."""

    limits: Mapping[str, int | None]
    default: str

    def name(self, plan: str | None) -> str:
        """The plan whose limits hold."""
        return plan if plan is not None and plan in self.limits else self.default

    def versions(self, plan: str | None) -> int | None:
        """How many versions of a module are kept; None: all."""
        return self.limits.get(self.name(plan))
