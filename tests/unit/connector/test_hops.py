"""The count of runs in an object's metadata: read whoever wrote it, and never believed when it is no count."""

import pytest

from services.connector.failures import Unreadable
from services.connector.hops import MAX_HOPS, hops_of, marked, refuse_loop


@pytest.mark.parametrize(
    ("metadata", "hops"),
    [
        ({}, 0),
        ({"modulardata-hops": "3"}, 3),
        ({"Modulardata-Hops": "3", "other": "9"}, 3),
        ({"modulardata-hops": "-1"}, 0),
        ({"modulardata-hops": "٣"}, 0),
        ({"modulardata-hops": "9" * 400}, 0),
        ({"modulardata-hops": "many"}, 0),
    ],
)
def test_what_metadata_says(metadata: dict[str, str], hops: int) -> None:
    assert hops_of(metadata) == hops


def test_each_run_counts_one_and_the_last_allowed_one_is_read() -> None:
    assert hops_of(marked(0)) == 1
    refuse_loop("a.csv", MAX_HOPS)
    with pytest.raises(Unreadable, match=r"had come through 8 runs before.*in a circle") as caught:
        refuse_loop("a.csv", hops_of(marked(MAX_HOPS)))
    assert caught.value.code == "trigger_loop"
