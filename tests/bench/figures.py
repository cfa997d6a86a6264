"""What a bench measures, how it is printed, and the one format in which every suite writes it down."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.effort import Effort

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Figure:
    """One line: ours against a reference measured in the same run, or against an absolute limit."""

    name: str
    unit: str
    limit: float
    ours: float
    reference: float | None = None
    reference_name: str = ""
    runs: list[list[float]] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        return None if not self.reference else self.ours / self.reference

    @property
    def ok(self) -> bool:
        """The comparison with the limit, and nothing softer: of the ratio, or of the figure itself."""
        judged = self.ours if self.ratio is None else self.ratio
        return judged <= self.limit

    def to_json(self) -> dict[str, object]:
        ratio = self.ratio
        return asdict(self) | {"ratio": None if ratio is None else round(ratio, 4), "ok": self.ok}


def compared(
    name: str, ours: Sequence[float], reference: Sequence[float], reference_name: str, *, limit: float, unit: str = "s"
) -> Figure:
    """A figure from interleaved runs: medians, and every pair kept."""
    return Figure(
        name=name,
        unit=unit,
        limit=limit,
        ours=statistics.median(ours),
        reference=statistics.median(reference),
        reference_name=reference_name,
        runs=[list(pair) for pair in zip(ours, reference, strict=False)],
    )


def best(
    name: str, ours: Sequence[Effort], reference: Sequence[Effort], reference_name: str, *, limit: float
) -> list[Figure]:
    """The best of interleaved rounds, by the clock and of the processors: what others do at the time only adds."""
    figures = []
    for what, kind in (("", "seconds"), (", of the processors", "computing")):
        pairs = [(getattr(one, kind), getattr(other, kind)) for one, other in zip(ours, reference, strict=True)]
        least = [min(side) for side in zip(*pairs, strict=True)]
        runs = [list(pair) for pair in pairs]
        figures.append(Figure(name + what, "s", limit, least[0], least[1], reference_name, runs))
    return figures


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def report(suite: str, figures: Sequence[Figure]) -> bool:
    """Print the table, write `build/bench/<suite>.json`, and say whether every figure is within its limit."""
    table = Table(title=f"bench: {suite}")
    for heading in ("", "ours", "reference", "ratio", "limit", "ok"):
        table.add_column(heading, justify="left" if not heading else "right")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.ours:,.3f} {figure.unit}",
            "" if figure.reference is None else f"{figure.reference:,.3f} ({figure.reference_name})",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            f"{figure.limit:g}" + (f" {figure.unit}" if figure.ratio is None else "×"),
            "yes" if figure.ok else "NO",
        )
    Console(width=140).print(table)
    target = ROOT / "build" / "bench" / f"{suite}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([figure.to_json() for figure in figures], indent=2) + "\n")
    return all(figure.ok for figure in figures)
