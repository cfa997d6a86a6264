"""Files as the world sends them, sent to the running stack: right rows, rows set aside, or a refusal that helps."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bad_files import CSV, HEADERS, LARGE, OUTSIDE, READ, REFUSED, TYPES, content, zipped
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workspace
from tests.unit.connector.workbooks import workbook
from tests.waiting import until


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace that has made no connection at all."""
    made = workspace(platform.api, "files")
    yield made
    made.api.close()


def sent(seeded: Seeded, name: str, body: bytes) -> dict[str, Any]:
    """What means a file that was sent."""
    answer = seeded.api.send("PUT", f"/api/uploads/{name.rpartition('/')[2]}", body)
    assert answer.status == 201, answer.body
    selection: dict[str, Any] = answer.json["selection"]
    return selection


def looked_at(seeded: Seeded, name: str, body: bytes, **format: Any) -> Any:
    """What a preview says of a file that was sent; patient, for a workspace may not look all the time."""
    selection = sent(seeded, name, body) | ({"format": format} if format else {})

    def look() -> Any:
        answer = seeded.api.send("POST", "/api/connections/uploads:preview", {"selection": selection, "limit": 20})
        return None if answer.status == 429 else answer

    return until("it may be looked at", look)


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_exactly(seeded: Seeded, name: str) -> None:
    body, expected, aside = READ[name]
    answer = looked_at(seeded, name, content(body))
    assert answer.status == 200, answer.body
    names = [column["name"] for column in answer.json["schema"]["columns"]]
    assert [[row[one] for one in names] for row in answer.json["rows"]] == expected
    assert answer.json["rejected"] == aside
    types = [column["type"] for column in answer.json["schema"]["columns"]]
    assert types == TYPES.get(name, types)
    if name == "59/names.csv":
        long = names[5]
        assert names == ["a", "a_2", "A", "column_4", "column_5", long, *HEADERS[6:]], "what could stay stayed"
        assert (len(long), long[:100]) == (200, "x" * 100)
        renamed = {"a_2": "a", "column_4": "", "column_5": "", long: "x" * 10_240}
        assert answer.json["facts"]["renamed_headers"] == renamed
        again = looked_at(seeded, name, content(body))
        assert again.json["schema"] == answer.json["schema"], "the same every time"


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_sentence(seeded: Seeded, name: str) -> None:
    body, code = REFUSED[name]
    answer = looked_at(seeded, name, content(body))
    assert answer.status == 422, answer.body
    (problem,) = answer.json["errors"]
    assert code == "*" or problem["code"] in code.split(), problem
    assert problem["message"].endswith(".")
    assert "passwd" not in answer.body.decode(errors="replace")
    assert "Traceback" not in answer.body.decode(errors="replace")
    assert not any(Path(path).exists() for path in OUTSIDE)


@pytest.mark.parametrize("name", LARGE)
def test_what_is_large_is_read_in_pieces_or_refused(seeded: Seeded, name: str) -> None:
    body, expected = LARGE[name]
    asked = {"connection": "uploads", "selection": sent(seeded, name, content(body))}
    path = f"/api/sessions/{seeded.api.call('POST', '/api/sessions', asked)['id']}"
    seen = until("it is read", lambda: (s := seeded.api.call("GET", path))["state"] != "opening" and s, 180)
    if isinstance(expected, int):
        assert seen["state"] == "open", seen
        assert seen["nodes"][0]["rows"] == expected
    else:
        assert (seen["state"], bool(seen["message"])) == ("failed", True), seen


def test_after_all_of_them_the_next_file_is_read(seeded: Seeded) -> None:
    assert looked_at(seeded, "next.xlsx", workbook({"s": [["id"], [1]]})).status == 200


@pytest.mark.parametrize("form", ["csv", "xlsx"], ids=["62/export.csv", "62/export.xlsx"])
def test_formulas_are_made_harmless_in_files_for_people_if_asked(seeded: Seeded, form: str) -> None:
    body = b"n,f\n-1,=cmd|'/c calc'!A1\n-2,+x\n-3,-x\n-4,@x\n-5,plain\n"
    session = seeded.api.opened("uploads", sent(seeded, f"{form}.csv", body))
    path = f"/api/sessions/{session['id']}/nodes/{session['current_node_id']}/export?format={form}&escape_formulas="
    raw, escaped = (_texts(seeded, form, f"{path}{how}") for how in ("false", "true"))
    texts = ["=cmd|'/c calc'!A1", "+x", "-x", "@x", "plain"]
    assert [text for _, text in raw] == texts
    assert [text for _, text in escaped] == ["'" + text for text in texts[:-1]] + ["plain"]
    assert [float(n) for n, _ in raw] == [float(n) for n, _ in escaped] == [-1, -2, -3, -4, -5]


def _texts(seeded: Seeded, form: str, path: str) -> list[list[Any]]:
    exported = seeded.api.send("GET", path)
    assert exported.status == 200, exported.body
    read = looked_at(seeded, f"again.{form}", exported.body, kind=form)
    return [[row["n"], row["f"]] for row in read.json["rows"]]


def test_a_choice_is_made_in_the_selection(seeded: Seeded) -> None:
    data = zipped(("a.csv", CSV), ("b.csv", b"x\n7\n"))
    assert looked_at(seeded, "two.zip", data, kind="csv", member="b.csv").json["rows"] == [{"x": 7}]
    two = json.dumps({"a": [{"x": 1}], "b": [{"y": 2}]}).encode()
    assert looked_at(seeded, "two.json", two, kind="json", records="/b").json["rows"] == [{"y": 2}]
    days = looked_at(seeded, "days.csv", b"day\n01/02/2024\n03/04/2024\n")
    assert [question["column"] for question in days.json["facts"]["questions"]] == ["day"]
    told = looked_at(seeded, "days.csv", b"day\n01/02/2024\n03/04/2024\n", kind="csv", columns={"day": "month_first"})
    assert told.json["rows"][0] == {"day": "2024-01-02"}
