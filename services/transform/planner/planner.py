"""The rules planner: reads an instruction clause by clause, checks each step against the table, and asks when in doubt.

A clause is understood only when every one of its words is explained by a way of speaking, a column, a value or a
number. What is left over is never passed over: it becomes a question. The same words about the same table give the
same answer; nothing here reads a file, a clock or a network.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from pydantic import ValidationError

from contracts.recipe import Filter, Recipe, Step
from services.transform.check import stages
from services.transform.errors import RecipeInvalid
from services.transform.frames import catalog
from services.transform.frames.base import Act, Frame
from services.transform.planner import (  # noqa: F401 - their readers register themselves
    alike,
    atoms,
    bounds,
    finishing,
    kinds,
    names,
    numbers,
    orders,
    pieces,
    renames,
    superlatives,
    things,
)
from services.transform.planner.asides import relaxed
from services.transform.planner.borders import boundary, skips
from services.transform.planner.contradictions import excluded
from services.transform.planner.facts import told
from services.transform.planner.linking import Index
from services.transform.planner.normalising import prepared
from services.transform.planner.paraphrases import joined, paraphrased
from services.transform.planner.pattern import Budget, TooMuch, compiled, heads
from services.transform.planner.questions import unexplained
from services.transform.planner.reading import Memory, Noted, Reader
from services.transform.planner.saying import english, touched_columns
from services.transform.planner.view import Doubt, Plan, Question, TableView, ask
from services.transform.planner.words import Token

MAX_LENGTH = 4_000  # characters; longer instructions are not one
MAX_STEPS = 30
_DOUBT = 0.5  # what it costs to understand a clause as something that has to be asked about
_BEAM = 24  # readings of the beginning that are followed up


@dataclass(frozen=True)
class State:
    """What has been understood so far: up to which token, which steps, and the table after them."""

    at: int
    view: TableView
    memory: Memory
    steps: tuple[Step, ...] = ()
    cost: float = 0.0
    doubt: Question | None = None
    notes: tuple[str, ...] = ()
    clauses: int = 0


@dataclass
class _Search:
    text: str
    tokens: list[Token]
    budget: Budget
    noted: list[Noted] = field(default_factory=list)
    furthest: int = 0
    readers: list[tuple[TableView, Memory, Reader]] = field(default_factory=list)

    def reader(self, state: State) -> Reader:
        for view, memory, reader in self.readers:
            if view is state.view and memory == state.memory:
                return reader
        made = Reader(self.text, self.tokens, state.view, self.budget, state.memory, self.noted)
        self.readers.append((state.view, state.memory, made))
        return made


class RulesPlanner:
    """Plans by a grammar, a vocabulary and the table's own names and values."""

    def plan(self, instruction: str, view: TableView) -> Plan | Question:
        """Steps or a question."""
        if not instruction.strip():
            return Question("What is to be done with this table?", "unclear")
        if len(instruction) > MAX_LENGTH:
            return Question("This is too long to be one instruction; which steps are wanted?", "too_large")
        first: Question | None = None
        for text, tokens in prepared(instruction, view):
            found = self._read(text, tokens, view)
            if isinstance(found, Plan):
                return found
            first = first or found
            if found.kind not in ("unclear", "unknown_column", "unknown_value"):
                continue
            for shorter, remark in told(tokens, Index(view)):
                again = self._read(*joined(text, [shorter]), view)
                if isinstance(again, Plan):
                    return replace(again, notes=(*again.notes, f"Read as a remark: {remark}"))
            for fewer, left_out in relaxed(tokens, Index(view)):
                again = self._read(text, fewer, view)
                if isinstance(again, Plan):
                    notes = tuple(f"Not planned for: {one}" for one in left_out)
                    return replace(again, notes=(*again.notes, *notes))
            for said, turned in paraphrased(text, tokens, Index(view)):
                again = self._read(said, turned, view)
                if isinstance(again, Plan):
                    return again
        return first or Question("What is to be done with this table?", "unclear")

    def _read(self, text: str, tokens: list[Token], view: TableView) -> Plan | Question:
        search = _Search(text, tokens, Budget())
        try:
            done = _search(search, State(0, view, Memory()))
        except TooMuch:
            return Question("This can be read in too many ways. Could it be said in shorter sentences?", "unclear")
        if done is None:
            return unexplained(text, tokens, view, Index(view), search.noted, search.furthest)
        if done.doubt is not None:
            return done.doubt
        if not done.steps and not done.clauses:
            return Question("What is to be done with this table?", "unclear")
        return Plan(done.steps, english(done.steps, view), touched_columns(done.steps, view), done.notes)


def _search(search: _Search, start: State) -> State | None:
    """The cheapest reading of all tokens; None when there is none."""
    waiting: dict[int, list[State]] = {0: [start]}
    best: State | None = None
    for at in range(len(search.tokens) + 1):
        for state in sorted(waiting.pop(at, []), key=lambda one: one.cost)[:_BEAM]:
            if state.cost > (best.cost if best else float("inf")):
                continue
            for place in skips(search.reader(state), state.clauses > 0, state.at):
                search.furthest = max(search.furthest, place)
                if place == len(search.tokens):
                    if best is None or state.cost < best.cost:
                        best = state
                    continue
                for follow in _clauses(search, replace(state, at=place)):
                    waiting.setdefault(follow.at, []).append(follow)
    return best


