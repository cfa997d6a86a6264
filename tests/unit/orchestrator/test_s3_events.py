"""S3 notifications as stores write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.data import ObjectVersion
from services.orchestrator.s3_events import MAX_RECORDS, Ignored, NotAnEvent, Place, read


def record(key: str = "flights/02.csv", name: str = "ObjectCreated:Put", **thing: Any) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-21T09:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "x"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": "landing", "arn": "arn:aws:s3:::landing"},
            "object": {"key": key, "size": 10, "eTag": "d41d8", "sequencer": "00"} | thing,
        },
    }


def objects(*records: dict[str, Any]) -> list[ObjectVersion]:
    return read({"Records": list(records)}).objects


def ignored(*records: dict[str, Any]) -> list[Ignored]:
    return read({"Records": list(records)}).ignored


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a+b%20c%2Fd.csv", "a b c/d.csv"),
        ("in%2Fa%2Bb.csv", "in/a+b.csv"),
        ("caf%C3%A9%3D%26.csv", "café=&.csv"),
        ("100%25.csv", "100%.csv"),
        ("a%252Fb.csv", "a%2Fb.csv"),
        ("plain/x.csv", "plain/x.csv"),
    ],
)
def test_key_is_decoded_once(encoded: str, key: str) -> None:
    assert [version.key for version in objects(record(encoded))] == [key]


def test_whole_version() -> None:
    assert objects(record(eTag='"abc-2"', versionId="v7", size=3)) == [
        ObjectVersion(bucket="landing", key="flights/02.csv", etag="abc-2", size=3, version_id="v7")
    ]


@pytest.mark.parametrize("version", ["null", "", None])
def test_bucket_without_versions(version: str | None) -> None:
    assert objects(record(versionId=version))[0].version_id is None


@pytest.mark.parametrize("name", ["ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"])
def test_every_way_to_create_counts(name: str) -> None:
    assert len(objects(record(name=name))) == 1


def test_other_events_are_ignored_and_counted() -> None:
    tagging = record(name="ObjectTagging:Put")
    del tagging["s3"]["object"]["size"]
    assert [item.reason for item in ignored(record(name="ObjectRemoved:Delete"), tagging)] == ["other_event"] * 2


def test_test_event() -> None:
    said = read({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "landing"})
    assert said.test
    assert said.objects == []


def test_good_records_beside_useless_ones() -> None:
    said = read({"Records": [record("%ff.csv"), record("%00.csv"), record("x" * 2000), record(eTag=""), record()]})
    assert [item.reason for item in said.ignored] == [
        "key_undecodable",
        "key_impossible",
        "key_impossible",
        "version_unknown",
    ]
    assert len(said.objects) == 1


@pytest.mark.parametrize(
    "document",
    [None, [], {}, "x", 7, {"Records": []}, {"Records": {}}, {"Records": [1]}, {"Records": [{"eventName": "x"}]}],
)
def test_what_is_no_event(document: Any) -> None:
    with pytest.raises(NotAnEvent):
        read(document)


def test_very_many_records() -> None:
    with pytest.raises(NotAnEvent):
        read({"Records": [record()] * (MAX_RECORDS + 1)})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Records", "Event", "s3", "eventName", "object", "key", "bucket"]), inner)
    ),
    max_leaves=20,
)


@given(json)
def test_no_document_is_an_accident(document: Any) -> None:
    try:
        read(document)
    except NotAnEvent:
        return


def version(key: str = "flights/02.csv", bucket: str = "landing", size: int = 10) -> ObjectVersion:
    return ObjectVersion(bucket=bucket, key=key, etag="e", size=size)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (version(), None),
        (version(bucket="forged"), "other_bucket"),
        (version("other/02.csv"), "outside_path"),
        (version("flights/02.csv.filepart"), "outside_path"),
        (version("flights/deep/02.csv"), "outside_path"),
        (version(size=0), "empty"),
    ],
)
def test_what_a_trigger_is_for(seen: ObjectVersion, reason: str | None) -> None:
    assert Place("landing", "flights/*.csv").why_not(seen) == reason
    assert Place("landing", "**").why_not(version("flights/")) == "folder_marker"
    assert Place("", "flights/*.csv").why_not(version(bucket="any")) is None
