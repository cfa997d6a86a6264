"""Files that drift, on the whole stack: renamed columns heal, a person is asked and obeyed, silence and loss stop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from tests.e2e.client import Api, door
from tests.e2e.deliveries import put_file, supplied
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded
from tests.waiting import until

COLUMNS = {"number": "integer", "city": "string", "temperature": "float", "wind": "integer"}
CONTRACT = {"columns": [{"name": name, "type": kind} for name, kind in COLUMNS.items()]}
RENAMED = ("number", "town", "temperature", "wind_speed")
CITIES = ("Oslo", "Lima", "Turin", "Delhi", "Quito", "Hanoi")
MONTH = 200
ASK: dict[str, Any] = {"rulings": {"plain": {"renamed": "ask"}}}


def month(number: int, columns: tuple[str, ...] = tuple(COLUMNS)) -> bytes:
    """A month of weather; every month has the same kind of it."""
    random, first = Random(number), number * MONTH
    lines = [",".join(columns)]
    for row in range(first, first + MONTH):
        values = (row, random.choice(CITIES), round(random.gauss(15, 6), 1), random.randrange(40))
        lines.append(",".join(str(value) for value in values[: len(columns)]))
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def seeded(platform: Running) -> Iterator[Seeded]:
    """A workspace with a bucket and a warehouse."""
    with supplied(platform, "healing") as made:
        yield made


def weather(seeded: Seeded, name: str, drift: dict[str, Any] | None = None) -> None:
    """A workflow with a module of its own, that has loaded two months."""
    recipe = {"steps": [{"kind": "filter", "where": "wind < 39"}]}
    module = {"name": name, "recipe": recipe, "input_contract": CONTRACT, "output_contract": CONTRACT}
    seeded.api.call("POST", "/api/modules", module)
    body = {
        "name": name,
        "source": {"connection": "landing", "selection": {"path": f"{seeded.word}/{name}/*.csv"}},
        "modules": [{"name": name}],
        "destination": {
            "connection": "warehouse",
            "target": {"schema": "public", "table": f"{seeded.word}_{name}"},
            "mode": "append",
        },
        "drift": drift or {},
    }
    seeded.api.call("PUT", f"/api/workflows/{name}", body)
    for number in (1, 2):
        assert came(seeded, name, number)["state"] == "succeeded"


def started(seeded: Seeded, name: str, number: int, columns: tuple[str, ...] = tuple(COLUMNS)) -> str:
    """A run on a month's file."""
    put_file(seeded, f"{seeded.word}/{name}/{number}.csv", month(number, columns))
    return str(seeded.api.call("POST", f"/api/workflows/{name}/runs")["id"])


def came(seeded: Seeded, name: str, number: int, columns: tuple[str, ...] = tuple(COLUMNS)) -> Any:
    """The run on a month's file, at its end."""
    return seeded.api.ended(started(seeded, name, number, columns))


def asked(seeded: Seeded, name: str, number: int) -> tuple[str, str]:
    """A run on a drifted month that waits for a person, and the review."""
    run = started(seeded, name, number, RENAMED)
    (review,) = until("it asks", lambda: seeded.api.call("GET", f"/api/runs/{run}")["waiting_for"], 60)
    return run, review


def rows(platform: Running, seeded: Seeded, name: str) -> list[tuple[Any, ...]]:
    """What the destination holds, past the platform."""
    with psycopg.connect(platform.state.warehouse_dsn) as connection:
        query = f'SELECT {", ".join(COLUMNS)} FROM "{seeded.word}_{name}" ORDER BY number'
        return connection.execute(query.encode()).fetchall()


def expected(*months: int) -> list[tuple[Any, ...]]:
    """The rows of these months that the module lets pass."""
    found: list[tuple[Any, ...]] = []
    for number in months:
        for line in month(number).decode().splitlines()[1:]:
            row, city, temperature, wind = line.split(",")
            found += [(int(row), city, float(temperature), int(wind))] if int(wind) < 39 else []
    return found


