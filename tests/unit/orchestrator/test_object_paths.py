"""Which keys a path means, and which objects are no data."""

import fnmatch
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.objects import literal_prefix, matches, why_ignored


@pytest.mark.parametrize(
    ("pattern", "key", "meant"),
    [
        ("flights/*.csv", "flights/01.csv", True),
        ("flights/*.csv", "flights/a/01.csv", False),
        ("flights/*.csv", "flights/01.CSV", False),
        ("flights/**/*.csv", "flights/01.csv", True),
        ("flights/**/*.csv", "flights/2013/01/01.csv", True),
        ("**", "a/b", True),
        ("data?.csv", "data1.csv", True),
        ("data?.csv", "data/.csv", False),
        ("data[0-9].csv", "data7.csv", True),
        ("data[!0-9].csv", "data7.csv", False),
        ("a+b c,d/*.csv", "a+b c,d/x.csv", True),
        ("[", "[", True),
        ("a[]b]c", "a]c", True),
        ("*.csv", ".csv", True),
        ("2013/", "2013/", True),
        ("2013/", "2013", False),
    ],
)
def test_pattern(pattern: str, key: str, meant: bool) -> None:
    assert matches(pattern, key) is meant


@settings(max_examples=300)
@given(st.text("ab*?[]!-", max_size=12), st.text("ab-", max_size=12))
def test_within_one_folder_it_agrees_with_the_standard_library(pattern: str, name: str) -> None:
    if "[" in pattern or "**" in pattern:
        return  # sets differ in their corner cases, and `**` is ours
    assert matches(pattern, name) == fnmatch.fnmatchcase(name, pattern)


def test_hostile_pattern_takes_no_time() -> None:
    started = time.process_time()
    assert not matches("*a" * 500 + "b", "a" * 1024)
    assert not matches("**/a/" * 100 + "b", "a/" * 500)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("pattern", "prefix"), [("flights/*.csv", "flights/"), ("a/b.csv", "a/b.csv"), ("x[1]", "x"), ("**", "")]
)
def test_literal_prefix(pattern: str, prefix: str) -> None:
    assert literal_prefix(pattern) == prefix


@pytest.mark.parametrize(
    ("key", "size", "reason"),
    [
        ("flights/", 0, "folder_marker"),
        ("flights/01.csv.filepart", 9, "unfinished"),
        ("flights/01.csv.tmp", 9, "unfinished"),
        ("out/_SUCCESS", 0, "marker"),
        ("flights/01.csv", 0, "empty"),
        ("flights/01.csv", 9, None),
        ("flights/01.csv", None, None),
    ],
)
def test_what_is_no_data_file(key: str, size: int | None, reason: str | None) -> None:
    assert why_ignored(key, size) == reason
