"""Error responses: `application/problem+json` (RFC 9457)."""

from typing import Any

from pydantic import BaseModel

from lib.errors import ProblemKind

PROBLEM = "application/problem+json"
# A function's response is limited to 6 MB, and a detail may quote the request, escaped: this much
# shows what is wrong.
_MAX_DETAIL = 2000
# Reason phrases of RFC 9110. Those of http.HTTPStatus depend on Python's version: 413 and 422 have
# other ones before 3.13.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Problem(BaseModel):
    """Why a request was refused: `type` never changes, `detail` says what to do."""

    type: ProblemKind
    title: str
    status: int
    detail: str


def make_problem(status: int, kind: ProblemKind, detail: str) -> Problem:
    """Builds the document of an error response; cuts a very long detail."""
    if len(detail) > _MAX_DETAIL:
        detail = f"{detail[:_MAX_DETAIL]}…"
    # The quoted part may hold lone surrogates, which UTF-8 cannot encode.
    detail = detail.encode(errors="backslashreplace").decode()
    return Problem(type=kind, title=TITLES[status], status=status, detail=detail)


def make_error_response(
    status: int, kind: ProblemKind, detail: str, cache_control: str
) -> dict[str, Any]:
    """Builds an error response as a function returns it."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": PROBLEM, "Cache-Control": cache_control},
        "body": make_problem(status, kind, detail).model_dump_json(),
    }
