"""Few rows tell less: what they cannot tell is asked about, and a delivery that did not change stays quiet."""

import random

import pytest

from services.schema_drift.deciding.decide import Classes, decide
from services.schema_drift.describing.delivery import Delivery, describe
from services.schema_drift.detecting.detect import detect

GRADES, PAIRS = "AAAAAAABBC", 40
NAMES = ("id", "weight", "length", "paid", "grade")


def delivery(seed: int, rows: int, true: float = 0.3, grades: str = GRADES, length: str = "length") -> Delivery:
    chance = random.Random(seed)
    made = [
        [
            str(seed * 1000 + at),
            f"{chance.gauss(80, 12):.1f}",
            str(chance.randint(100, 900)),
            "true" if chance.random() < true else "false",
            chance.choice(grades),
        ]
        for at in range(rows)
    ]
    return describe([length if name == "length" else name for name in NAMES], made)


def verdicts(rows: int, was: float = 0.3, true: float = 0.3, grades: str = GRADES, length: str = "length") -> list[str]:
    pairs = (
        (delivery(seed, rows, was), delivery(seed + 5000, rows, true, grades, length)) for seed in range(1, PAIRS + 1)
    )
    return [decide(detect(before, after), Classes()).verdict for before, after in pairs]


@pytest.mark.parametrize("rows", [60, 200])
def test_a_flag_turned_round_seldom_passes_and_never_into_a_version(rows: int) -> None:
    assert verdicts(rows, true=0.7).count("none") <= 1
    assert set(verdicts(rows, true=0.7, length="Length")) <= {"ask", "refuse"}


@pytest.mark.parametrize("rows", [60, 200])
def test_other_rows_stay_quiet(rows: int) -> None:
    assert verdicts(rows).count("none") >= PAIRS - 1


def test_of_a_flag_that_is_true_as_often_as_not_few_rows_tell_nothing() -> None:
    """By itself that is no drift; a version is not made alone of it."""
    assert verdicts(60, was=0.5, true=0.5).count("none") >= PAIRS - 1
    assert set(verdicts(60, was=0.5, true=0.5, length="Length")) == {"ask"}


def test_classes_that_exchanged_their_shares_are_asked_about_in_few_rows() -> None:
    assert verdicts(50, grades="CCCCCCCAAB").count("none") <= 4


def day(number: int | str, at: int) -> list[str]:
    return [str(number), str(1000 + at), f"{random.Random(at).gauss(80, 12):.1f}"]


def test_one_day_of_a_table_in_the_order_of_its_days_is_a_slice_and_one_word_in_every_row_is_not() -> None:
    names = ("day", "flight", "delay")
    january = describe(names, [day(1 + at // 40, at) for at in range(120)])
    shuffled = describe(names, [day(1 + at * 7 % 3, at) for at in range(120)])
    late = describe(names, [day(28, 200 + at) for at in range(60)])
    for before, after, wanted in (
        (january, late, "none"),
        (january, describe(names, [day("late", at) for at in range(60)]), "refuse"),
        (shuffled, late, "refuse"),
    ):
        assert decide(detect(before, after), Classes()).verdict == wanted
