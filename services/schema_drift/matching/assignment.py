"""The assignment of rows to columns with the greatest total weight; leaving either out weighs nothing."""

from collections.abc import Mapping

_FAR = 1e18


def assign(weights: Mapping[tuple[int, int], float]) -> dict[int, int]:
    """The heaviest pairs such that nothing stands in two of them (Kuhn and Munkres, by shortest augmenting paths)."""
    found: dict[int, int] = {}
    for part in components(weights):
        found |= _heaviest({pair: weights[pair] for pair in part})
    return found


def components(weights: Mapping[tuple[int, int], float]) -> list[list[tuple[int, int]]]:
    """The pairs in groups that share neither a row nor a column."""
    group: dict[tuple[str, int], tuple[str, int]] = {}

    def root(of: tuple[str, int]) -> tuple[str, int]:
        while group.setdefault(of, of) != of:
            group[of] = group[group[of]]
            of = group[of]
        return of

    for row, column in weights:
        group[root(("row", row))] = root(("column", column))
    parts: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for pair in weights:
        parts.setdefault(root(("row", pair[0])), []).append(pair)
    return list(parts.values())


def total(weights: Mapping[tuple[int, int], float], chosen: Mapping[int, int]) -> float:
    """What an assignment weighs."""
    return sum(weights[pair] for pair in chosen.items())


def _heaviest(weights: Mapping[tuple[int, int], float]) -> dict[int, int]:
    rows, columns = sorted({row for row, _ in weights}), sorted({column for _, column in weights})
    if len(weights) == 1:
        return {rows[0]: columns[0]} if min(weights.values()) > 0 else {}
    # Each row has a column of its own that weighs nothing: to be left out.
    width = len(columns) + len(rows)
    costs = [[-weights.get((row, column), -_FAR) for column in columns] + [0.0] * len(rows) for row in rows]
    by_row, by_column = [0.0] * (len(rows) + 1), [0.0] * (width + 1)
    owner, way = [0] * (width + 1), [0] * (width + 1)
    for row in range(1, len(rows) + 1):
        owner[0], at = row, 0
        least, seen = [_FAR] * (width + 1), [False] * (width + 1)
        while True:
            seen[at] = True
            mine, step, following = owner[at], _FAR, 0
            line = costs[mine - 1]
            for column in range(1, width + 1):
                if not seen[column]:
                    cost = line[column - 1] - by_row[mine] - by_column[column]
                    if cost < least[column]:
                        least[column], way[column] = cost, at
                    if least[column] < step:
                        step, following = least[column], column
            for column in range(width + 1):
                if seen[column]:
                    by_row[owner[column]] += step
                    by_column[column] -= step
                else:
                    least[column] -= step
            at = following
            if owner[at] == 0:
                break
        while at:
            owner[at] = owner[way[at]]
            at = way[at]
    return {
        rows[owner[column] - 1]: columns[column - 1]
        for column in range(1, len(columns) + 1)
        if owner[column] and (rows[owner[column] - 1], columns[column - 1]) in weights
    }
