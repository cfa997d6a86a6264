"""A review as one page without scripts: everything on it is escaped, and nothing is fetched from anywhere."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from services.schema_drift.review_views import ReviewDetail, TwoColumns

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem;width:100%}td,th{border:1px solid #bbb;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}.no{color:#a40000}textarea{width:100%}"
    "button{font:inherit;padding:.4rem 1.2rem;margin-right:1rem}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def page(review: ReviewDetail, said: str = "") -> str:
    """The page; `said` is why the last answer was not taken."""
    proof = review.proof
    asked = "a version waits to be published" if review.veto else "a decision is needed"
    parts = [
        f"<h1>{escape(review.workflow)}: {asked}</h1>",
        f'<p role="alert" class="no">{escape(said)}</p>' if said else "",
        f"<p>{escape(review.summary)}</p>",
        f"<p><strong>{escape(review.question)}</strong></p>" if review.question else "",
        f"<p>{escape(review.model)}</p>" if review.model else "",
        "<h2>What changed</h2>",
        _table(
            ("Change", "Column", "Now", "Why", "Proof"),
            (
                (one.kind, one.column, one.became or ", ".join(c.column for c in one.candidates), one.detail, one.proof)
                for one in review.changes
            ),
        ),
        "<h2>Old and new values</h2>" + _table(("Old", "New", "Old values", "New values"), map(_line, review.columns))
        if review.columns
        else "",
        "<h2>What would be done</h2>",
        "<ol>" + "".join(f"<li>{escape(step)}</li>" for step in review.proposal.steps) + "</ol>"
        if review.proposal.steps
        else "<p>Nothing is rewritten: what came is loaded as it is.</p>",
        f"<p>Left as written, left empty, or no longer checked: {escape(', '.join(review.proposal.doubtful))}</p>"
        if review.proposal.doubtful
        else "",
        f"<h2>Proof: {escape(proof.verdict)}, replayed on {proof.history} past inputs</h2>",
        _table(
            ("Check", "", "Detail"),
            ((check.name, "passed" if check.passed else "failed", check.detail) for check in proof.checks),
        ),
        _form(review),
    ]
    body = "".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Review of {escape(review.workflow)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _form(review: ReviewDetail) -> str:
    if review.decision is not None:
        by = "by silence" if review.decision.via == "silence" else "by a person"
        why = f": {escape(review.decision.reason)}" if review.decision.reason else "."
        return f"<h2>Decided</h2><p>This review was {escape(review.decision.outcome)} {by}{why}</p>"
    until = f"{review.expires_at:%Y-%m-%d %H:%M} UTC"
    silence = "it is published by itself" if review.veto else "what came stays in quarantine"
    approve = '<button name="decision" value="approve">Approve</button>'
    refuted = "<p>It cannot be approved: the proof contradicts it.</p>"
    return (
        f"<h2>Decide</h2><p>Until {until}; after that {silence}.</p>"
        '<form method="post"><p><label>Reason<br><textarea name="reason" rows="3" maxlength="2000"></textarea></label>'
        f"</p>{approve if review.approvable else refuted}"
        '<button name="decision" value="reject">Reject</button></form>'
    )


def _line(one: TwoColumns) -> tuple[str, ...]:
    values = [
        ", ".join("(nothing)" if value is None else value for value in side)
        for side in (one.old_values, one.new_values)
    ]
    return one.old or "", one.new or "", *values


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
