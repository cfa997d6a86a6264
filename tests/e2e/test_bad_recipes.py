"""Steps that nobody should send, sent to the running stack: refused with their place before they run, or harmless."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.e2e.bad_recipes import HARMLESS, LONG, REFUSED, Step
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, s3_connection, warehouse_connection, workspace

ROWS = f"a,b\n1,x\n2,{LONG}\n".encode()


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace with a bucket and a warehouse."""
    made = workspace(platform.api, "recipes")
    made.api.call("POST", "/api/connections", s3_connection(platform.state, "landing"))
    made.api.call("POST", "/api/connections", warehouse_connection(platform.state, "warehouse"))
    yield made
    made.api.close()


@pytest.fixture(scope="module")
def session(seeded: Seeded) -> Any:
    """A session of two rows."""
    return opened(seeded, "rows.csv", ROWS)


def opened(seeded: Seeded, name: str, body: bytes) -> Any:
    """A session on a file that was sent."""
    sent = seeded.api.call("PUT", f"/api/uploads/{name}", body)
    made = seeded.api.opened("uploads", sent["selection"])
    assert made["state"] == "open", made
    return made


def grown(seeded: Seeded, session: Any, steps: list[Step]) -> Any:
    """What comes of steps on the first node of a session."""
    body = {"steps": steps, "parent_id": session["nodes"][0]["id"]}
    return seeded.api.send("POST", f"/api/sessions/{session['id']}/nodes", body)


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_should_send_is_refused_with_its_place(seeded: Seeded, session: Any, name: str) -> None:
    started = time.monotonic()
    answer = grown(seeded, session, REFUSED[name])
    if answer.status == 413:  # too large to be looked at
        assert name in ("92/megabyte", "112/many"), answer.body
    else:
        assert answer.status == 422, answer.body
        assert all(error["pointer"].startswith("/steps") and error["message"] for error in answer.json["errors"])
    for telling in ("Traceback", "passwd:", "sqlglot", "polars"):
        assert telling.encode() not in answer.body
    assert time.monotonic() - started < 20
    assert len(seeded.api.call("GET", f"/api/sessions/{session['id']}")["nodes"]) <= 1 + len(HARMLESS), "nothing ran"


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_only_odd_does_what_it_says(seeded: Seeded, session: Any, name: str) -> None:
    steps, expected = HARMLESS[name]
    answer = grown(seeded, session, steps)
    assert answer.status == 201, answer.body
    path = f"/api/sessions/{session['id']}/nodes/{answer.json['id']}/preview"
    assert [row["c"] for row in seeded.api.call("GET", path)["rows"]] == expected


@pytest.mark.parametrize("rows", [100], ids=["94/explode"])
def test_rows_may_become_a_thousand_each(seeded: Seeded, rows: int) -> None:
    parts = ",".join(["x"] * 1_000)
    session = opened(seeded, "parts.csv", b"c\n" + f'"{parts}"\n'.encode() * rows)
    answer = grown(seeded, session, [{"kind": "explode", "column": "c", "separator": ","}])
    assert answer.status == 201, answer.body
    assert answer.json["rows"] == 1_000 * rows


@pytest.mark.parametrize("to", ["decimal", "integer"], ids=["97/decimal", "97/integer"])
def test_values_that_have_no_number_are_set_aside(seeded: Seeded, to: str) -> None:
    session = opened(seeded, "amounts.csv", b"c,d\n15,x\nten,y\n25,z\n,w\n")
    assert session["nodes"][0]["rows"] == 4
    cast = {"kind": "cast", "columns": {"c": to}, "on_failure": "quarantine"}
    answer = grown(seeded, session, [{"kind": "cast", "columns": {"c": "string"}}, cast])
    assert answer.status == 201, answer.body
    assert (answer.json["rows"], answer.json["quarantined"]["rows"]) == (3, 1)


# -- names, all the way into a table --------------------------------------------------------------------------------

NAMES = ['x"y', "x`y", "x;y", "new\nline", "select", "ünï – 漢字", "n" * 70 + "1", "n" * 70 + "2", "__proto__",
         '"; DROP TABLE x;--', "a.b", "%s", ":x", "$1"]  # fmt: skip


