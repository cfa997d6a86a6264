"""The one file of a form, however its bytes are cut; everything that is no such form is refused before it is kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.problems import ProblemError
from services.connector.multipart import FormFile

TYPE = "multipart/form-data; boundary=edge"


def form(content: bytes, *, name: str = "file", filename: str | None = "a.csv", extra: bytes = b"") -> bytes:
    given = f'; filename="{filename}"' if filename is not None else ""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{given}\r\n\r\n'
    return head.encode() + content + b"\r\n" + extra + b"--edge--\r\n"


def received(body: bytes, size: int = 7, content_type: str = TYPE) -> tuple[str, bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    async def receive() -> tuple[str, bytes]:
        file = FormFile(chunks(), content_type)
        await file.begin()
        return file.name, b"".join([chunk async for chunk in file.chunks()])

    return asyncio.run(receive())


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=300), size=st.integers(min_value=1, max_value=400))
def test_the_bytes_are_those_that_were_sent(content: bytes, size: int) -> None:
    if b"--edge" not in content:
        assert received(form(content), size) == ("a.csv", content)


def test_lines_like_a_boundary_are_of_the_file() -> None:
    content = b"--edg\r\n--edge2\r\n-- edge\r\n"
    assert received(form(content), 3)[1] == content


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (form(b"x")[:-12], "form_malformed"),  # breaks off
        (form(b"x", filename=None), "one_file_only"),  # a field
        (form(b"x", name="other"), "one_file_only"),
        (form(b"x", extra=b'--edge\r\nContent-Disposition: form-data; name="b"\r\n\r\ny\r\n'), "one_file_only"),
        (b"--edge--\r\n", "form_malformed"),
        (b"no form at all", "form_malformed"),
        (b"", "form_malformed"),
        (b"--edge\r\n" + b"X: y\r\n" * 50 + b"\r\nx\r\n--edge--\r\n", "form_malformed"),  # endless headers
        (b"--edge\r\nX: " + b"y" * 100_000 + b"\r\n\r\nx\r\n--edge--\r\n", "form_malformed"),
        (b"\r\n" * 200_000 + form(b"x"), "form_malformed"),  # a giant preamble
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_is_no_form_with_one_file_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(ProblemError) as found:
        received(body, 4_096)
    assert found.value.code == code


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json", "multipart/mixed; boundary=edge"])
def test_a_form_says_its_boundary(kind: str) -> None:
    with pytest.raises(ProblemError):
        received(form(b"x"), content_type=kind)
