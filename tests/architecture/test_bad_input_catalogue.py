"""Every kind of bad input that is promised to be held against the product has a case, by its number."""

import re
from pathlib import Path

import pytest

from tests.e2e import bad_files, bad_recipes

TESTS = Path(__file__).resolve().parents[1]
FILES = (52, 53, 55, 56, 58, 59, 61, 62, 64, 65)
SHEETS_AND_ARCHIVES = (67, 68, 70, 71, 73, 74, 76, 77, 79, 80)
QUERIES = (82, 83, 85, 86, 88, 89, 91, 92, 94, 95, 97)
PLANNER = (109, 110, 112, 113, 115)

# Further cases, beside those whose ids begin with the number: the file, and the test in it.
ELSEWHERE = [
    (56, "integration/connector/test_pull.py", "test_expected_types_are_read_with"),
    (58, "e2e/test_bad_deliveries.py", "test_an_empty_file_empties_nothing"),
    (59, "integration/connector/test_postgres_destination.py", "test_any_name_is_only_a_name"),
    (61, "integration/connector/test_postgres_destination.py", "test_too_many_columns_are_refused_before"),
    (64, "integration/connector/test_pull.py", "test_an_object_that_changed_since_is_not_read_in_its_place"),
    (64, "e2e/test_bad_deliveries.py", "test_what_was_written_over_is_not_read_in_its_place"),
    (83, "integration/transform/test_attacks.py", "test_the_walls_hold_without_a_check"),
    (88, "integration/connector/test_postgres_destination.py", "test_long_names_are_cut_without_meeting"),
    (94, "integration/transform/test_attacks.py", "test_a_value_that_is_allowed_and_grows_without_end"),
    (94, "integration/transform/test_isolation.py", "test_all_files_together_have_an_end"),
    (109, "integration/transform/test_model_planner.py", "test_a_column_that_gives_orders_stays_data"),
    (110, "e2e/test_bad_planner.py", "test_images_and_markup_stay_text"),
    (112, "integration/transform/test_model_planner.py", "test_a_hostile_answer_is_refused_after_two_repairs"),
    (113, "integration/transform/test_model_planner.py", "test_neither_key_nor_values_nor_rows_are_told"),
    (115, "integration/transform/test_chat.py", "test_more_messages_than_a_minute_has_room_for"),
    (115, "integration/transform/test_chat.py", "test_a_workspace_asks_the_model_one_thing_at_a_time"),
    (115, "integration/transform/test_chat.py", "test_what_was_asked_of_a_model_is_not_removed_from_the_count"),
    (115, "integration/transform/test_model_planner.py", "test_tools_that_are_called_without_end"),
]


def numbered() -> set[int]:
    """The numbers with which cases against the running stack begin."""
    ids = {*bad_files.READ, *bad_files.REFUSED, *bad_files.LARGE, *bad_recipes.REFUSED, *bad_recipes.HARMLESS}
    for file in ("test_bad_files.py", "test_bad_deliveries.py", "test_bad_recipes.py", "test_bad_planner.py"):
        ids |= set(re.findall(r'"(\d+/)', (TESTS / "e2e" / file).read_text(encoding="utf-8")))
    return {int(name.partition("/")[0]) for name in ids if name.partition("/")[0].isdigit()}


@pytest.mark.parametrize("number", [*FILES, *SHEETS_AND_ARCHIVES, *QUERIES, *PLANNER])
def test_every_number_has_a_case(number: int) -> None:
    assert number in numbered() | {number for number, *_ in ELSEWHERE}


@pytest.mark.parametrize(("number", "file", "name"), ELSEWHERE)
def test_a_case_that_is_elsewhere_is_there(number: int, file: str, name: str) -> None:
    assert f"def {name}" in (TESTS / file).read_text(encoding="utf-8")