def steps(run: Any) -> dict[str, str]:
    """The steps of a run and how they ended."""
    return {step["step"]: step["state"] for step in run["steps"]}


@pytest.fixture(scope="module")
def healed(seeded: Seeded) -> Any:
    """The run that a module was adapted in."""
    weather(seeded, "heals")
    run = came(seeded, "heals", 3, RENAMED)
    assert run["state"] == "succeeded", run
    return run


def proof_of(seeded: Seeded) -> str:
    """Where the proof of the adapted version is."""
    version = seeded.api.call("GET", "/api/modules/heals/versions/2")
    return f"/api/drift/proofs/{version['adapts']['proof_id']}"


def made_again(api: Api, proof: str) -> Any:
    """A replay of a proof, once it has its answer."""
    asked = api.call("POST", f"{proof}:replay")["id"]

    def find() -> Any:
        (one,) = [one for one in api.call("GET", proof)["replays"] if one["id"] == asked]
        return one if one["state"] != "running" else None

    return until("the proof is made again", find, 60)


def parts_of(platform: Running, seeded: Seeded, sha256: str) -> list[Path]:
    """The stored files of a recorded input."""
    folder = platform.state.objects / "tenants" / seeded.workspace_id
    manifests = [json.loads(path.read_bytes()) for path in (folder / "datasets").glob("*.json")]
    (manifest,) = [one for one in manifests if one["content_hash"] == sha256]
    return [folder / "parts" / f"{part['sha256']}.parquet" for part in manifest["parts"]]


@contextmanager
def changed_underneath(file: Path) -> Iterator[None]:
    """A stored file with one byte turned round."""
    kept = file.read_bytes()
    try:
        file.write_bytes(kept[:40] + bytes([kept[40] ^ 1]) + kept[41:])
        yield
    finally:
        file.write_bytes(kept)


@contextmanager
def improved(platform: Running, proof: str) -> Iterator[None]:
    """A stored proof in which somebody with all rights wrote another number."""
    name = proof.rpartition("/")[2]
    with psycopg.connect(platform.state.database_admin_url, autocommit=True) as owner:
        (kept,) = owner.execute("SELECT checks::text FROM schema_drift.drift_proofs WHERE id = %s", [name]).fetchone()
        checks = json.loads(kept)
        checks[0]["figures"] = dict.fromkeys(checks[0]["figures"] or ["rows"], 12345.0)
        change = "UPDATE schema_drift.drift_proofs SET checks = %s::json WHERE id = %s"
        owner.execute(change, [json.dumps(checks), name])
        try:
            yield
        finally:
            owner.execute(change, [kept, name])


def test_renamed_columns_heal_and_later_files_of_both_shapes_go_through(
    platform: Running, seeded: Seeded, healed: Any
) -> None:
    run = healed
    assert {name: steps(run)[name] for name in ("prove", "publish")} == {"prove": "succeeded", "publish": "succeeded"}
    assert "review" not in steps(run)
    assert rows(platform, seeded, "heals") == expected(1, 2, 3)
    assert [module["version"] for module in run["modules"]] == [2]
    version = seeded.api.call("GET", "/api/modules/heals/versions/2")
    assert (version["current"], version["adapts"]["base"]["version"]) == (True, 1)
    assert version["adapts"]["run_id"] == run["id"]
    # The new shape is the one that is known now, and the old one still has its version.
    assert came(seeded, "heals", 4, RENAMED)["state"] == "succeeded"
    old = came(seeded, "heals", 5)
    assert (old["state"], [module["version"] for module in old["modules"]]) == ("succeeded", [1]), old
    assert rows(platform, seeded, "heals") == expected(1, 2, 3, 4, 5)
    assert seeded.api.call("GET", "/api/modules/heals")["latest_version"] == 2
    listed = seeded.api.items("/api/runs?module=heals&module_version=2")
    assert len(listed) == 2


