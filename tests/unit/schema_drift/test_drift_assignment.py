"""The assignment is the heaviest one there is."""

from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from services.schema_drift.matching.assignment import assign, components, total

WEIGHTS = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), st.floats(0.01, 9, allow_nan=False), max_size=12
)


def best(weights: dict[tuple[int, int], float]) -> float:
    """By looking at every assignment."""
    found = 0.0
    for size in range(1, 5):
        for rows in combinations(range(4), size):
            for columns in permutations(range(4), size):
                pairs = list(zip(rows, columns, strict=True))
                if all(pair in weights for pair in pairs):
                    found = max(found, sum(weights[pair] for pair in pairs))
    return found


@given(WEIGHTS)
def test_nothing_weighs_more(weights: dict[tuple[int, int], float]) -> None:
    chosen = assign(weights)
    assert len(set(chosen.values())) == len(chosen)
    assert all(pair in weights for pair in chosen.items())
    assert abs(total(weights, chosen) - best(weights)) < 1e-6


def test_the_whole_counts_not_the_best_pair() -> None:
    assert assign({(0, 0): 3.0, (0, 1): 2.5, (1, 0): 2.5}) == {0: 1, 1: 0}


def test_what_shares_nothing_is_apart() -> None:
    parts = components({(0, 0): 1.0, (1, 1): 1.0, (1, 2): 1.0})
    assert sorted(map(sorted, parts)) == [[(0, 0)], [(1, 1), (1, 2)]]
