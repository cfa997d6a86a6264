"""Events in sentences for people: what happened, and what to do next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from contracts.data import Contract
from contracts.events.drift import (
    DriftAdapted,
    DriftDetected,
    DriftDetectedV1,
    QuarantineOpened,
    QuarantineRejected,
    QuarantineReleased,
    ReviewDecided,
    ReviewOpened,
)
from contracts.events.modules import ModuleVersionPublished
from contracts.events.runs import RunFinished, RunRequested, RunStarted, RunStepFinished
from contracts.events.sessions import SessionFailed

MAX_TEXT = 2_000


@dataclass(frozen=True)
class Sentences:
    """What happened, and what to do; `advice` is empty when there is nothing to do."""

    summary: str
    advice: str = ""


def describe(event_type: str, event: Contract) -> Sentences:
    """The words for an event; for one that has none of its own, its name."""
    for model, words in _WORDS:
        if isinstance(event, model):
            found = words(event)
            return Sentences(_cut(found.summary), _cut(found.advice))
    return Sentences(_plainly(event_type))


# The fields that name something with an address of its own.
_LINKS = {
    "run_id": ("run", "/api/runs/{}"),
    "report_id": ("drift_report", "/api/drift-reports/{}"),
    "review_id": ("drift_review", "/api/drift/reviews/{}"),
    "proof_id": ("drift_proof", "/api/drift/proofs/{}"),
    "entry_id": ("quarantine_entry", "/api/quarantine/{}"),
    "session_id": ("session", "/api/sessions/{}"),
}


def links(payload: dict[str, Any], base: str) -> dict[str, str]:
    """Where to read more."""
    found = {}
    for field, (name, path) in _LINKS.items():
        value = payload.get(field)
        if isinstance(value, str | UUID):
            found[name] = base.rstrip("/") + path.format(value)
    return found


def _drift(event: DriftDetected | DriftDetectedV1) -> Sentences:
    where = f"Workflow {event.workflow}: "
    return Sentences(where + event.summary, event.advice)


def _review_opened(event: ReviewOpened) -> Sentences:
    until = f"{event.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    look = f"`modulardata drift review {event.review_id}`"
    if event.veto:
        summary = f"Workflow {event.workflow} goes on at {until} unless somebody objects. {event.summary}"
        return Sentences(summary, f"{event.advice} {look} shows it; with `--reject` it stays out.".lstrip())
    summary = f"Workflow {event.workflow} waits for a decision until {until}. {event.summary}"
    return Sentences(summary, f"{event.advice} {look} shows it and asks; without an answer it stays out.".lstrip())


_DECISIONS = {
    "approved": "was approved; the run goes on",
    "rejected": "was rejected; what came stays out",
    "edited": "was answered with another mapping, which is proved before the run goes on",
    "expired": "was answered by nobody in time; the run goes by the workflow's policy for silence",
}


def _review_decided(event: ReviewDecided) -> Sentences:
    what = f"A change of what workflow {event.workflow} reads {_DECISIONS[event.outcome]}"
    return Sentences(f"{what}{_why(event.reason)}.")


def _adapted(event: DriftAdapted) -> Sentences:
    summary = (
        f"Workflow {event.workflow} goes on with version {event.version} of module {event.module}, "
        f"made of version {event.base_version}. {event.summary}"
    )
    proof, back = f"`modulardata drift proof {event.proof_id}`", f"`modulardata modules rollback {event.module}`"
    return Sentences(summary, f"{proof} shows what was proved; {back} takes the version back.")


def _quarantined(event: QuarantineOpened) -> Sentences:
    what = f"{event.object or 'a file'} was set aside" if event.what == "file" else f"{_rows(event.rows)} set aside"
    return Sentences(f"Workflow {event.workflow}: {what}. {event.summary}", event.advice)


def _released(event: QuarantineReleased) -> Sentences:
    how = "with corrected content" if event.corrected else "as it was"
    return Sentences(f"{event.object} was released from quarantine {how}; a run loads it.")


def _rejected(event: QuarantineRejected) -> Sentences:
    return Sentences(f"Quarantine entry {event.entry_id} was rejected{_why(event.reason)}. It stays out.")


_OUTCOMES = {
    "succeeded": "succeeded",
    "partial": "ended, and set something aside",
    "quarantined": "ended with everything set aside",
    "failed": "failed",
    "cancelled": "was cancelled",
}


def _finished(event: RunFinished) -> Sentences:
    books = event.books
    counts = (
        f"{_rows(books.read)} read, {books.loaded} loaded, {books.filtered} filtered, "
        f"{books.deduplicated} repeated, {books.quarantined} set aside"
    )
    summary = f"A run of workflow {event.workflow} {_OUTCOMES[event.outcome]}: {counts}."
    if event.outcome == "failed":
        code = f" ({event.error_code})" if event.error_code else ""
        summary = f"A run of workflow {event.workflow} failed{code}: {event.message or 'it gave no reason'}"
        return Sentences(summary, f"See its steps with `modulardata runs show {event.run_id}`, and run it again then.")
    if event.outcome in ("partial", "quarantined"):
        return Sentences(summary, "See what was set aside with `modulardata quarantine list`.")
    return Sentences(summary)


def _requested(event: RunRequested) -> Sentences:
    return Sentences(f"A run of workflow {event.workflow} was accepted (trigger: {event.trigger.replace('_', ' ')}).")


def _started(event: RunStarted) -> Sentences:
    return Sentences(f"A run of workflow {event.workflow}, version {event.workflow_version}, started.")


def _step(event: RunStepFinished) -> Sentences:
    return Sentences(f"Step {event.step.replace('_', ' ')} of run {event.run_id} {event.outcome}.")


def _published(event: ModuleVersionPublished) -> Sentences:
    current = " and is the current one" if event.current else ""
    return Sentences(f"Module {event.name} has version {event.version}{current}.")


def _session_failed(event: SessionFailed) -> Sentences:
    return Sentences(f"A session could not read its data ({event.code}): {event.message}")


_WORDS: tuple[tuple[type[Contract], Callable[[Any], Sentences]], ...] = (
    (DriftDetected, _drift),
    (DriftDetectedV1, _drift),
    (ReviewOpened, _review_opened),
    (ReviewDecided, _review_decided),
    (DriftAdapted, _adapted),
    (QuarantineOpened, _quarantined),
    (QuarantineReleased, _released),
    (QuarantineRejected, _rejected),
    (RunFinished, _finished),
    (RunRequested, _requested),
    (RunStarted, _started),
    (RunStepFinished, _step),
    (ModuleVersionPublished, _published),
    (SessionFailed, _session_failed),
)


def _plainly(event_type: str) -> str:
    area, _, rest = event_type.partition(".")
    name = rest.rpartition(".")[0] or rest
    return f"{area.capitalize()}: {name.replace('_', ' ')}."


def _why(reason: str) -> str:
    return f": {reason.rstrip('. ')}" if reason else ""


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
