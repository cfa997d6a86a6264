"""The first rows that match an expression: the same ones as a plain filter finds, however the table is cut."""

from pathlib import Path

import polars as pl
import pytest

from services.transform.jobs import SampleJob
from services.transform.sampling import sample
from tests.unit.transform.evaluating import schema

SIZES = (70_000, 3, 66_000, 10)


@pytest.mark.parametrize(
    ("where", "offset", "limit"),
    [
        ("n < 10", 0, 50),
        ("n >= 65530", 0, 20),
        ("n % 65536 = 65535 OR n > 69998", 1, 3),
        ("n > 136000", 2, 50),
        ("n < 0", 0, 5),
        ("n % 70003 = 70001", 0, 5),
        ("row <= -65530", 30, 70),
        ("true", 65_534, 4),
    ],
)
def test_the_first_that_match(tmp_path: Path, where: str, offset: int, limit: int) -> None:
    # A column is called as the numbers of rows would be.
    whole = pl.DataFrame({"n": range(sum(SIZES))}).with_columns(row=-pl.col("n"))
    paths, start = [], 0
    for number, size in enumerate(SIZES):
        paths.append(str(tmp_path / f"{number}.parquet"))
        whole.slice(start, size).write_parquet(paths[-1], row_group_size=8_192)
        start += size
    output = tmp_path / "out"
    output.mkdir()
    job = SampleJob(
        inputs=tuple(paths),
        table_schema=schema(n="integer", row="integer"),
        where=where,
        offset=offset,
        limit=limit,
        output=str(output),
    )
    found = sample(job)
    wanted = whole.filter(pl.sql_expr(where))
    assert pl.read_parquet(output / found.part).rows() == wanted.slice(offset, limit).rows()
    if found.matches is not None:
        assert found.matches == wanted.height
