"""Undoing in PostgreSQL: an oracle that knows who wrote each row, hands that change tables, and what is not kept."""

import shutil
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.connector.destinations.base import Load
from services.connector.destinations.postgres import PostgresDestination
from services.connector.destinations.postgres_before import Before, Keeping
from services.connector.destinations.postgres_ledger import LEDGER, UNDO
from services.connector.failures import ConnectorError, UndoRefused
from tests.conformance.destination_subjects import PostgresTables, Row
from tests.conformance.test_destinations import calm
from tests.conformance.test_undo import NEW, OLD, Undoing
from tests.customers import Customer


@pytest.fixture
def tables(customer: Customer) -> PostgresTables:
    return PostgresTables(customer)


@pytest.fixture
def upserts(tables: PostgresTables, tmp_path: Path) -> Undoing:
    return Undoing(tables, tmp_path, "upsert")


def hand(customer: Customer, *statements: str) -> None:
    """What somebody does in the database himself."""
    with customer.warehouse() as session:
        for statement in statements:
            session.execute(statement)  # type: ignore[call-overload]


class Oracle:
    """The table in memory: each key with its row and who wrote it last."""

    def __init__(self) -> None:
        self.table: dict[int, tuple[Row, object]] = {}
        self._before: dict[object, dict[int, tuple[Row, object]]] = {}
        self._wrote: dict[object, set[int]] = {}

    def write(self, load: object, rows: list[Row], mode: str) -> None:
        was = self.table if mode == "replace" else {row[0]: self.table[row[0]] for row in rows if row[0] in self.table}
        self._before[load], self._wrote[load] = dict(was), {row[0] for row in rows}
        if mode == "replace":
            self.table = {}
        self.table.update({row[0]: (row, load) for row in rows})

    def undo(self, load: object, mode: str) -> bool:
        """Take it back; False, and nothing changes, when not every row of it is there as it was written."""
        wrote, before = self._wrote[load], self._before[load]
        if any(self.table.get(key, (None, None))[1] != load for key in wrote):
            return False
        others = self.table.keys() - wrote
        if mode == "replace" and others & before.keys():
            return False
        self.table = {key: self.table[key] for key in others} | before
        return True


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["upsert", "upsert", "replace", "undo", "undo", "undo", "change", "remove", "add"]),
        st.sets(st.integers(1, 6), min_size=1, max_size=4),
        st.integers(0, 9),
    ),
    min_size=3,
    max_size=12,
)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(actions=ACTIONS)
def test_any_order_of_loads_undoings_and_hands_agrees_with_the_oracle(
    tables: PostgresTables, customer: Customer, tmp_path: Path, actions: list[tuple[str, set[int], int]]
) -> None:
    hand(
        customer, "DROP TABLE IF EXISTS target", "CREATE TABLE target (id bigint PRIMARY KEY, text text, value float8)"
    )
    shutil.rmtree(tmp_path / "rows", ignore_errors=True)
    (tmp_path / "rows").mkdir()
    attempts, oracle = Undoing(tables, tmp_path / "rows", "upsert"), Oracle()
    loads: list[tuple[Load, str]] = []
    for number, (action, keys, which) in enumerate(actions):
        rows: list[Row] = [(key, f"{number}", float(key)) for key in sorted(keys)]
        if action in ("upsert", "replace"):
            load = attempts.load(rows, mode=action)
            tables.destination().write(load, calm())
            oracle.write(load.key.window_id, rows, action)
            loads.append((load, action))
        elif action == "undo" and loads:
            load, mode = loads[which % len(loads)]
            try:
                attempts.undone(load)
                assert oracle.undo(load.key.window_id, mode)
                loads = [one for one in loads if one[0] is not load]
            except UndoRefused:
                assert not oracle.undo(load.key.window_id, mode)
        elif action == "add":
            hand(customer, *(f"INSERT INTO target VALUES ({k}, 'by hand', 0) ON CONFLICT DO NOTHING" for k in keys))
            for key in keys:
                oracle.table.setdefault(key, ((key, "by hand", 0.0), None))
        elif action in ("change", "remove"):
            key = min(keys)
            verb = "DELETE FROM target" if action == "remove" else "UPDATE target SET text = 'by hand'"
            hand(customer, f"{verb} WHERE id = {key}")
            if key in oracle.table and action == "change":
                row, _ = oracle.table[key]
                oracle.table[key] = ((row[0], "by hand", row[2]), None)
            else:
                oracle.table.pop(key, None)
        assert dict.fromkeys(attempts.rows) == dict.fromkeys(row for row, _ in oracle.table.values())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE target SET text = text WHERE id = 2", "1 row was changed or removed since by somebody else"),
        ("DELETE FROM target WHERE id IN (1, 2)", "2 rows were changed or removed since by somebody else"),
        ("ALTER TABLE target RENAME TO gone", "removed or made anew"),
        ("ALTER TABLE target ADD COLUMN more text", "the columns of table .* are others"),
        ("ALTER TABLE target DROP COLUMN text", "the columns of table .* are others"),
        ("CREATE TABLE child (id bigint REFERENCES target ON DELETE CASCADE)", "would go or change along"),
        (
            "CREATE TABLE child (id bigint REFERENCES target); INSERT INTO child VALUES (2)",
            r"rows by now that need what the run wrote.*child_id_fkey",
        ),
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            " CREATE TRIGGER keep BEFORE UPDATE ON target FOR EACH ROW EXECUTE FUNCTION keep()",
            "does not take back every row as it was",
        ),
        (
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.text := 'x'; RETURN NEW; END$$;"
            " CREATE TRIGGER spoil BEFORE UPDATE ON target FOR EACH ROW EXECUTE FUNCTION spoil()",
            "does not take back every row as it was",
        ),
    ],
)
def test_what_changed_since_is_found_and_said(upserts: Undoing, customer: Customer, change: str, sentence: str) -> None:
    upserts.write(OLD)
    load = upserts.write(NEW)
    hand(customer, *change.split("; ") if "plpgsql" not in change else [change])
    before = upserts.rows if "target" in change and "RENAME" not in change and "DROP" not in change else None
    with pytest.raises(UndoRefused, match=sentence):
        upserts.undone(load)
    if before is not None:
        assert upserts.rows == before


