"""The one form of a refusal: `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from lib.errors import ProblemKind

PROBLEM = "application/problem+json"


# A function's answer has room for 6 MB, and a refusal may quote what was sent, escaped: so much of
# it shows what is wrong.
_MAX_DETAIL = 2000


class Problem(BaseModel):
    """Why a request was refused: `type` never changes, `detail` says what to do."""

    type: ProblemKind
    title: str
    status: int
    detail: str


def make_problem(status: int, kind: ProblemKind, detail: str) -> Problem:
    """A refusal as a document; what is very long in it is cut."""
    if len(detail) > _MAX_DETAIL:
        detail = f"{detail[:_MAX_DETAIL]}…"
    # What is quoted may be no text that can be sent.
    detail = detail.encode(errors="backslashreplace").decode()
    return Problem(type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail)


def make_error_response(
    status: int, kind: ProblemKind, detail: str, cache_control: str
) -> dict[str, Any]:
    """A refusal as a function answers it."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": PROBLEM, "Cache-Control": cache_control},
        "body": make_problem(status, kind, detail).model_dump_json(),
    }
