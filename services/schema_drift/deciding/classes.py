"""What columns are for: keys, amounts of money, personal data, as far as a workflow says it or names and values do."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from contracts.data import Schema
from contracts.recipe import Rename
from contracts.workflow import DriftPolicy, ResolvedModule
from services.schema_drift.deciding.decide import Classes
from services.schema_drift.describing.delivery import Delivery
from services.schema_drift.matching.names import words

_MONEY = frozenset(
    re.findall(
        r"\w+",
        "price cost amount amt fare fee fees salary wage wages revenue income payment paid balance tax vat discount"
        " turnover budget invoice preis betrag kosten umsatz gehalt prix montant cout salaire precio importe coste"
        " prezzo importo preco valor usd eur gbp chf",
    )
)
_PERSONAL = frozenset(
    re.findall(
        r"\w+",
        "email mail phone mobile fax ssn passport surname firstname lastname forename birthday birthdate dob iban"
        " address street vorname nachname telefon strasse adresse geburtsdatum",
    )
)
_PAIRS = frozenset([("first", "name"), ("last", "name"), ("family", "name"), ("given", "name"), ("date", "birth")])
_LOOKS = (re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE), re.compile(r"\+\d[\d ()/-]{7,}\d"))


def classes_of(module: ResolvedModule, keys: Sequence[str], policy: DriftPolicy, *seen: Delivery) -> Classes:
    """The classes of the columns that a module needs."""
    needed = module.input_contract
    return Classes(
        needed=frozenset(needed.names),
        key=frozenset({*traced(keys, module), *policy.key}) - set(policy.plain),
        money=frozenset({*_named(needed, _MONEY), *policy.money}) - set(policy.plain),
        personal=frozenset({*_named(needed, _PERSONAL), *_looking(needed, seen), *policy.personal}) - set(policy.plain),
    )


def personal_among(schema: Schema, *seen: Delivery) -> frozenset[str]:
    """The columns that are named or look like personal data, whether anybody needs them or not."""
    return frozenset({*_named(schema, _PERSONAL), *_looking(schema, seen)})


def traced(keys: Sequence[str], module: ResolvedModule) -> set[str]:
    """The columns of the input that become these columns of the output under other names, or stay them."""
    names = set(keys)
    for step in reversed(module.recipe.steps):
        if isinstance(step, Rename):
            earlier = {new: old for old, new in step.columns.items()}
            names = {earlier.get(name, name) for name in names}
    return names & set(module.input_contract.names)


def _named(schema: Schema, known: frozenset[str]) -> Iterable[str]:
    for name in schema.names:
        parts = words(name)
        paired = known is _PERSONAL and any(pair in _PAIRS for pair in pairwise(parts))
        if paired or known & set(parts):
            yield name


def _looking(schema: Schema, seen: Iterable[Delivery]) -> Iterable[str]:
    for delivery in seen:
        for column in delivery.columns:
            if schema.column(column.name) is None or not column.present:
                continue
            alike = sum(many for text, many in column.counts.items() if any(one.fullmatch(text) for one in _LOOKS))
            if alike >= 0.5 * column.present:
                yield column.name
