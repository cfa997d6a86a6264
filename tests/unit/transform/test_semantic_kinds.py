"""What columns are about: labelled columns, how many of them are told, and that nothing else is called personal."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.profile import SemanticKind
from services.transform.jobs import ProfileJob
from services.transform.profiling.semantics import LEAST, PERSONAL
from services.transform.profiling.table import profile
from tests.unit.transform.evaluating import frame, schema

LOTS = random.Random(11)
NAMES = (
    "Anna", "Bert", "Chloé", "Dmitri", "Eva", "Farid", "Gül", "Hana", "Ivo", "Jürgen", "Kim", "Lea", "Mia", "Noor",
    "Olu", "Pia", "Quinn", "Rosa", "Sven", "Tea",
)  # fmt: skip
CITIES = (
    "Berlin", "Köln", "Paris", "Lyon", "Oslo", "Bergen", "Wien", "Graz", "Roma", "Milano", "Porto", "Lisboa", "Gent",
    "Brugge", "Cork", "Dublin",
)  # fmt: skip


def digits(count: int) -> str:
    return "".join(str(LOTS.randrange(10)) for _ in range(count))


def luhn(digits_before: str) -> str:
    """The number with the check digit that makes it a card's."""
    total = 0
    for at, digit in enumerate(reversed(digits_before)):
        value = int(digit) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits_before + str(-total % 10)


def iban(country: str, account: str) -> str:
    spelled = "".join(str(int(letter, 36)) for letter in account + country + "00")
    return f"{country}{98 - int(spelled) % 97:02}{account}"


def grouped(number: str, between: str) -> str:
    return between.join(number[at : at + 4] for at in range(0, len(number), 4))


def some(make: Any, count: int = 60) -> list[Any]:
    return [make(number) for number in range(count)]


# Name of the column, its values, and what it is about: nothing, where nothing should be said.
LABELLED: list[tuple[str, Sequence[Any], str | None]] = [
    ("email", some(lambda n: f"{NAMES[n % 20].lower()}.{n}@example{n % 3}.org"), "email"),
    ("kontakt", some(lambda n: f"u{n}+news@mail.example.co.uk"), "email"),
    ("with_gaps", [*some(lambda n: f"a{n}@b.io", 45), *["n/a"] * 5], "email"),
    ("phone", some(lambda n: f"+49 {digits(3)} {digits(7)}"), "phone"),
    ("c7", some(lambda n: f"({digits(3)}) {digits(3)}-{digits(4)}"), "phone"),
    ("mobile", some(lambda n: f"0{digits(10)}"), "phone"),
    ("tel", some(lambda n: 4_915_100_000_000 + n * 7_919), "phone"),
    ("website", some(lambda n: f"https://example.org/{n}?q=a"), "url"),
    ("link", some(lambda n: f"www.example{n}.com/index"), "url"),
    ("client", some(lambda n: f"{n % 256}.{n * 7 % 256}.0.{n}"), "ip_address"),
    ("host6", some(lambda n: f"2001:db8:0:{n:x}::{n:x}"), "ip_address"),
    ("token", some(lambda n: f"{digits(8)}-{digits(4)}-4{digits(3)}-a{digits(3)}-{digits(12)}"), "uuid"),
    ("account", some(lambda n: iban("DE", digits(18))), "iban"),
    ("konto", some(lambda n: grouped(iban("GB", "NWBK" + digits(14)), " ")), "iban"),
    ("card", some(lambda n: luhn("4" + digits(14))), "card_number"),
    ("paid_with", some(lambda n: grouped(luhn("51" + digits(13)), "-")), "card_number"),
    ("ssn", some(lambda n: f"{digits(3)}-{digits(2)}-{digits(4)}"), "social_security"),
    ("last_name", some(lambda n: NAMES[n % 20] + ("-Müller" if n % 2 else "")), "person_name"),
    ("fullName", some(lambda n: f"{NAMES[n % 20]} O'{NAMES[n * 3 % 20]}"), "person_name"),
    ("birth_date", some(lambda n: f"19{10 + n:02}-0{1 + n % 9}-1{n % 10}"), "birth_date"),
    ("dob", some(lambda n: f"1{n % 10}.0{1 + n % 9}.19{10 + n:02}"), "birth_date"),
    ("zip", some(lambda n: f"0{digits(4)}"), "postal_code"),
    ("PLZ", some(lambda n: 10_115 + n * 11), "postal_code"),
    ("postcode", some(lambda n: f"SW{n % 9 + 1}A {n % 9}AA"), "postal_code"),
    ("country", some(lambda n: ("DE", "FR", "NO", "IT")[n % 4]), "country"),
    ("land", some(lambda n: ("Deutschland", "Norway", "Italia", "Brasil")[n % 4]), "country"),
    ("nat", some(lambda n: ("DEU", "FRA", "NOR", "ITA")[n % 4]), "country"),
    ("price", some(lambda n: f"€ {n},{n % 90 + 10}"), "currency"),
    ("amount", some(lambda n: f"{n}.50 USD"), "currency"),
    ("ccy", some(lambda n: ("EUR", "USD", "CHF")[n % 3]), "currency"),
    ("when", some(lambda n: f"{n % 28 + 1:02}/11/20{n % 20 + 10}"), "date"),
    ("logged", some(lambda n: f"2020-01-{n % 28 + 1:02}T10:{n:02}:00Z"), "timestamp"),
    ("clock", some(lambda n: f"{n % 24}:{n:02}"), "time"),
    ("share", some(lambda n: f"{n},5 %"), "percentage"),
    ("count", some(lambda n: f"{n * 13}"), "number"),
    ("year", some(lambda n: 1990 + n % 30), "year"),
    ("active", some(lambda n: ("yes", "no")[n % 2]), "boolean"),
    ("order_id", some(lambda n: f"A-{n:05}"), "identifier"),
    ("part", some(lambda n: f"00{n:04}"), "identifier"),
    ("status", some(lambda n: ("open", "shut", "lost")[n % 3]), "category"),
    # What looks like something, and is not.
    ("remark", some(lambda n: f"ask {NAMES[n % 20]} about no {n} @ {CITIES[n % 16]}"), None),
    ("city", some(lambda n: CITIES[n % 16], 32), None),
    ("version", some(lambda n: f"{n}.{n % 3}.{n % 7}-rc"), None),
    ("serial", some(lambda n: f"4{digits(15)}"), "number"),
    ("product", some(lambda n: f"{NAMES[n % 20]} {n}"), None),
    ("speed", some(lambda n: n * 7 % 50, 60), None),
    ("ratio", some(lambda n: f"{n}/{n + 1}"), None),
    ("size", some(lambda n: f"{n}x{n * 2}x{n * 3}"), None),
    ("sentence", some(lambda n: f"Paris, {NAMES[n % 20]} and then France."), None),
    ("nothing", [None] * 20, None),
    ("blank", [""] * 20, None),
]


