"""The verdict on a proposal: a pure function of its evidence, so that who asks again gets the same answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.adaptation import Evidence, OutputFigures, Proof, ProofCheck, Replay
from contracts.data import Schema
from services.schema_drift.proving.tolerances import LEARNING, Distance, distances, learned, season

SET_ASIDE = 0.01  # of the rows, that may be set aside beyond what was in the past
_SHOWN = 20


@dataclass(frozen=True)
class _Case:
    """All that the checks look at."""

    evidence: Evidence
    contract: Schema
    keys: Sequence[str]
    needed: Sequence[str]

    @property
    def came(self) -> OutputFigures:
        return self.evidence.incoming

    @property
    def history(self) -> tuple[Replay, ...]:
        """Past inputs of which the base makes something: nothing can be compared with nothing."""
        return tuple(one for one in self.evidence.replays if not one.before.refused and one.before.rows_out)

    @property
    def tried(self) -> tuple[OutputFigures, ...]:
        """What the candidate made of each input, what came last."""
        return (*(one.after for one in self.evidence.replays if not one.before.refused), self.came)


def judge(evidence: Evidence, *, contract: Schema, keys: Sequence[str] = (), needed: Sequence[str] = ()) -> Proof:
    """The verdict with all checks and their numbers.

    refuted: a check refuses. unproven: none does, and there is no past that would show it. `contract` is what the
    candidate promises; `needed` are columns that take no new nulls, beside those that the contract and the past name.
    """
    case = _Case(evidence, contract, keys, needed)
    checks = tuple(check(case) for check in CHECKS)
    if not all(check.passed for check in checks):
        return Proof(verdict="refuted", checks=checks, history=len(case.history))
    return Proof(verdict="proven" if case.history else "unproven", checks=checks, history=len(case.history))


def _contract(case: _Case) -> ProofCheck:
    """Something came out of every input, with the promised columns, and passes the checks that the past passed."""
    refused = [one.refused for one in case.tried if one.refused]
    wrong = sorted(
        {wrong for one in case.tried if not one.refused for wrong in _unlike(case.contract, one.output_schema)}
    )
    usual = {_check_name(said) for one in case.history for said in one.before.failed_checks}
    failed = [said for said in case.came.failed_checks if _check_name(said) not in usual]
    said = [*refused, *wrong, *(f"A check fails that never did: {one}." for one in failed)]
    figures = {"inputs": len(case.tried), "refused": len(refused), "columns": len(wrong), "checks": len(failed)}
    return _check("contract", not said, "Every output keeps the promised columns and types.", said, figures)


def _keys(case: _Case) -> ProofCheck:
    """No two rows share a key."""
    usual = max((one.before.repeated_keys / one.before.rows_out for one in case.history), default=0.0)
    share = case.came.repeated_keys / max(1, case.came.rows_out)
    passed = not case.keys or share <= usual
    figures = {"repeated": case.came.repeated_keys, "rows": case.came.rows_out, "usual_share": round(usual, 6)}
    named = ", ".join(case.keys) or "none is named"
    said = f"{case.came.repeated_keys} rows share their key ({named}) with another one."
    return _check("keys", passed, f"Every row has a key of its own ({named}).", [said], figures)


def _books(case: _Case) -> ProofCheck:
    """What adapts leaves no row out and makes none."""
    strayed = sum(one.unaccounted for one in case.tried)
    said = f"{strayed} rows are in no book, or were left out or made by the steps that adapt."
    figures = {"rows": sum(one.rows_in for one in case.tried), "unaccounted": strayed}
    return _check("books", not strayed, "Every row is accounted for.", [said], figures)


def _set_aside(case: _Case) -> ProofCheck:
    """Hardly more rows are set aside than before."""
    usual = max((one.before.quarantined / max(1, one.before.rows_in) for one in case.history), default=0.0)
    share = case.came.quarantined / max(1, case.came.rows_in)
    said = f"{case.came.quarantined} of {case.came.rows_in} rows would be set aside."
    figures = {"quarantined": case.came.quarantined, "share": round(share, 6), "tolerance": round(usual + SET_ASIDE, 6)}
    return _check(
        "set_aside", share <= usual + SET_ASIDE, "Hardly more rows are set aside than before.", [said], figures
    )


def _replay(case: _Case) -> ProofCheck:
    """The past comes out exactly as it did; new columns that the contract promises may stand beside it."""
    differing = [one for one in case.history if not _equal(one, case.contract)]
    said = [
        f"The input of {one.at or 'a past run'} comes out otherwise: {one.difference.changed} rows changed, "
        f"{one.difference.only_left} gone, {one.difference.only_right} new."
        for one in differing
    ]
    figures = {
        "inputs": len(case.history),
        "rows": sum(one.difference.left_rows for one in case.history),
        "differing": sum(
            one.difference.changed + one.difference.only_left + one.difference.only_right for one in differing
        ),
        "least_share": min((one.before.share for one in case.history), default=1.0),
    }
    fine = "The past comes out exactly as it did." if case.history else "There is no past to replay."
    return _check("replay", not differing, fine, said, figures)


def _distributions(case: _Case) -> ProofCheck:
    """Every column looks as in one of the past deliveries, as those look like one another."""
    found = [] if case.came.refused else _apart(case)
    beyond = [one for one in found if not one.within]
    said = [
        f"{one.column}: {one.measure} is {one.distance:.3g} off, and {one.tolerance:.3g} is usual." for one in beyond
    ]
    shown = [*beyond, *sorted((one for one in found if one.within), key=lambda one: one.distance - one.tolerance)[::-1]]
    figures = {"measured": float(len(found)), "beyond": float(len(beyond))}
    for one in shown[:_SHOWN]:
        figures[f"{one.column}: {one.measure}"] = round(one.distance, 6)
        figures[f"{one.column}: {one.measure}, tolerated"] = round(one.tolerance, 6)
    short = "" if len(case.history) >= LEARNING else ", by wide bounds, as there are few of them"
    fine = f"What came looks like the past deliveries{short}." if found else "There is nothing to compare with."
    return _check("distributions", not beyond, fine, said, figures)


def _nulls(case: _Case) -> ProofCheck:
    """Columns that are needed hold no new nulls."""
    never = {*case.keys, *case.needed, *(column.name for column in case.contract.columns if not column.nullable)}
    said, figures = [], {"columns": 0.0}
    for one in case.came.columns:
        bound = _nulls_tolerated(case, one.column, never)
        if bound is None or not one.rows:
            continue
        figures["columns"] += 1
        if one.nulls / one.rows > bound:
            said.append(f"{one.column}: {one.nulls} of {one.rows} rows have no value.")
            figures[f"{one.column}: nulls"] = float(one.nulls)
            figures[f"{one.column}: tolerated"] = round(bound * one.rows, 6)
    return _check("nulls", not said, "No needed column has new nulls.", said, figures)


def _nulls_tolerated(case: _Case, name: str, never: set[str]) -> float | None:
    """Which share of the rows may have no value; None where it is not needed."""
    held = [one for replay in case.history for one in replay.before.columns if one.column == name]
    rows, usual = sum(one.rows for one in held), max((one.nulls / one.rows for one in held if one.rows), default=0.0)
    if name in never:
        return usual
    if usual or not rows:
        return None
    # What never was in so many rows is not to be expected more than three times in as many again.
    return 3 / rows


def _lost(case: _Case) -> ProofCheck:
    """What adapts loses no value."""
    lost: dict[str, int] = {}
    for one in case.tried:
        for name, many in one.lost_values.items():
            lost[name] = lost.get(name, 0) + many
    said = [f"{name}: {many} values would be lost on the way." for name, many in sorted(lost.items())]
    return _check("lost", not lost, "No value gets lost in the steps that adapt.", said, {**lost})


def _consumers(case: _Case) -> ProofCheck:
    """Who reads the output still gets what it needs, where it got that before."""
    before = case.history[0].before.output_schema if case.history else None
    said = []
    for consumer in case.evidence.consumers:
        held = set() if before is None else set(_unlike(consumer.needs, before))
        missing = (
            []
            if case.came.refused
            else [one for one in _unlike(consumer.needs, case.came.output_schema) if one not in held]
        )
        said += [f"{consumer.workflow}: {one}" for one in missing]
    figures = {"consumers": float(len(case.evidence.consumers)), "broken": float(len(said))}
    return _check(
        "consumers", not said, "Every workflow that reads the output still gets what it needs.", said, figures
    )


CHECKS: tuple[Callable[[_Case], ProofCheck], ...] = (
    _contract,
    _keys,
    _books,
    _set_aside,
    _replay,
    _distributions,
    _nulls,
    _lost,
    _consumers,
)


def _apart(case: _Case) -> list[Distance]:
    history = case.history
    if not history:
        return []
    peers = season(case.came.at, [one.at for one in history])
    found = []
    kept = [one.before.rows_out / max(1, one.before.rows_in) for one in history]
    share = case.came.rows_out / max(1, case.came.rows_in)
    nearest = (
        [min(abs(one - other) for at, other in enumerate(kept) if at != number) for number, one in enumerate(kept)]
        if len(kept) > 1
        else []
    )
    bound = learned(0.1, 0.4, nearest, len(kept))
    found.append(Distance("all rows", "share that comes through", min(abs(share - one) for one in kept), bound))
    types = {column.name: column.type for column in case.came.output_schema.columns}
    for column in case.came.columns:
        past = [figures for one in history for figures in one.before.columns if figures.column == column.column]
        # A key is judged by being one; a new column has no past.
        if len(past) == len(history) and column.column not in case.keys:
            found += distances(column, past, types[column.column], peers)
    return found


def _equal(replay: Replay, contract: Schema) -> bool:
    """Whether both outputs are the same, but for columns that are new and promised."""
    found = replay.difference
    new = all(contract.column(name) is not None for name in found.columns_only_right)
    return new and not (
        replay.after.refused or found.changed or found.only_left or found.only_right or found.columns_only_left
    )


def _unlike(wanted: Schema, found: Schema) -> list[str]:
    """What is missing or of a type that does not fit."""
    said = []
    for column in wanted.columns:
        there = found.column(column.name)
        if there is None:
            said.append(f"There is no column {column.name!r} any more.")
        elif there.type is not column.type and not there.type.widens(column.type):
            said.append(f"Column {column.name!r} is {there.type.value} and not {column.type.value}.")
    return said


def _check_name(said: str) -> str:
    return said.rpartition(":")[0]


def _check(
    name: str, passed: bool, fine: str, said: Sequence[str], figures: dict[str, int] | dict[str, float]
) -> ProofCheck:
    more = f" And {len(said) - 5} more." if len(said) > 5 else ""
    return ProofCheck(
        name=name,
        passed=passed,
        detail=fine if passed else " ".join(said[:5]) + more,
        figures={key: float(value) for key, value in figures.items()},
    )
