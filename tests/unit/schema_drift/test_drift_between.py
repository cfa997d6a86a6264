"""What is found between two deliveries, and what is decided about it by default."""

import random
from collections.abc import Callable

import pytest

from services.schema_drift.deciding.decide import Classes, decide
from services.schema_drift.describing.delivery import Delivery, describe
from services.schema_drift.detecting.detect import detect

NAMES = ["station", "day", "temp_max", "temp_min", "rain", "wet", "visitors", "price", "kind"]
KINDS = ["sun", "fog", "snow", "drizzle"]
Row = dict[str, str]


def rows(seed: int, size: int = 300) -> list[Row]:
    """Rows of one table; another seed gives other rows of the same table."""
    chance = random.Random(seed)
    found = []
    for _ in range(size):
        low = chance.gauss(9, 5)
        rain = max(0.0, chance.gauss(2, 3))
        found.append(
            {
                "station": f"ST{chance.randint(100, 999)}",
                "day": f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
                "temp_max": f"{low + abs(chance.gauss(8, 3)) + 0.1:.1f}",
                "temp_min": f"{low:.1f}",
                "rain": f"{rain:.2f}" if chance.random() > 0.05 else "",
                "wet": "1" if rain > 1 else "0",
                "visitors": str(chance.randint(20, 5_000)),
                "price": f"{chance.uniform(2, 90):.2f}",
                "kind": chance.choice(KINDS),
            }
        )
    return found


def delivery(table: list[Row]) -> Delivery:
    names = list(table[0])
    return describe(names, [[row[name] for name in names] for row in table])


BEFORE = delivery(rows(1))
CLASSES = Classes(frozenset(NAMES) - {"kind"}, key=frozenset({"station"}), money=frozenset({"price"}))


def verdict(change: Callable[[Row], Row], classes: Classes = CLASSES) -> str:
    after = delivery([change(row) for row in rows(2)])
    return decide(detect(BEFORE, after), classes).verdict


def renamed(old: str, new: str) -> Callable[[Row], Row]:
    return lambda row: {new if name == old else name: value for name, value in row.items()}


def rewritten(name: str, write: Callable[[str], str]) -> Callable[[Row], Row]:
    return lambda row: row | {name: write(row[name]) if row[name] else ""}


def without(*names: str) -> Callable[[Row], Row]:
    return lambda row: {name: value for name, value in row.items() if name not in names}


CHANGES: list[tuple[str, str, Callable[[Row], Row]]] = [
    ("other rows", "none", dict),
    ("another order", "none", lambda row: dict(reversed(row.items()))),
    ("style", "auto", renamed("temp_max", "TempMax")),
    ("synonym", "auto", renamed("rain", "rainfall")),
    ("slip", "auto", renamed("visitors", "vistors")),
    ("extended", "auto", renamed("visitors", "num_visitors")),
    ("translated", "auto", renamed("kind", "typ")),
    ("closed set under another name", "auto", renamed("kind", "attr_4")),
    ("numbers under a name that says nothing", "ask", renamed("visitors", "attr_4")),
    ("a key's name", "ask", renamed("station", "Station")),
    ("money's name", "ask", renamed("price", "PRICE")),
    ("added", "auto", lambda row: row | {"note": ""}),
    ("removed, not needed", "auto", without("kind")),
    ("removed, needed", "refuse", without("visitors")),
    ("decoy", "refuse", lambda row: without("rain")(row) | {"rain_note": "checked"}),
    ("another quantity", "ask", renamed("temp_max", "temp_mean")),
    ("two candidates", "ask", lambda row: without("rain")(row) | {"rain_a": row["rain"], "rain_b": row["rain"]}),
    ("decimal comma", "auto", rewritten("rain", lambda text: text.replace(".", ","))),
    ("percent", "auto", rewritten("rain", lambda text: text + "%")),
    ("money in another notation", "ask", rewritten("price", lambda text: text.replace(".", ","))),
    ("widened", "auto", rewritten("visitors", lambda text: text + ".0")),
    ("rounded", "ask", rewritten("rain", lambda text: f"{float(text):.0f}")),
    ("fewer decimals", "ask", rewritten("rain", lambda text: f"{float(text):.1f}")),
    ("new code", "ask", lambda row: row | ({"kind": "hail"} if row["visitors"][-1] == "7" else {})),
    ("stopgap", "ask", lambda row: row | {"rain": row["rain"] or "-999"}),
    ("word for missing", "ask", lambda row: row | {"rain": row["rain"] or "unknown"}),
    ("usual marker", "auto", lambda row: row | {"rain": row["rain"] or "NA"}),
    ("unit", "refuse", rewritten("temp_max", lambda text: f"{float(text) * 1.8 + 32:.1f}")),
    ("scale", "refuse", rewritten("visitors", lambda text: str(int(text) * 1000))),
    ("cents", "refuse", rewritten("price", lambda text: str(round(float(text) * 100)))),
    ("flag turned round", "refuse", rewritten("wet", lambda text: str(1 - int(text)))),
    ("1 and 2 for 0 and 1", "refuse", rewritten("wet", lambda text: str(1 + int(text)))),
    ("exchanged", "refuse", lambda row: row | {"temp_max": row["temp_min"], "temp_min": row["temp_max"]}),
    ("placeholder", "refuse", rewritten("visitors", lambda _: "TBD")),
    ("emptied", "refuse", rewritten("visitors", lambda _: "")),
    ("opaque codes", "refuse", rewritten("kind", lambda text: str(KINDS.index(text) + 1))),
]


@pytest.mark.parametrize(("wanted", "change"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_the_default_decision(wanted: str, change: Callable[[Row], Row]) -> None:
    assert verdict(change) == wanted


def test_without_a_declaration_every_column_counts_as_needed() -> None:
    assert verdict(without("kind"), Classes()) == "refuse"


def test_equal_deliveries_differ_in_nothing() -> None:
    assert detect(BEFORE, BEFORE) == ()


def test_a_split_and_a_merge_are_asked_about() -> None:
    def split(row: Row) -> Row:
        year, month, day = row["day"].split("-")
        return without("day")(row) | {"the_year": year, "the_month": str(int(month)), "the_day": str(int(day))}

    assert verdict(split) == "ask"
    assert (
        verdict(lambda row: without("rain", "visitors")(row) | {"both": f"{row['rain']} / {row['visitors']}"}) == "ask"
    )


def test_every_difference_of_a_rename_has_its_numbers() -> None:
    found = detect(BEFORE, delivery([renamed("rain", "rainfall")(row) for row in rows(2)]))
    (rename,) = (one for one in found if one.kind == "renamed")
    wanted = {"name", "type", "overlap", "distance", "pattern", "null_rate", "keyness", "position", "margin"}
    assert wanted <= set(rename.evidence)
    assert rename.became == "rainfall"


def test_the_same_question_has_the_same_answer() -> None:
    after = delivery([renamed("rain", "attr_1")(row) for row in rows(2)])
    assert decide(detect(BEFORE, after), CLASSES) == decide(detect(BEFORE, after), CLASSES)