def test_rows_of_others_stay_and_may_change(upserts: Undoing, customer: Customer) -> None:
    upserts.write(OLD)
    load = upserts.write(NEW)
    hand(customer, "UPDATE target SET text = 'mine' WHERE id = 9", "INSERT INTO target VALUES (50, 'mine', 5)")
    upserts.undone(load)
    assert set(upserts.rows) == {(1, "old", 1.0), (9, "mine", 9.0), (50, "mine", 5.0)}


def test_columns_that_a_load_does_not_have_are_as_they_were(
    tables: PostgresTables, customer: Customer, tmp_path: Path
) -> None:
    hand(
        customer,
        'CREATE TABLE target (id bigint UNIQUE NOT NULL, text text, "100 %s" jsonb DEFAULT \'{"a": 1}\', value float8,'
        " number int GENERATED ALWAYS AS IDENTITY, long int GENERATED ALWAYS AS (length(text)) STORED)",
        "INSERT INTO target VALUES (1, 'old', '{\"b\": [1, 2]}', 'NaN')",
    )
    query = 'SELECT id, text, "100 %s"::text, value::text, number, long FROM target ORDER BY id'
    for mode in ("upsert", "replace"):
        attempts = Undoing(tables, tmp_path / mode, mode)
        (tmp_path / mode).mkdir()
        with customer.warehouse() as session:
            before = session.execute(query).fetchall()
            load = attempts.write(NEW)
            assert session.execute(query).fetchall() != before
            attempts.undone(load)
            assert session.execute(query).fetchall() == before


