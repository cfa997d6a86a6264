"""Compares the two deliveries of each case of a folder as a run does, and writes what it finds and decides.

A case is a folder with `before.csv`, `after.csv` and, where the consumer declared anything, `contract.json` (`needed`,
`key` and `money` columns); labels may stand beside them and are not read.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.chassis.case_folders import told
from services.schema_drift.deciding.decide import Classes, Decision, decide
from services.schema_drift.describing.plain_csv import NoTable, read_csv
from services.schema_drift.detecting.detect import detect


class BadCase(Exception):
    """A case that cannot be read, in words for a person."""


def classes(path: Path) -> Classes:
    """What the consumer declared; without a declaration every column counts as needed."""
    if not path.exists():
        return Classes()
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise BadCase(f"{path} is no JSON document.") from None
    if not isinstance(said, dict) or not all(_names(said.get(part, [])) for part in ("needed", "key", "money")):
        raise BadCase(f"{path} should be an object with the lists needed, key and money.")
    needed = frozenset(said["needed"]) if "needed" in said else None
    return Classes(needed, frozenset(said.get("key", [])), frozenset(said.get("money", [])))


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def predict(case: Path) -> dict[str, Any]:
    """What is found and decided about one case."""
    try:
        before = read_csv(case / "before.csv")
        after = read_csv(case / "after.csv", before)
    except (OSError, NoTable) as error:
        raise BadCase(f"Case {case.name} cannot be read: {error}") from None
    return {"id": case.name} | document(decide(detect(before, after), classes(case / "contract.json")))


def document(decision: Decision) -> dict[str, Any]:
    """A decision in the shape of a prediction, with the reason for each verdict."""
    found = [reason.difference for reason in decision.reasons]
    return {
        "renamed": {one.column: one.became for one in found if one.kind == "renamed"},
        "added": [one.column for one in found if one.kind == "added"],
        "removed": [one.column for one in found if one.kind == "removed"],
        "type_changed": {one.column: list(one.types) for one in found if one.kind == "type_changed" and one.types},
        "meaning_changed": {one.column: one.detail for one in found if one.kind == "meaning_changed"},
        "format_changed": {one.column: one.detail for one in found if one.kind == "format_changed"},
        "file_changed": {one.column: one.detail for one in found if one.kind == "file_changed"},
        "decision": decision.verdict,
        "reasons": [[reason.verdict, reason.difference.kind, reason.text] for reason in decision.reasons],
    }


def run(cases: Path, out: Path) -> list[dict[str, Any]]:
    """All cases of a folder, written to `predictions.jsonl`."""
    predictions = [predict(case) for case in sorted(path for path in cases.iterdir() if _is_case(path))]
    out.mkdir(parents=True, exist_ok=True)
    with (out / "predictions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in predictions)
    return predictions


def _is_case(folder: Path) -> bool:
    return (folder / "before.csv").exists() and (folder / "after.csv").exists()


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m services.schema_drift.score_drift CASES OUT`."""
    cases, out = told("score-drift", str(__doc__), arguments, _is_case, "a before.csv and an after.csv")
    try:
        predictions = run(cases, out)
    except BadCase as error:
        sys.stderr.write(f"{error}\n")
        return 2
    decided = ", ".join(
        f"{sum(one['decision'] == verdict for one in predictions)} {verdict}"
        for verdict in ("none", "auto", "ask", "refuse")
    )
    sys.stdout.write(f"{len(predictions)} cases: {decided}, in {out / 'predictions.jsonl'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
