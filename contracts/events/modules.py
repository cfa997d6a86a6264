"""Facts about modules: topic `modules`."""

from uuid import UUID

from contracts.data import Contract


class ModuleVersionPublished(Contract):
    """A module has a new, frozen version."""

    module_id: UUID
    name: str
    version: int
    content_hash: str
    input_fingerprint: str
    output_fingerprint: str
    current: bool