def test_the_proof_is_made_again_by_somebody_else_and_what_was_changed_is_told_apart(
    platform: Running, seeded: Seeded, healed: Any
) -> None:
    path = proof_of(seeded)
    key = seeded.api.call("POST", "/api/keys", {"name": "an auditor", "role": "analyst"})["key"]
    with door(platform.state.public_url, key) as auditor:
        proof = auditor.call("GET", path)
        assert (proof["verdict"], proof["history"], proof["run_id"]) == ("proven", 2, healed["id"])
        assert all(check["passed"] for check in proof["checks"])
        assert [one["rows"] for one in proof["inputs"]] == [MONTH] * 3

        again = made_again(auditor, path)
        assert (again["state"], again["verdict"], again["same"]) == ("done", "proven", True), again
        assert again["checks"] == proof["checks"], "the numbers too"
        assert again["asked_by"] == auditor.call("GET", "/api/me")["subject"]

        with changed_underneath(parts_of(platform, seeded, proof["inputs"][0]["sha256"])[0]):
            again = made_again(auditor, path)
            assert (again["state"], again["verdict"], again["code"]) == ("failed", None, "dataset_corrupt"), again
        with improved(platform, path):
            assert not auditor.call("GET", path)["intact"]
            again = made_again(auditor, path)
            assert (again["state"], again["verdict"], again["same"]) == ("done", "proven", False), again
        last = auditor.call("GET", path)
        assert (last["intact"], last["digest"], last["checks"]) == (True, proof["digest"], proof["checks"])
        assert made_again(auditor, path)["same"]


def test_a_person_is_asked_and_the_run_goes_on(platform: Running, seeded: Seeded) -> None:
    weather(seeded, "asks", ASK)
    run, review = asked(seeded, "asks", 3)
    shown = seeded.api.call("GET", f"/api/drift/reviews/{review}")
    assert (shown["state"], shown["run_id"], shown["proof"]["verdict"]) == ("open", run, "proven")
    assert seeded.api.items("/api/runs?workflow=asks")[0]["waiting_for"] == [review]
    seeded.api.call("POST", f"/api/drift/reviews/{review}:approve", {"reason": "the supplier said so"})
    ended = seeded.api.ended(run)
    assert (ended["state"], steps(ended)["review"]) == ("succeeded", "succeeded"), ended
    assert rows(platform, seeded, "asks") == expected(1, 2, 3)
    me = seeded.api.call("GET", "/api/me")
    version = seeded.api.call("GET", "/api/modules/asks/versions/2")
    assert version["published_by"] in str(me)


def test_what_is_rejected_or_not_answered_is_set_aside(platform: Running, seeded: Seeded) -> None:
    weather(seeded, "rejects", ASK)
    run, review = asked(seeded, "rejects", 3)
    seeded.api.call("POST", f"/api/drift/reviews/{review}:reject", {"reason": "another station"})
    ended = seeded.api.ended(run)
    assert (ended["state"], ended["books"]["quarantined"]) == ("quarantined", MONTH), ended
    (entry,) = seeded.api.items(f"/api/quarantine?run={run}")
    assert "Rejected: another station" in entry["summary"]
    weather(seeded, "expires", ASK | {"wait_seconds": 1})
    ended = came(seeded, "expires", 3, RENAMED)
    assert (ended["state"], ended["books"]["quarantined"]) == ("quarantined", MONTH), ended
    assert seeded.api.call("GET", "/api/modules/expires")["latest_version"] == 1
    assert rows(platform, seeded, "rejects") == rows(platform, seeded, "expires") == expected(1, 2)


def test_a_lost_column_that_is_needed_is_refused(platform: Running, seeded: Seeded) -> None:
    weather(seeded, "loses")
    ended = came(seeded, "loses", 3, ("number", "city", "temperature"))
    assert (ended["state"], ended["books"]["quarantined"]) == ("quarantined", MONTH), ended
    assert "publish" not in steps(ended)
    assert rows(platform, seeded, "loses") == expected(1, 2)
