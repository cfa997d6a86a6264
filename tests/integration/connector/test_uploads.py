"""Files sent to the platform itself: whole or not at all, of one workspace, and read as those of any connection."""

import gzip
import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from starlette.requests import ClientDisconnect

from contracts.commands.command import WindowRequest
from contracts.commands.connector import PullInput, PullResult
from contracts.permissions import Role
from contracts.workflow import SourceDefinition
from services.connector.settings import ConnectorSettings
from tests.customers import Customer
from tests.integration.composed import Composed
from tests.integration.connector.runs import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = b"id;Preis;Tag\n1;1.234,50;31.01.2024\n2;2,00;01.02.2024\n3;;\n"


async def sent(world: Composed, name: str, body: bytes) -> dict[str, object]:
    answer = await world.request("POST", "/api/uploads", files={"file": (name, body)})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def preview(world: Composed, upload: object, **format: object) -> dict[str, object]:
    selection = {"upload": upload} | ({"format": format} if format else {})
    answer = await world.request("POST", "/api/connections/uploads:preview", json={"selection": selection, "limit": 5})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_a_form_and_a_body_are_the_same_upload(world: Composed) -> None:
    made = await sent(world, "preise.csv", CSV)
    assert made["upload"] == f"{hashlib.sha256(CSV).hexdigest()}/preise.csv"
    assert (made["name"], made["size"]) == ("preise.csv", len(CSV))
    assert made["source"] == {"connection": "uploads", "selection": {"upload": made["upload"]}}
    assert (made["connection"], made["selection"]) == ("uploads", {"upload": made["upload"]})
    headers = {"Content-Type": "text/csv"}
    again = await world.request("PUT", "/api/uploads/preise.csv", content=CSV, headers=headers, role=Role.ANALYST)
    assert (again.status_code, again.json()) == (201, made)


async def test_what_was_found_out_is_shown_with_how_sure_that_is(world: Composed) -> None:
    made = await sent(world, "preise.csv.gz", gzip.compress(CSV))
    found = await preview(world, made["upload"])
    assert found["rows"][0] == {"id": 1, "Preis": 1234.5, "Tag": "2024-01-31"}  # type: ignore[index]
    facts = found["facts"]
    assert isinstance(facts, dict)
    assert (facts["delimiter"], facts["compression"], facts["header"], facts["preamble"]) == (";", ["gzip"], True, 0)
    assert {"encoding", "delimiter", "header", "preamble"} <= set(facts["confidence"])
    assert facts["spellings"]["Preis"] == "decimal comma, thousands point"


async def test_a_question_is_answered_in_the_selection(world: Composed) -> None:
    made = await sent(world, "d.csv", b"day,n\n01/02/2024,1\n03/04/2024,2\n")
    asked = await preview(world, made["upload"])
    assert asked["rows"][0]["day"] == "01/02/2024"  # type: ignore[index]
    question = asked["facts"]["questions"][0]  # type: ignore[index]
    assert (question["column"], set(question["choices"])) == ("day", {"day_first", "month_first"})
    for answer, first in (("day_first", "2024-02-01"), ("month_first", "2024-01-02")):
        told = await preview(world, made["upload"], kind="csv", columns={"day": answer})
        assert told["rows"][0]["day"] == first  # type: ignore[index]
        assert told["facts"]["questions"] == []  # type: ignore[index]


async def test_a_wrong_guess_is_put_right_in_the_selection(world: Composed) -> None:
    made = await sent(world, "t.txt", b"a;b\nx;y\n1,5;2\n")
    right = await preview(world, made["upload"], kind="csv", delimiter=",", header=False, preamble=2)
    assert right["rows"] == [{"column_1": 1, "column_2": "5;2"}]
    assert right["facts"]["preamble"] == 2  # type: ignore[index]