def _clauses(search: _Search, state: State) -> Iterator[State]:
    """Every way to understand one clause that begins here."""
    reader = search.reader(state)
    seen: dict[tuple[int, str], float] = {}
    for frame in catalog.FRAMES:
        for pattern in frame.patterns:
            begins = _begins(pattern)
            if begins is not None and reader.low(state.at) not in begins:
                continue
            for end, env, cost in reader.match(pattern, state.at):
                if end <= state.at or not boundary(reader, end):
                    continue
                search.furthest = max(search.furthest, end)
                whole = state.cost + cost + frame.cost + 1.0
                made = _handled(reader, frame, env, state, end, whole)
                if made is None:
                    continue
                key = (end, repr(made.steps) + repr(made.doubt))
                if key in seen and seen[key] <= made.cost:
                    continue
                seen[key] = made.cost
                yield made


@cache
def _begins(pattern: str) -> frozenset[str] | None:
    return heads(compiled(pattern))


def _handled(reader: Reader, frame: Frame, env: dict[str, object], state: State, end: int, cost: float) -> State | None:
    try:
        done = frame.handle(reader, dict(env), state.at, end)
        if done is None:
            return None
        return _applied(state, done, end, cost)
    except ValidationError:
        return None  # no such step can be: it was not meant so
    except Doubt as doubt:
        reader.note(end, doubt, 2.5)
        return replace(
            state, at=end, doubt=state.doubt or doubt.question, cost=cost + _DOUBT, clauses=state.clauses + 1
        )


def _applied(state: State, done: Act, end: int, cost: float) -> State:
    view, renamed = state.view, dict(state.memory.renamed)
    removed = set(state.memory.removed)
    steps = (*state.steps, *done.steps)
    for size in range(len(state.steps) + 1, len(steps) + 1):  # what is grouped afterwards excuses nothing
        column = excluded(_stays(one.where) for one in _last_filters(steps[:size]))
        if column is not None:
            raise ask(
                "contradictory", f"No row can satisfy these conditions on '{column}' at once. Which of them is meant?"
            )
    for step in done.steps:
        view = _after(view, step)
    if len(state.steps) + len(done.steps) > MAX_STEPS:
        raise ask("too_large", f"That would be more than {MAX_STEPS} steps. Which are wanted first?")
    before, after = set(state.view.names), set(view.names)
    removed = (removed | (before - after)) - after
    silent = not done.steps and not done.made and not done.touched
    memory = (
        state.memory
        if silent
        else Memory(
            done.made or tuple(name for name in view.names if name not in before),
            done.used,
            done.touched,
            frozenset(removed),
            tuple(renamed.items()),
            _order_of(steps),
            steps[-1].kind if steps else "",
        )
    )
    return State(
        end,
        view,
        memory,
        (*state.steps, *done.steps),
        cost + done.cost,
        state.doubt,
        (*state.notes, *done.notes),
        state.clauses + 1,
    )


_GONE = re.compile(r'\(("[^"]+") (<=|>=|<|>) (-?[\d.]+)\) IS NOT TRUE')
_STAYING = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _stays(where: str) -> str:
    """What holds for the rows that are left when those of a bound are removed, as far as they are known."""
    gone = _GONE.fullmatch(where)
    return where if gone is None else f"{gone[1]} {_STAYING[gone[2]]} {gone[3]}"


def _order_of(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """By what the rows are in order, as far as the steps say."""
    for step in reversed(steps):
        if step.kind == "sort":
            return tuple(one.column for one in step.by)
        if step.kind not in ("select", "drop", "rename", "filter", "derive", "round", "reorder"):
            break
    return ()


def _last_filters(steps: tuple[Step, ...]) -> list[Filter]:
    """The filters at the end that look at the same values."""
    found: list[Filter] = []
    for step in reversed(steps):
        if step.kind == "filter":
            found.append(step)
        elif step.kind not in ("sort", "drop", "select", "reorder", "deduplicate"):
            break
    return found


def _after(view: TableView, step: Step) -> TableView:
    """The table after a step; raises Doubt when the step cannot be run on it."""
    try:
        checked = stages(Recipe(steps=(step,)), view.schema)
    except RecipeInvalid as error:
        raise ask("unclear", _told(error)) from error
    except (ValueError, RecursionError) as error:
        raise ask("unclear", "This cannot be run on this table. What is meant?") from error
    after = checked[-1].after
    renamed = dict(step.columns) if step.kind == "rename" else {}
    if step.kind == "rename_style":
        renamed = dict(zip(view.names, after.names, strict=True))
    shown = view.after(after, renamed, kept=True)
    changed = _changed(step)
    if changed:
        shown = TableView(
            tuple(type(one)(one.name, one.type) if one.name in changed else one for one in shown.columns), shown.rows
        )
    if step.kind in (
        "filter",
        "drop_null",
        "aggregate",
        "pivot",
        "unpivot",
        "limit",
        "deduplicate",
        "sample",
        "explode",
    ):
        shown = TableView(shown.columns, 0 if step.kind in ("aggregate", "pivot", "unpivot") else shown.rows)
    return shown


def _changed(step: Step) -> set[str]:
    """Columns whose values a step makes anew."""
    match step.kind:
        case "derive":
            return {one.column for one in step.columns}
        case "conditional" | "coalesce" | "replace":
            return {step.column}
        case "cast":
            return set(step.columns)
        case "parse_number" | "parse_date" | "text" | "replace_text" | "round" | "mask" | "convert_unit":
            return set(step.columns)
        case _:
            return set()


def _told(error: RecipeInvalid) -> str:
    problem = error.problems[0]
    return f"This cannot be done with this table: {problem.message}"
