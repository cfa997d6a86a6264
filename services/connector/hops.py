"""How often rows have gone round: a count in the metadata of every object that the platform writes, read with it.

Workflows that feed one another by way of a bucket start each other again and again. What can be seen when a workflow is
saved is refused there; what cannot (other names for the same bucket, a copy by somebody else) ends here.
"""

from collections.abc import Mapping

from services.connector.failures import Unreadable

METADATA = "modulardata-hops"
MAX_HOPS = 8
_LONGEST = 6


def hops_of(metadata: Mapping[str, str]) -> int:
    """Through how many runs an object's rows came. Objects of others have no count, or none that is believed."""
    # Stores keep names in whichever case they like.
    said = next((value for name, value in metadata.items() if name.lower() == METADATA), "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _LONGEST else 0


def marked(hops: int) -> dict[str, str]:
    """The metadata of an object that a run writes, whose own input came through so many runs."""
    return {METADATA: str(hops + 1)}


def refuse_loop(key: str, hops: int) -> None:
    """Raise Unreadable for an object that came through more runs than any chain of workflows is long."""
    if hops > MAX_HOPS:
        message = (
            f"{key} was written by a run whose rows had come through {hops - 1} runs before, and {MAX_HOPS} runs in a "
            "row are allowed: workflows feed one another in a circle. Change what one of them reads or writes."
        )
        raise Unreadable("trigger_loop", message)