async def test_an_upload_is_pulled_as_any_file(world: Composed, customer: Customer) -> None:
    made = await sent(world, "preise.csv", CSV)
    runner = Runner(world, customer)
    source = SourceDefinition.model_validate(made["source"])
    asked = PullInput(scope=runner.scope(), source=source, stream="main", window=WindowRequest(), claim=False)
    result: PullResult = await runner.activity("connector.pull", asked)
    assert [group.dataset.rows for group in result.groups] == [3]
    assert result.groups[0].objects[0].key == "preise.csv"


async def test_another_workspace_knows_nothing_of_it(world: Composed) -> None:
    made = await sent(world, "secret.csv", b"a,b\ncanary,1\n")
    asked = {"selection": {"upload": made["upload"]}, "limit": 5}
    foreign = await world.request("POST", "/api/connections/uploads:preview", json=asked, tenant=uuid4())
    nothing = {"selection": {"upload": f"{'0' * 64}/secret.csv"}, "limit": 5}
    unknown = await world.request("POST", "/api/connections/uploads:preview", json=nothing)
    assert foreign.status_code == unknown.status_code == 409
    assert "canary" not in foreign.text
    assert foreign.json()["code"] == unknown.json()["code"] == "not_found"


@pytest.mark.parametrize("upload", ["../../etc/passwd", f"{'0' * 64}/../x", "x", f"{'0' * 64}/", 7, None])
async def test_an_upload_is_named_by_its_content_only(world: Composed, upload: object) -> None:
    asked = {"selection": {"upload": upload}, "limit": 5}
    answer = await world.request("POST", "/api/connections/uploads:preview", json=asked)
    assert answer.status_code == 422, answer.text


async def test_a_file_that_is_no_table_is_refused_with_a_sentence(world: Composed) -> None:
    made = await sent(world, "chart.csv", b"\x89PNG\r\n\x1a\n" + bytes(100))
    answer = await world.request(
        "POST", "/api/connections/uploads:preview", json={"selection": {"upload": made["upload"]}, "limit": 5}
    )
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["code"] == "binary"
    assert "picture" in problem["message"]


async def test_a_body_that_names_a_file_is_no_upload(world: Composed) -> None:
    asked = {"files": {"file": {"filepath": "/etc/passwd"}}}
    assert (await world.request("POST", "/api/uploads", json=asked)).status_code == 415
    assert (await world.request("PUT", "/api/uploads/x.csv", json=asked)).status_code == 415


@pytest.mark.parametrize("name", ["..", " ", "x" * 300])
async def test_a_name_is_for_people(world: Composed, name: str) -> None:
    answer = await world.request("POST", "/api/uploads", files={"file": (name, b"a,b\n1,2\n")})
    assert answer.status_code == 422, answer.text


async def test_folders_in_a_name_are_nothing(world: Composed) -> None:
    made = await sent(world, "../../etc/cron.d/evil.csv", b"a,b\n1,2\n")
    assert made["name"] == "evil.csv"


async def test_an_upload_that_breaks_off_leaves_nothing(world: Composed) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x" * (2 << 20)
        raise ClientDisconnect

    headers = {"Content-Type": "application/octet-stream"}
    answer = await world.request("PUT", "/api/uploads/broken.csv", content=body(), headers=headers)
    assert answer.status_code >= 400


async def test_more_than_the_limit_is_refused(module_world: Composed) -> None:
    limit = ConnectorSettings().upload_limit_bytes
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(limit + 1)}
    answer = await module_world.request("PUT", "/api/uploads/big.csv", content=b"x", headers=headers)
    assert answer.status_code == 413


async def test_nothing_else_is_called_uploads(world: Composed) -> None:
    body = {"name": "uploads", "kind": "s3", "settings": {"bucket": "abc"}, "secrets": {}}
    secrets = {"access_key_id": "x", "secret_access_key": "y"}
    taken = await world.request("POST", "/api/connections", json=body | {"secrets": secrets})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    of_kind = {"name": "mine", "kind": "upload", "settings": {}, "secrets": {}}
    assert (await world.request("POST", "/api/connections", json=of_kind)).status_code == 422
    kinds = (await world.request("GET", "/api/connectors")).json()["items"]
    assert {kind["kind"] for kind in kinds} == {"s3", "postgres", "upload"}
