"""The page about changed data can be followed: every command of it, on deliveries whose columns changed."""

from random import Random
from typing import Any

import yaml

from tests.e2e.client import ENDED
from tests.e2e.deliveries import put_file
from tests.e2e.seeding import Seeded
from tests.e2e.test_snippets import blocks, commands
from tests.waiting import until

PAGE = "docs/how-to/review-drift.md"
COLUMNS = {"flight": "integer", "carrier": "string", "dep_delay": "float", "gate": "string"}
# By the answer that the page gives: how the columns of the delivery are called. The last one says which is which.
RENAMED = {"--approve": ("late", "gate"), "--reject": ("delayed_by", "gate"), "--map": ("late_minutes", "stand")}
ENDS = {"--approve": "succeeded", "--reject": "quarantined", "--map": "quarantined"}


def delivery(number: int, delay: str, gate: str) -> bytes:
    """Flights; every delivery has the same kind of them."""
    random, first = Random(number), number * 200
    lines = [f"flight,carrier,{delay},{gate}"]
    for flight in range(first, first + 200):
        carrier, letter = random.choice(("UA", "DL", "AA")), random.choice("ABCD")
        lines.append(f"{flight},{carrier},{random.gauss(12, 30):.1f},{letter}{flight % 9}")
    return ("\n".join(lines) + "\n").encode()


def came(seeded: Seeded, workflow: str, number: int, delay: str = "dep_delay", gate: str = "gate") -> Any:
    """The run on one more delivery, when it has ended or asks somebody."""
    put_file(seeded, f"{seeded.word}/{workflow}/{number}.csv", delivery(number, delay, gate))
    run = seeded.api.call("POST", f"/api/workflows/{workflow}/runs")["id"]

    def stands() -> Any:
        found = seeded.api.call("GET", f"/api/runs/{run}")
        return found if found["waiting_for"] or found["state"] in ENDED else None

    return until("the run ends or asks", stands, 60)


def known(newcomer: Any, seeded: Seeded, module: str) -> str:
    """A workflow under the rules of the page, with a module of its own, that has loaded one delivery."""
    contract = {"columns": [{"name": name, "type": kind, "nullable": True} for name, kind in COLUMNS.items()]}
    contracts = {"input_contract": contract, "output_contract": contract}
    recipe = {"steps": [{"kind": "filter", "where": "flight > 0"}]}
    seeded.api.call("POST", "/api/modules", {"name": module, "recipe": recipe} | contracts)
    rules, *others = [yaml.safe_load(body) for page, body in blocks("yaml") if page == PAGE]
    name = f"by-{module}"
    workflow = {
        "name": name,
        "source": {"connection": "landing", "selection": {"path": f"{seeded.word}/{name}/*.csv"}},
        "modules": [{"name": module}],
        "destination": {"connection": "warehouse", "target": {"schema": "public", "table": f"{seeded.word}_{module}"}},
    }
    for more in others:
        (newcomer.folder / "workflow.yaml").write_text(yaml.safe_dump(workflow | more))
        assert newcomer.json("apply", "workflow.yaml", "--dry-run")["change"] == "created"
    (newcomer.folder / "workflow.yaml").write_text(yaml.safe_dump(workflow | rules))
    newcomer.json("apply", "workflow.yaml")
    assert came(seeded, name, 1)["state"] == "succeeded"
    return name


def test_the_page_can_be_followed(newcomer: Any, own_workspace: Seeded) -> None:
    api = own_workspace.api
    lines = [words for page, words in commands("modulardata") if page == PAGE]
    feed = known(newcomer, own_workspace, "clean-flights")
    answers = iter(RENAMED)
    answer, run = next(answers), came(own_workspace, feed, 2, *RENAMED["--approve"])
    named = {"RUN": run["id"], "https://example.org/hooks/data": "http://127.0.0.1:9/data"}
    rejected = ""
    for words in lines:
        again = "--ask-again" in words
        if "ID" in words and answer not in words and not again:
            answer = next(answers)
            # What is mapped are the columns of the first version: another feed still has it.
            feed = known(newcomer, own_workspace, "other-flights") if answer == "--map" else feed
            run = came(own_workspace, feed, 3, *RENAMED[answer])
        named["ID"] = rejected if again else run["waiting_for"][0]
        rejected = named["ID"] if "--reject" in words else rejected
        done = newcomer(*(named.get(word, word) for word in words))
        assert done.code == 0, (words, done.out, done.err)
        if "ID" in words and not again:
            assert api.ended(run["id"])["state"] == ENDS[answer], run
        if "--approve" in words:
            named["PROOF"] = api.call("GET", "/api/modules/clean-flights/versions/2")["adapts"]["proof_id"]
    assert (answer, len(lines)) == ("--map", 12)
    # That no column carries the gates is proved as any proposal is, and the proof finds the gaps.
    (entry,) = api.items(f"/api/quarantine?run={run['id']}")
    assert "gate" in entry["summary"], entry
    assert api.call("GET", "/api/modules/clean-flights/versions/1")["current"]
    assert api.ended(api.call("GET", f"/api/runs/{named['RUN']}")["undone_by"])["state"] == "succeeded"