@pytest.mark.parametrize(
    ("keeping", "sentence"),
    [(Keeping(days=0), "set to keep nothing"), (Keeping(bytes=1), "not kept any more|larger than what may be kept")],
)
def test_what_is_not_kept_cannot_be_put_back(
    tables: PostgresTables, customer: Customer, tmp_path: Path, keeping: Keeping, sentence: str
) -> None:
    destination = PostgresDestination(tables.client(), before=Before(keeping))
    for mode in ("upsert", "replace"):
        (tmp_path / mode).mkdir()
        attempts = Undoing(tables, tmp_path / mode, mode)
        destination.write(attempts.load(OLD), calm())
        fresh = attempts.load([(70, "fresh", 0.0)])
        load = attempts.load(NEW)
        if mode == "upsert":
            destination.write(fresh, calm())
        destination.write(load, calm())
        with pytest.raises(UndoRefused, match=sentence):
            attempts.undone(load)
        if mode == "upsert":
            # Nothing was overwritten by it, so nothing had to be kept.
            assert attempts.undone(fresh).removed == 1
    kept = customer.rows(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'modulardata' AND tablename LIKE 'before%%'"
    )
    known = customer.rows(f"SELECT count(*) FROM {UNDO} WHERE before IS NOT NULL")
    assert kept == known


def test_rows_that_somebody_writes_meanwhile_make_a_load_that_is_not_undone(
    upserts: Undoing, tables: PostgresTables, customer: Customer
) -> None:
    """A row with the key of a staged one appears after the look at what is there."""
    upserts.write(OLD)

    class Slow(Before):
        def of_upsert(self, session: Any, planned: Any, staging: str) -> Any:
            kept = super().of_upsert(session, planned, staging)
            hand(customer, "INSERT INTO target VALUES (2, 'quick', 0)")
            return kept

    load = upserts.load(NEW)
    PostgresDestination(tables.client(), before=Slow()).write(load, calm())
    with pytest.raises(UndoRefused, match="somebody else wrote the same rows while it loaded"):
        upserts.undone(load)


def test_rows_that_are_to_change_are_locked_from_the_look_on(
    upserts: Undoing, tables: PostgresTables, customer: Customer
) -> None:
    upserts.write(OLD)
    others: list[threading.Thread] = []

    class Slow(Before):
        def of_upsert(self, session: Any, planned: Any, staging: str) -> Any:
            kept = super().of_upsert(session, planned, staging)
            change = "UPDATE target SET text = 'quick' WHERE id = 1"
            others.append(threading.Thread(target=hand, args=(customer, change)))
            others[0].start()
            return kept

    load = upserts.load(NEW)
    PostgresDestination(tables.client(), before=Slow()).write(load, calm())
    others[0].join()
    assert (1, "quick", 2.0) in upserts.rows
    with pytest.raises(UndoRefused, match="1 row was changed"):
        upserts.undone(load)


def test_a_load_from_before_there_was_undoing_says_so(upserts: Undoing, customer: Customer) -> None:
    load = upserts.write(NEW)
    hand(customer, f"DELETE FROM {UNDO} WHERE window_id = '{load.key.window_id}'")
    with pytest.raises(UndoRefused, match="before loads could be undone"):
        upserts.undone(load)


def test_a_view_is_loaded_and_not_undone(tables: PostgresTables, customer: Customer, tmp_path: Path) -> None:
    hand(customer, "CREATE TABLE base (id bigint, text text, value float8)", "CREATE VIEW target AS SELECT * FROM base")
    for mode in ("append", "replace"):
        (tmp_path / mode).mkdir()
        attempts = Undoing(tables, tmp_path / mode, mode)
        load = attempts.write(NEW)
        with pytest.raises(UndoRefused, match="it is a view"):
            attempts.undone(load)


def test_without_the_record_the_same_undoing_twice_would_take_twice(upserts: Undoing, customer: Customer) -> None:
    """The dog that must bark: an undoing that is not recorded is done again, and finds other rows."""
    upserts.write(OLD)
    load, run = upserts.write(NEW), uuid4()
    upserts.undone(load, run)
    hand(customer, f"UPDATE {UNDO} SET undone_by = NULL WHERE window_id = '{load.key.window_id}'")
    with pytest.raises(ConnectorError):
        upserts.undone(load, run)
    assert customer.rows(f"SELECT count(*) FROM {LEDGER} WHERE window_id = '{load.key.window_id}'") == [(1,)]
