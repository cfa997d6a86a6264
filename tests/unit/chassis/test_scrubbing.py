"""Secrets leave texts in every spelling in which libraries and people put them there."""

import base64
import html
import io
import json
import logging
import urllib.parse
from pathlib import Path

import asyncpg
import botocore.exceptions
import httpx
import pytest
import sqlalchemy.exc
import structlog
from hypothesis import given
from hypothesis import strategies as st

from services.chassis import telemetry
from services.chassis.scrubbing import MIN_LENGTH, Scrubber
from services.chassis.settings import PlatformSettings

SECRET = 'pä"ss/w0rd+%&\\x\n1'


@pytest.fixture
def scrubber() -> Scrubber:
    made = Scrubber()
    made.add(SECRET)
    return made


SPELLINGS = {
    "plain": SECRET,
    "url": urllib.parse.quote(SECRET, safe=""),
    "url with slashes": urllib.parse.quote(SECRET),
    "form": urllib.parse.quote_plus(SECRET),
    "json": json.dumps({"p": SECRET}),
    "json with letters": json.dumps({"p": SECRET}, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"p": SECRET})),
    "repr": repr({"p": SECRET}),
    "html": html.escape(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 url": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    "basic auth": base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "basic auth, shifted": base64.b64encode(f"users:{SECRET}:tail".encode()).decode(),
    "basic auth, shifted more": base64.b64encode(f"me:{SECRET}!".encode()).decode(),
    "dsn": f"postgresql://u:{urllib.parse.quote(SECRET, safe='')}@h/db",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_is_found(scrubber: Scrubber, spelling: str) -> None:
    text = SPELLINGS[spelling]
    scrubbed = scrubber.text(f"before {text} after")
    assert "[secret]" in scrubbed
    for part in ("w0rd", base64.b64encode(b"w0rd+%").decode()[:6]):
        assert part not in scrubbed
    assert Scrubber().text(text) == text, "without knowing the secret nothing is found"


EXCEPTIONS = [
    asyncpg.InvalidPasswordError(f"password authentication failed for {SECRET}"),
    sqlalchemy.exc.OperationalError(f"connect {SECRET}", None, Exception(SECRET)),
    httpx.ConnectError(f"http://u:{urllib.parse.quote(SECRET, safe='')}@h refused"),
    botocore.exceptions.ClientError({"Error": {"Code": "403", "Message": SECRET}}, "GetObject"),
    OSError(2, f"no such file: {SECRET}"),
    KeyError(SECRET),
]


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
def test_exceptions_of_libraries_are_scrubbed(scrubber: Scrubber, error: Exception) -> None:
    for text in (str(error), repr(error)):
        assert "w0rd" not in scrubber.text(text)


def test_a_secret_is_known_for_as_long_as_somebody_holds_it() -> None:
    scrubber = Scrubber()
    with scrubber.holding("sesame-1"):
        with scrubber.holding("sesame-1", "sesame-12"):
            assert scrubber.text("sesame-12 sesame-1") == "[secret] [secret]"
        assert scrubber.text("sesame-1") == "[secret]"
    assert scrubber.text("sesame-1") == "sesame-1"


def test_structures_are_scrubbed_all_over(scrubber: Scrubber) -> None:
    value = scrubber.value({"a": [SECRET, 1, {SECRET: (SECRET,)}], "b": None})
    assert SECRET not in repr(value)
    assert value["b"] is None


def test_what_is_too_short_to_tell_apart_is_left(scrubber: Scrubber) -> None:
    scrubber.add("a", "")
    assert scrubber.text("a banana") == "a banana"


@given(st.text(min_size=MIN_LENGTH, max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_any_secret_leaves_any_text(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber()
    scrubber.add(secret)
    assert secret not in scrubber.text(before + secret + after).replace("[secret]", "\x00")


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_log_line_holds_it_whoever_wrote_it(scrubber: Scrubber, form: str, tmp_path: Path) -> None:
    kept = structlog.get_config()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    (tmp_path / "x").write_text("{}")
    settings = PlatformSettings(
        database_url="postgresql://h/d",
        database_passwords_file=tmp_path / "x",
        kafka="h:1",
        temporal="h:1",
        storage="file:///x",
        kek_file=tmp_path / "x",
        payload_key_file=tmp_path / "x",
        log_format=form,
    )
    try:
        telemetry.configure(settings, "test", scrubber, stream)
        structlog.contextvars.bind_contextvars(tenant="t1", run="r1")
        with telemetry.tracer().start_as_current_span("work"):
            structlog.get_logger().info("event", detail=SECRET, nested={"dsn": SPELLINGS["dsn"]})
        logging.getLogger("some.library").warning("connecting with %s", SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("some.library").exception("failed")
            structlog.get_logger().exception("failed too")
    finally:
        structlog.contextvars.clear_contextvars()
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**kept)
    written = stream.getvalue()
    assert written.count("[secret]") >= 5
    assert "w0rd" not in written
    if form == "json":
        first = json.loads(written.splitlines()[0])
        assert first["tenant"] == "t1"
        assert first["run"] == "r1"
        assert len(first["trace"]) == 32
        assert all(json.loads(line) for line in written.splitlines())