def through(seeded: Seeded, flow: str, table: str, header: list[str], steps: list[Step]) -> Any:
    """Files of one row each, through a module of these steps, into a table."""
    line = ",".join('"' + name.replace('"', '""') + '"' for name in header)
    body = f"{line}\n{','.join(['1'] * len(header))}\n".encode()
    session = opened(seeded, f"{flow}.csv", body)
    made = grown(seeded, session, steps)
    assert made.status == 201, made.body
    deployed = seeded.api.send(
        "POST", f"/api/sessions/{session['id']}:deploy", {"name": flow, "node_id": made.json["id"]}
    )
    assert deployed.status == 201, deployed.body
    put = seeded.api.send(
        "PUT",
        f"/api/workflows/{flow}",
        {
            "name": flow,
            "source": {"connection": "landing", "selection": {"path": f"{seeded.word}/{flow}/*.csv"}},
            "modules": [{"name": flow, "version": 1}],
            "destination": {"connection": "warehouse", "target": {"schema": "public", "table": table}},
            "triggers": [],
        },
    )
    assert put.status in (200, 201), put.body
    seeded.api.call("PUT", f"/api/connections/landing/files/{seeded.word}/{flow}/1.csv", body)
    return seeded.api.run(flow)


@pytest.mark.parametrize("row", ["59", "88"])
def test_names_arrive_in_a_table_quoted_and_apart(platform: Running, seeded: Seeded, row: str) -> None:
    table = f'{seeded.word}{row}"; DROP TABLE x;--'
    steps: list[Step] = [{"kind": "limit", "rows": 10}]
    run = through(seeded, f"names-{row}", table, [*NAMES, "A", "a"] if row == "59" else NAMES, steps)
    assert (run["state"], run["books"]["loaded"]) == ("succeeded", 1), run
    with psycopg.connect(platform.state.warehouse_dsn) as connection:
        query = b"SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        found = [name for (name,) in connection.execute(query, [table])]
    ours = [name for name in found if not name.startswith("_modulardata")]
    assert len(set(ours)) == len(ours) >= len(NAMES)
    assert all(len(name.encode()) <= 63 for name in ours)
    assert set(NAMES) - {"n" * 70 + "1", "n" * 70 + "2"} <= set(ours)
    assert sum(name.startswith("n" * 50) for name in ours) == 2


@pytest.mark.parametrize(
    ("row", "header", "steps"),
    [
        ("61", [f"c{number}" for number in range(1_700)], [{"kind": "limit", "rows": 10}]),
    ],
    ids=["61/columns"],
)
def test_what_a_table_cannot_hold_is_refused_before_anything_is_loaded(
    platform: Running, seeded: Seeded, row: str, header: list[str], steps: list[Step]
) -> None:
    table = f"{seeded.word}_refused_{row}"
    run = through(seeded, f"refused-{row}", table, header, steps)
    assert run["state"] == "failed", run
    assert "Traceback" not in str(run)
    with psycopg.connect(platform.state.warehouse_dsn) as connection:
        assert connection.execute(b"SELECT to_regclass(%s)", [f"public.{table}"]).fetchone() == (None,)


@pytest.mark.parametrize("many", [1, 3], ids=["95/itself", "95/circle"])
def test_workflows_that_would_start_one_another_are_refused_by_name(seeded: Seeded, many: int) -> None:
    seeded.api.call(
        "POST",
        "/api/modules",
        {
            "name": f"round-{many}",
            "recipe": {"steps": [{"kind": "limit", "rows": 1}]},
            "input_contract": {"columns": [{"name": "a", "type": "integer"}]},
            "output_contract": {"columns": [{"name": "a", "type": "integer"}]},
        },
    )
    names = [f"round-{many}-{number}" for number in range(many)]
    answers = []
    for number, name in enumerate(names):
        target = names[(number + 1) % many]
        flow = {
            "name": name,
            "source": {"connection": "landing", "selection": {"path": f"{seeded.word}/{name}/**.csv"}},
            "modules": [{"name": f"round-{many}", "version": 1}],
            "destination": {
                "connection": "landing",
                "target": {"prefix": f"{seeded.word}/{target}/", "format": {"kind": "csv"}},
            },
            "triggers": [{"kind": "s3_event", "name": "arrival", "watch": False}],
        }
        answers.append(seeded.api.send("PUT", f"/api/workflows/{name}", flow))
    *before, last = answers
    assert {answer.status for answer in before} <= {200, 201}, [answer.body for answer in before]
    assert last.status == 422, last.body
    assert "loop" in {error["code"] for error in last.json["errors"]}
    assert many == 1 or all(name in last.body.decode() for name in names)
