"""What goes wrong for the caller's reasons, in the words of RFC 9457; use cases raise these without knowing HTTP."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from contracts.commands.connector import Problem

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """An answer that is not the one the caller hoped for. Texts are for people and hold no secret."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        document: dict[str, Any] = {
            "type": f"urn:modulardata:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error.model_dump(exclude_none=True) for error in self.errors]
        return document


def bad_request(code: str, detail: str) -> ProblemError:
    """The request cannot be understood."""
    return ProblemError(400, code, detail)


def unauthorized(detail: str = "This needs a valid token or API key.") -> ProblemError:
    """Who is asking is not known."""
    return ProblemError(401, "unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="modulardata"'})


def forbidden(permission: str) -> ProblemError:
    """Who is asking is known, and may not."""
    return ProblemError(403, "forbidden", f"This needs the permission {permission}.")


def not_found() -> ProblemError:
    """There is no such thing, or it is another workspace's: the answer is the same to the byte."""
    return ProblemError(404, "not_found", "There is nothing here by that name.")


def conflict(detail: str, code: str = "conflict") -> ProblemError:
    """The request contradicts what is there."""
    return ProblemError(409, code, detail)


def precondition_failed(detail: str = "It changed since it was read; read it again.") -> ProblemError:
    """If-Match names a version that is no longer the current one."""
    return ProblemError(412, "precondition_failed", detail)


def invalid(errors: Sequence[Problem], detail: str = "The request holds values that cannot be used.") -> ProblemError:
    """The request is understood and cannot be followed; each error points at its place."""
    return ProblemError(422, "invalid", detail, errors=errors)


def too_many(detail: str, retry_after: int) -> ProblemError:
    """Too often; seconds to wait."""
    return ProblemError(429, "too_many_requests", detail, headers={"Retry-After": str(retry_after)})


def unavailable(detail: str, retry_after: int = 1) -> ProblemError:
    """Something this needs is away; the same request may succeed later."""
    return ProblemError(503, "unavailable", detail, headers={"Retry-After": str(retry_after)})
