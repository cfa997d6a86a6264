"""Whoever asks too often is told when to come again: 429 with Retry-After, for one workspace and nobody else."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.client import Answer
from tests.e2e.running import Running
from tests.e2e.seeding import Seeded, workspace

PATHS = ("/api/connections/nobody-has-this:test", "/api/connections/nobody-has-this:discover")


@pytest.fixture
def two(platform: Running) -> Iterator[tuple[Seeded, Seeded]]:
    made = workspace(platform.api, "eager"), workspace(platform.api, "patient")
    yield made
    for seeded in made:
        seeded.api.close()


def test_a_workspace_that_tries_connections_too_often_waits_alone(two: tuple[Seeded, Seeded]) -> None:
    eager, patient = two
    answers: list[Answer] = []
    refused: list[Answer] = []
    while len(refused) < 5 and len(answers) < 500:
        answers.append(eager.api.send("POST", PATHS[len(answers) % 2]))
        refused += answers[-1:] if answers[-1].status == 429 else []
    assert {answer.status for answer in answers} == {404, 429}
    assert answers[0].status == 404
    assert len(answers) >= 60, "what is allowed is allowed at once"
    for answer in refused:
        assert answer.json["code"] == "too_many_requests"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert patient.api.send("POST", PATHS[0]).status == 404, "another workspace does not notice"
    assert eager.api.send("GET", "/api/connections").status == 200, "and other work goes on"
    time.sleep(int(refused[-1].headers["retry-after"]))
    assert eager.api.send("POST", PATHS[0]).status == 404, "who waits as told may go on"
