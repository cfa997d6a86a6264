"""A form with a file is taken byte by byte as it comes; whatever is not exactly that is refused by name."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.problems import ProblemError
from services.connector.incoming import Arrived, file_name, receive

FORM = "multipart/form-data; boundary=edge"


async def taken(body: bytes, target: Path, *, piece: int = 7, limit: int = 1 << 20, kind: str = FORM) -> Arrived:
    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    return await receive(kind, stream(), target, limit)


def part(name: str, content: bytes, filename: str | None = "a.csv") -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


END = b"--edge--\r\n"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=3000), piece=st.integers(1, 500))
async def test_a_file_arrives_as_it_was_sent(content: bytes, piece: int, tmp_path: Path) -> None:
    sent = httpx.Request("POST", "http://test", files={"file": ("März 1.csv", content)})
    arrived = await taken(sent.read(), tmp_path / "file", piece=piece, kind=sent.headers["content-type"])
    assert (tmp_path / "file").read_bytes() == content
    assert arrived == Arrived("März 1.csv", len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (part("file", b"x") + part("file", b"y") + END, 422, "repeated"),
        (part("file", b"x") + part("other", b"y", None) + END, 422, "repeated"),
        (part("other", b"x") + END, 422, "extra_forbidden"),
        (part("file", b"x", None) + END, 422, "extra_forbidden"),
        (part("file", b"x", "/") + END, 422, "name_invalid"),
        (part("file", b"x", "a" * 201) + END, 422, "name_invalid"),
        (END, 422, "missing"),
        (part("file", b"x"), 400, "body_cut_off"),
        (b"", 400, "body_cut_off"),
        (b"no form at all", 400, "multipart_invalid"),
        (part("file", b"x" * 101) + END, 413, "body_too_large"),
        (b"--edge\r\n" + b"A: b\r\n" * 100 + b"\r\n" + END, 400, "multipart_invalid"),
    ],
)
async def test_what_is_no_form_with_one_file_is_refused(body: bytes, status: int, code: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as refused:
        await taken(body, tmp_path / "file", limit=100)
    codes = [refused.value.code, *(problem.code for problem in refused.value.errors)]
    assert (refused.value.status, code in codes) == (status, True), codes


@pytest.mark.parametrize("kind", ["multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"])
async def test_a_form_without_a_usable_border_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as refused:
        await taken(part("file", b"x") + END, tmp_path / "file", kind=kind)
    assert refused.value.code == "multipart_invalid"


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\sales.xlsx", "sales.xlsx"),
        (" a\x00b\u202etxt.csv ", "abtxt.csv"),
        ("flights.csv", "flights.csv"),
    ],
)
def test_a_name_is_only_ever_a_name(given_name: str, kept: str) -> None:
    assert file_name(given_name) == kept
