"""Problem documents as HTTP answers."""

import json

from starlette.responses import Response

from services.chassis.problems import MEDIA_TYPE, ProblemError


def problem_response(problem: ProblemError) -> Response:
    """The answer that says what is wrong."""
    body = json.dumps(problem.document(), ensure_ascii=False, separators=(",", ":"))
    return Response(body.encode(), problem.status, problem.headers, media_type=MEDIA_TYPE)
