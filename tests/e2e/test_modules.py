"""A module's life with the command on a real stack: from code to versions that are compared on data, tried and used."""

import json
from typing import Any

from tests.waiting import until

GOOD, PARTIAL, FAILED = 0, 1, 2
PRICES = "id,city,price\n" + "".join(f"{number},c{number % 3},{number}.5\n" for number in range(1, 21))
CODE = """\
# Prices as the board wants them.
module: city-prices
input:
  columns:
    - {name: id, type: integer}
    - {name: city, type: string}
    - {name: price, type: float}
  checks:
    - {kind: unique, columns: [id], enforcement: fail}
steps:
  - kind: filter
    where: price   >=   5   # three blanks
"""


def code(modulardata: Any, text: str) -> Any:
    (modulardata.folder / "city-prices.yaml").write_text(text)
    return modulardata.json("modules", "save", "city-prices.yaml", "--reason", "the board asked")


def test_from_code_to_versions_that_are_compared_and_used(modulardata: Any) -> None:
    (modulardata.folder / "prices.csv").write_text(PRICES)
    assert modulardata("files", "cp", "prices.csv", "landing:modules/prices.csv").code == GOOD
    first = code(modulardata, CODE)
    assert (first["version"], first["semantic_version"]) == (1, "1.0.0")
    assert modulardata("modules", "code", "city-prices").out == CODE
    second = code(modulardata, CODE.replace(">=   5", "> 7").replace("steps:\n", "steps:\n" + DEARER))
    assert (second["version"], second["level"]) == (2, "patch")

    (modulardata.folder / "wrong.yaml").write_text(CODE.replace("where: price", "where: prize"))
    wrong = modulardata("modules", "check", "wrong.yaml")
    assert wrong.code == FAILED
    assert "wrong.yaml:12:12 /steps/0/where" in wrong.err
    assert "'price'" in wrong.err

    on = ("--on", "landing:modules/prices.csv")
    compared = modulardata("modules", "compare", "city-prices", "1", "2", *on, "--key", "id", "-o", "json", seconds=180)
    assert compared.code == PARTIAL, compared.err
    told = json.loads(compared.out)["data"]["difference"]
    assert (told["keys"], told["only_left"], told["only_right"], told["changed"], told["equal"]) == (
        ["id"],
        1,
        0,
        15,
        0,
    )
    assert [one["column"] for one in told["columns"] if one["changed"]] == ["price"]
    same = modulardata.json("modules", "compare", "city-prices", "1", "1", *on, seconds=180)
    assert same["data"]["difference"]["same"] is True

    tried = modulardata.json("modules", "try", "city-prices", "--version", "1", *on, seconds=180)
    assert (tried["rows_read"], tried["rows"], tried["set_aside"]) == (20, 16, 0)
    assert tried["sample"][0] == {"id": 5, "city": "c2", "price": 5.5}

    (modulardata.folder / "flow.yaml").write_text(FLOW)
    modulardata.json("apply", "flow.yaml")
    run = modulardata.json("run", "city-prices", "--wait", seconds=180)
    assert run["state"] == "succeeded"

    def counted() -> Any:
        usage = modulardata.json("modules", "usage", "city-prices")
        return usage if usage["versions"][0]["runs"] == 1 and usage["workflows"] else None

    usage = until("the run is counted", counted, 30)
    assert usage["workflows"] == [{"workflow": "city-prices", "definition": 1, "version": None}]
    assert (usage["versions"][0]["number"], usage["versions"][0]["rows_read"]) == (2, 20)
    refused = modulardata("modules", "delete", "city-prices")
    assert (refused.code, "city-prices" in refused.err) == (FAILED, True)
    on_run = modulardata("modules", "compare", "city-prices", "1", "2", "--run", run["id"], "-o", "json", seconds=180)
    assert json.loads(on_run.out)["data"]["difference"]["changed"] == 15

    contract = modulardata("modules", "contract", "city-prices", "--to", "agreed.yaml")
    assert contract.code == GOOD
    assert modulardata("modules", "import-contract", "city-prices", "agreed.yaml", "--to", "back.yaml").code == GOOD
    back = modulardata.json("modules", "save", "back.yaml")
    assert (back["version"], back["created"]) == (2, False)


DEARER = """\
  - kind: derive
    columns:
      - {column: price, expression: price + 1}
"""
FLOW = """\
name: city-prices
source:
  connection: landing
  selection: {path: modules/prices.csv}
modules:
  - name: city-prices
destination:
  connection: warehouse
  target: {schema: public, table: city_prices}
  mode: replace
"""