def told(folder: Path, name: str, values: Sequence[Any]) -> SemanticKind | None:
    whole = any(isinstance(value, int) for value in values)
    table = schema(**{name: "integer" if whole else "string"})
    path = folder / "0.parquet"
    frame(table, [(value,) for value in values]).write_parquet(path)
    return profile(ProfileJob(inputs=(str(path),), table_schema=table)).profile.columns[0].semantic


@pytest.mark.parametrize(("name", "values", "about"), LABELLED, ids=[name for name, _, _ in LABELLED])
def test_a_column_is_told_by_its_values_and_its_name(
    tmp_path: Path, name: str, values: Sequence[Any], about: str | None
) -> None:
    found = told(tmp_path, name, values)
    assert (found and found.kind) == about
    if found is not None:
        assert LEAST <= found.confidence <= 1
        assert found.personal == (about in PERSONAL)


def test_confidence_is_the_share_that_agrees(tmp_path: Path) -> None:
    good, bad = [f"a{n}@b.io" for n in range(90)], [f"no {n}" for n in range(10)]
    found = told(tmp_path, "x", good + bad)
    assert found is not None
    assert (found.kind, found.confidence) == ("email", 0.9)
    assert told(tmp_path, "x", good[:79] + [f"no {n}" for n in range(21)]) is None, "less than four fifths agree"


def test_personal_columns_are_found_and_others_are_not_called_so(tmp_path: Path) -> None:
    said = {name: told(tmp_path, name, values) for name, values, _ in LABELLED}
    personal = {name for name, _, about in LABELLED if about in PERSONAL}
    called = {name for name, found in said.items() if found is not None and found.personal}
    precision, recall = len(called & personal) / len(called), len(called & personal) / len(personal)
    assert (precision, recall) == (1.0, 1.0), called ^ personal
