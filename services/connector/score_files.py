"""Reads a folder of cases as an upload would be read, and writes what was read, or why it was not."""

import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from contracts.data import LogicalType
from services.chassis.case_folders import told
from services.connector.failures import Unreadable
from services.connector.formats.base import Landed, Limits
from services.connector.formats.isolated import Children, ReadLimits
from services.connector.formats.registry import Formats
from services.connector.progress import Progress
from services.connector.reading import Reader

_LABELS = ("expected.json",)
_TYPES = {
    LogicalType.INTEGER: "integer", LogicalType.FLOAT: "decimal", LogicalType.DECIMAL: "decimal",
    LogicalType.BOOLEAN: "boolean", LogicalType.DATE: "date", LogicalType.TIMESTAMP: "datetime",
    LogicalType.TIMESTAMP_TZ: "datetime_tz",
}  # fmt: skip


class _Silent:
    """Milestones that nobody listens to."""

    def reached(self, name: str) -> None:
        """Nothing."""


def run(cases: Path, out: Path) -> int:
    """Read the one data file of each case; how many there were."""
    out.mkdir(parents=True, exist_ok=True)
    limits = ReadLimits()
    children = Children(limits)
    reader = Reader(Formats(), Limits(), children, limits)
    count = 0
    try:
        for case in sorted(path for path in cases.iterdir() if path.is_dir()):
            file = _data_file(case)
            if file is not None:
                count += 1
                with tempfile.TemporaryDirectory(prefix="score-") as folder:
                    _one(reader, file, Path(folder), out, case.name)
    finally:
        children.close()
    return count


def _data_file(case: Path) -> Path | None:
    """The input of a case: labels may stand beside it, or not."""
    expected = case / "expected.json"
    if expected.exists():
        return case / str(json.loads(expected.read_text(encoding="utf-8"))["file"])
    files = [
        path
        for path in sorted(case.iterdir())
        if path.is_file() and path.name not in _LABELS and not path.name.startswith("canonical")
    ]
    return files[0] if files else None


def _one(reader: Reader, file: Path, folder: Path, out: Path, case: str) -> None:
    path = folder / "file"
    shutil.copyfile(file, path)
    answer: dict[str, Any]
    try:
        landed = reader.file(path, file.name, None, None, Progress(_Silent()))
    except Unreadable as error:
        answer = {"error": {"code": error.code, "sentence": error.message}}
    else:
        _write_rows(landed, out / f"{case}.csv")
        answer = {
            "columns": [{"name": one.name, "type": _TYPES.get(one.type, "text")} for one in landed.schema.columns],
            "quarantined": sum(pile.rows for pile in landed.rejected),
            "rows": landed.rows,
            "counted": landed.counted,
            "questions": [one.text for one in landed.facts.questions],
        }
    (out / f"{case}.json").write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")


def _write_rows(landed: Landed, target: Path) -> None:
    names = list(landed.schema.names)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for batch in landed.batches():
            for row in batch.select(names).to_pylist():
                writer.writerow([_cell(row[name]) for name in names])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        text = value.astimezone(UTC).replace(tzinfo=None).isoformat() if value.tzinfo else value.isoformat()
        return f"{text}Z" if value.tzinfo else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m services.connector.score_files CASES OUT`."""
    cases, out = told("score-files", str(__doc__), arguments, lambda case: _data_file(case) is not None, "a data file")
    sys.stdout.write(f"{run(cases, out)} files, in {out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
