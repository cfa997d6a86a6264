"""Undoing in a bucket: files that hands changed, a first replacement of what had been added, and two at once."""

from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from services.connector.destinations.s3 import S3Destination
from services.connector.failures import UndoRefused
from tests.conformance.destination_subjects import S3Files
from tests.conformance.test_destinations import Died, DiesAt, calm
from tests.conformance.test_undo import NEW, OLD, Undoing
from tests.customers import Customer


@pytest.fixture
def files(customer: Customer) -> S3Files:
    return S3Files(customer, "csv")


def parts(customer: Customer) -> list[str]:
    listed = customer.s3.list_objects_v2(Bucket=customer.bucket, Prefix=f"{customer.prefix}/out/parts/")
    return [item["Key"] for item in listed["Contents"]]


@pytest.mark.parametrize(("body", "sentence"), [(None, "was removed since"), (b"x", "was changed since")])
def test_files_that_somebody_touched_are_named(
    files: S3Files, customer: Customer, tmp_path: Path, body: bytes | None, sentence: str
) -> None:
    attempts = Undoing(files, tmp_path, "replace")
    attempts.write(OLD)
    old = parts(customer)[0]
    load = attempts.write(NEW)
    if body is None:
        customer.s3.delete_object(Bucket=customer.bucket, Key=old)
    else:
        customer.s3.put_object(Bucket=customer.bucket, Key=old, Body=body)
    with pytest.raises(UndoRefused, match=sentence):
        attempts.undone(load)
    assert attempts.rows == Counter(NEW)


def test_before_the_first_replacement_the_table_was_what_had_been_added(files: S3Files, tmp_path: Path) -> None:
    attempts = Undoing(files, tmp_path, "append")
    attempts.write(OLD)
    second = attempts.write([(30, "more", 3.0)])
    replacing = attempts.load(NEW, mode="replace")
    files.destination().write(replacing, calm())
    assert attempts.rows == Counter(NEW)
    with pytest.raises(UndoRefused, match=f"run {replacing.run_id} has replaced its rows"):
        attempts.undone(second)
    attempts.undone(replacing)
    assert attempts.rows == Counter([*OLD, (30, "more", 3.0)])
    attempts.undone(second)
    assert attempts.rows == Counter(OLD)


def test_one_that_is_half_done_is_finished_by_its_own_run_only(files: S3Files, tmp_path: Path) -> None:
    attempts = Undoing(files, tmp_path, "replace")
    attempts.write(OLD)
    load, run = attempts.write(NEW), uuid4()
    with pytest.raises(Died):
        files.destination().undo(attempts.undo(load, run), type(calm())(DiesAt("undo.before_commit")))
    assert attempts.rows == Counter(OLD)
    with pytest.raises(UndoRefused, match=f"run {run} has undone it already"):
        attempts.undone(load)
    # A late attempt of the load finds the pointer moved on, and leaves it there.
    assert isinstance(files.destination(), S3Destination)
    files.destination().write(attempts.again(load), calm())
    assert attempts.rows == Counter(OLD)
    attempts.undone(load, run)
    assert attempts.rows == Counter(OLD)
