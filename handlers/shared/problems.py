"""Error responses: `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from lib.errors import ProblemKind

PROBLEM = "application/problem+json"
# A function's response is limited to 6 MB, and a detail may quote the request, escaped: this much
# shows what is wrong.
_MAX_DETAIL = 2000


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
    return Problem(type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail)


def make_error_response(
    status: int, kind: ProblemKind, detail: str, cache_control: str
) -> dict[str, Any]:
    """Builds an error response as a function returns it."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": PROBLEM, "Cache-Control": cache_control},
        "body": make_problem(status, kind, detail).model_dump_json(),
    }
