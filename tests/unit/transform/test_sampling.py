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
        ("true", 65_534, 4),
    ],
)
def test_the_first_that_match(tmp_path: Path, where: str, offset: int, limit: int) -> None:
    whole = pl.DataFrame({"n": range(sum(SIZES))})
    paths, start = [], 0
    for number, size in enumerate(SIZES):
        paths.append(str(tmp_path / f"{number}.parquet"))
        whole.slice(start, size).write_parquet(paths[-1], row_group_size=8_192)
        start += size
    output = tmp_path / "out"
    output.mkdir()
    job = SampleJob(
        inputs=tuple(paths),
        table_schema=schema(n="integer"),
        where=where,
        offset=offset,
        limit=limit,
        output=str(output),
    )
    found = sample(job)
    wanted = whole.filter(pl.sql_expr(where))
    assert pl.read_parquet(output / found.part)["n"].to_list() == wanted["n"].slice(offset, limit).to_list()
    if found.matches is not None:
        assert found.matches == wanted.height
