"""The oracle: keeps its own lists of what was asked for, and compares them with what the destination really holds.

It never asks the platform whether something worked. It reads the destination's table and ledger, and the rows that the
platform wrote about runs, with SQL of its own.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from deploy.local.state import State
from tests.faults.rows import Books, File, Row

ENDED_WELL = ("succeeded", "partial")
OPEN = ("requested", "running")
OF_A_RUN = ("run.requested.v1", "run.started.v1", "run.finished.v1")


@dataclass
class Ground:
    """One workflow, and all that the world did to it."""

    workflow: str
    table: str
    files: dict[str, File] = field(default_factory=dict)
    # What was accepted, by the key that makes it one: the runs that the answers named.
    accepted: dict[str, set[str]] = field(default_factory=dict)
    # Objects for which nobody asked: the listing has to find them.
    watched: set[str] = field(default_factory=set)

    @property
    def owed(self) -> int:
        """How many runs there must be, no more and no fewer."""
        return len(self.accepted) + len(self.watched)

    @property
    def rows(self) -> Counter[Row]:
        """Every row that the destination must hold, and how often."""
        wanted: Counter[Row] = Counter()
        for file in self.files.values():
            wanted.update(file.rows)
        return wanted

    @property
    def books(self) -> Books:
        """What the books of all its runs must come to together."""
        return sum((file.books for file in self.files.values()), Books())


class Oracle:
    """Looks past the platform, into the databases."""

    def __init__(self, state: State) -> None:
        self._state = state

    def runs(self, ground: Ground) -> list[dict[str, Any]]:
        """The runs of a workflow as they are recorded."""
        return self._platform(
            "SELECT id::text AS id, state, books, error_code, message FROM orchestrator.runs WHERE workflow = %s",
            ground.workflow,
        )

    def still_open(self, ground: Ground) -> list[str]:
        """Why a workflow is not at rest: runs that are owed or have not ended."""
        runs = self.runs(ground)
        waiting = [f"{ground.workflow}: run {run['id']} is {run['state']}" for run in runs if run["state"] in OPEN]
        if len(runs) < ground.owed:
            waiting.append(f"{ground.workflow}: {len(runs)} runs, {ground.owed} are owed")
        return waiting

    def violations(self, ground: Ground) -> list[str]:
        """Everything about a workflow at rest that is not as it was promised."""
        return [
            f"{ground.workflow}: {what}"
            for what in [*self._rows(ground), *self._runs(ground), *self._ledger(ground), *self._aside(ground)]
        ]

    def unheard(self, grounds: list[Ground]) -> list[str]:
        """Events that have not arrived where all events arrive, each exactly once."""
        wrong = []
        for ground in grounds:
            heard = Counter(
                (row["run_id"], row["type"])
                for row in self._platform(
                    "SELECT run_id::text AS run_id, type FROM notification.event_log WHERE run_id IN"
                    " (SELECT id FROM orchestrator.runs WHERE workflow = %s)",
                    ground.workflow,
                )
            )
            for run in self.runs(ground):
                for name in OF_A_RUN:
                    if heard[run["id"], name] != 1:
                        wrong.append(
                            f"{ground.workflow}: {name} of run {run['id']} came {heard[run['id'], name]} times"
                        )
        for service in ("connector", "identity", "module_registry", "orchestrator", "schema_drift", "transform"):
            missing = self._platform(
                f'SELECT type FROM "{service}".outbox'
                " WHERE event_id NOT IN (SELECT event_id FROM notification.event_log)"
            )
            wrong += [f"{service}: an event {row['type']} of the outbox was not heard" for row in missing]
        return wrong

    def finished_runs(self) -> set[str]:
        """The runs of all workflows that have ended."""
        return {
            row["id"]
            for row in self._platform("SELECT id::text AS id FROM orchestrator.runs WHERE state <> ALL(%s)", list(OPEN))
        }

    def _rows(self, ground: Ground) -> list[str]:
        wanted = ground.rows
        found: Counter[Row] = Counter()
        if wanted:
            query = f'SELECT id, name, amount, doubled FROM public."{ground.table}"'
            found.update(tuple(row.values()) for row in self._warehouse(query))
        wrong = []
        if lost := wanted - found:
            wrong.append(f"{lost.total()} rows are lost, such as {next(iter(lost))}")
        if surplus := found - wanted:
            doubled = sum(count for row, count in surplus.items() if row in wanted)
            wrong.append(
                f"{surplus.total()} rows are too many, {doubled} of them doubled, such as {next(iter(surplus))}"
            )
        return wrong

    def _runs(self, ground: Ground) -> list[str]:
        runs = {run["id"]: run for run in self.runs(ground)}
        wrong = []
        for key, answered in ground.accepted.items():
            if len(answered) != 1:
                wrong.append(f"trigger {key} was answered with {len(answered)} runs")
            wrong += [f"trigger {key} was accepted, but there is no run {run}" for run in answered - runs.keys()]
        if len(runs) != ground.owed:
            wrong.append(f"there are {len(runs)} runs, {ground.owed} are owed")
        total = Books()
        for run in runs.values():
            if run["state"] not in ENDED_WELL:
                said = f"{run['error_code']}: {run['message']}" if run["error_code"] else ""
                wrong.append(f"run {run['id']} is {run['state']} {said}")
            books = Books(**run["books"]) if run["books"] else Books()
            if not books.balance:
                wrong.append(f"the books of run {run['id']} do not balance: {books}")
            total += books
        if not wrong and total != ground.books:
            wrong.append(f"the books come to {total}, the files to {ground.books}")
        return wrong

    def _ledger(self, ground: Ground) -> list[str]:
        """One row for each window that was loaded, and each window closed."""
        loads = self._warehouse(
            "SELECT window_id::text AS window, count(*) AS times, sum(inserted + updated)::bigint AS rows"
            " FROM modulardata.load_ledger WHERE workflow_id = ANY(%s) GROUP BY window_id",
            [
                row["id"]
                for row in self._platform("SELECT id FROM orchestrator.workflows WHERE name = %s", ground.workflow)
            ],
        )
        wrong = [f"window {load['window']} was loaded {load['times']} times" for load in loads if load["times"] != 1]
        loaded = sum(load["rows"] for load in loads)
        if loaded != ground.books.loaded:
            wrong.append(f"the ledger says {loaded} rows, the files {ground.books.loaded}")
        windows = self._platform(
            "SELECT w.id::text AS id, w.state FROM connector.windows w JOIN orchestrator.workflows f"
            " ON f.id = w.workflow_id WHERE f.name = %s AND w.state <> 'committed'",
            ground.workflow,
        )
        return wrong + [f"window {window['id']} is {window['state']}" for window in windows]

    def _aside(self, ground: Ground) -> list[str]:
        """What was set aside is kept, once."""
        (kept,) = self._platform(
            "SELECT coalesce(sum(rows), 0)::bigint AS rows FROM schema_drift.quarantine_entries WHERE workflow = %s",
            ground.workflow,
        )
        if kept["rows"] != ground.books.quarantined:
            return [f"{kept['rows']} rows are in quarantine, {ground.books.quarantined} belong there"]
        return []

    def _platform(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return _rows(self._state.database_admin_url, query, values)

    def _warehouse(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return _rows(self._state.warehouse_dsn, query, values)


def _rows(dsn: str, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    with psycopg.connect(dsn, connect_timeout=5, row_factory=dict_row) as connection:
        return list(connection.execute(query.encode(), values or None))
