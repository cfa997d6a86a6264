"""Small parts of a process: ids, settings, readiness, and which parts of which services run."""

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import RFC_4122

import httpx
import pytest
from starlette.applications import Starlette

from services.__main__ import installed, plan_of
from services.chassis.ids import SystemIds
from services.chassis.parts import PARTS
from services.chassis.readiness import Readiness
from services.chassis.settings import PlatformSettings, SettingsInvalid

ROOT = Path(__file__).resolve().parents[3]


def test_ids_are_version_7_unique_and_ordered_by_time() -> None:
    made = [SystemIds().new() for _ in range(2_000)]
    assert len(set(made)) == len(made)
    assert {(id.version, id.variant) for id in made} == {(7, RFC_4122)}
    milliseconds = [id.int >> 80 for id in made]
    assert milliseconds == sorted(milliseconds)


GOOD = {
    "database_url": "postgresql://h:5432/modulardata",
    "database_passwords_file": "passwords.json",
    "kafka": "h:9092",
    "temporal": "h:7233",
    "storage": "file:///data",
    "kek_file": "kek.json",
    "payload_key_file": "payload.json",
}


def settings_with(**changes: object) -> PlatformSettings:
    return PlatformSettings.model_validate(GOOD | changes)


def test_settings_have_defaults(tmp_path: Path) -> None:
    passwords = tmp_path / "p.json"
    passwords.write_text('{"identity": "x"}')
    settings = settings_with(egress_allow="10.0.0.0/8, ::1/128", database_passwords_file=passwords)
    assert settings.identity == settings.public_url
    assert settings.database_passwords == {"identity": "x"}
    assert [str(network) for network in settings.egress_allow] == ["10.0.0.0/8", "::1/128"]
    assert not settings.https
    passwords.write_text("[]")
    with pytest.raises(SettingsInvalid, match="PASSWORDS_FILE"):
        _ = settings_with(database_passwords_file=passwords).database_passwords


def test_wrong_settings_are_named_and_their_values_are_not() -> None:
    told = {f"MODULARDATA_{name.upper()}": value for name, value in GOOD.items()}
    told |= {"MODULARDATA_DATABASE_URL": "postgresql://user:CANARY@h/d", "MODULARDATA_LOG_FORMAT": "CANARY"}
    del told["MODULARDATA_KAFKA"]
    ended = subprocess.run(
        [sys.executable, "-m", "services", "identity"], env=told, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    for name in ("MODULARDATA_DATABASE_URL", "MODULARDATA_LOG_FORMAT", "MODULARDATA_KAFKA"):
        assert name in ended.stderr
    assert "CANARY" not in ended.stderr + ended.stdout


def test_a_name_that_there_is_not_is_a_usage_error() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services", "nobody"], env={}, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 64
    assert "there is no nobody" in ended.stderr


async def get(readiness: Readiness, path: str) -> httpx.Response:
    app = Starlette(routes=readiness.routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


async def test_probes_tell_the_truth_and_name_what_is_away() -> None:
    gone = {"postgres"}

    async def postgres() -> None:
        if "postgres" in gone:
            raise ConnectionError

    async def kafka() -> None:
        if "kafka" in gone:
            await asyncio.Event().wait()

    readiness = Readiness({"postgres": postgres, "kafka": kafka})
    assert (await get(readiness, "/startupz")).status_code == 503
    readiness.started = True
    await readiness.check()
    answer = await get(readiness, "/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert [error["message"] for error in answer.json()["errors"]] == ["postgres"]
    assert (await get(readiness, "/healthz")).status_code == 200
    gone.clear()
    await readiness.check()
    assert (await get(readiness, "/readyz")).json() == {"status": "ready"}
    gone.add("kafka")
    await asyncio.wait_for(readiness.check(), 5)
    assert [error["message"] for error in (await get(readiness, "/readyz")).json()["errors"]] == ["kafka"]
    assert (await get(readiness, "/healthz")).status_code == 200
    gone.clear()
    await readiness.check()
    readiness.draining = True
    assert (await get(readiness, "/readyz")).json()["code"] == "draining"
    assert (await get(readiness, "/startupz")).status_code == 200


def test_plans() -> None:
    everything = plan_of("all", "", "")
    assert set(everything) == set(installed())
    assert set(everything["identity"]) == set(PARTS)
    assert plan_of("identity", "api,relay", "") == {"identity": frozenset({"api", "relay"})}
    assert set(plan_of("schema-drift", "", "")) == {"schema_drift"}
    without = plan_of("all", "", "identity.worker,notification")
    assert "worker" not in without["identity"]
    assert "notification" not in without


@pytest.mark.parametrize(
    ("what", "only", "without"),
    [("nobody", "", ""), ("all", "cooking", ""), ("all", "", "nobody"), ("all", "", "identity.cooking")],
)
def test_plans_of_what_there_is_not(what: str, only: str, without: str) -> None:
    with pytest.raises(Exception, match="there is no"):
        plan_of(what, only, without)


def test_a_plan_that_leaves_nothing() -> None:
    with pytest.raises(Exception, match="nothing is left"):
        plan_of("identity", "worker", "identity.worker")
