"""The upload API as the steps call it: uploads, statuses, deletions."""

from typing import Any
from urllib.parse import quote

import requests
from pydantic import ValidationError

from lib.auth.tokens import GATEWAY_TTL
from lib.auth.ttl_cache import MIN_REFRESH
from lib.errors import StepError
from lib.operations.verify.target import Target
from lib.uploads.status import PhotoStatus, Status

_CREATED, _STORED, _DELETED = 201, 204, 204
_NOT_ALLOWED = (401, 403)
_TOO_MANY = 429


def expect(answer: requests.Response, status: int, look_at: str) -> None:
    """StepError for an answer with another status; it says what the answer says."""
    if answer.status_code == status:
        return
    asked = answer.request
    said = answer.text[:500] if "text" in answer.headers.get("Content-Type", "text") else ""
    if "json" in answer.headers.get("Content-Type", ""):
        document = read_json(answer)
        said = document.get("detail") or document.get("message") or ""
    raise StepError(
        f"{asked.method} {asked.url}: {answer.status_code} in place of {status}: {said}", look_at
    )


def read_json(answer: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer; StepError if there is none."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise StepError(f"{answer.url}: no JSON object: {answer.text[:200]!r}")
    return document


def ask_for_ticket(target: Target, name: str, length: int, *, overwrite: bool = False) -> Any:
    """POST /uploads for a file of the folder; the response."""
    wish = {
        "path": target.path(name),
        "content_type": target.content_type,
        "bytes": length,
        "overwrite": overwrite,
    }
    return target.web.call("POST", "/uploads", json=wish)


def get_ticket(target: Target, name: str, length: int, *, overwrite: bool = False) -> Any:
    """The ticket; waits until API Gateway knows a token that was made a moment ago."""

    def look() -> requests.Response | None:
        answer: requests.Response = ask_for_ticket(target, name, length, overwrite=overwrite)
        is_early = target.has_new_token and answer.status_code in _NOT_ALLOWED
        return None if is_early or answer.status_code == _TOO_MANY else answer

    answer = target.poller.wait(
        look,
        lambda: f"POST /uploads is answered (token made just now: {target.has_new_token})",
        target.logs_of("authorizer"),
        # It asks again after the one, and API Gateway keeps a refusal for the other.
        more=(GATEWAY_TTL + MIN_REFRESH).total_seconds(),
    )
    is_refused = answer.status_code in _NOT_ALLOWED
    look_at = "FANOUT_TOKEN, or these credentials: docs/commands.md, Permissions"
    expect(answer, _CREATED, look_at if is_refused else target.logs_of("uploads"))
    return read_json(answer)


def upload(target: Target, name: str, data: bytes, *, overwrite: bool = False) -> str:
    """Upload a file to the folder; its path."""
    ticket = get_ticket(target, name, len(data), overwrite=overwrite)
    post(target, ticket, data)
    return target.path(name)


def post(target: Target, ticket: dict[str, Any], data: bytes) -> None:
    """Post a file with a ticket."""
    look_at = "the policy of the originals bucket, and RoleOfUploads"
    expect(target.web.post(ticket, data), _STORED, look_at)


def get_status(target: Target, path: str) -> PhotoStatus:
    """GET /uploads?path=…"""
    answer = target.web.call("GET", f"/uploads?path={quote(path, safe='')}")
    expect(answer, 200, target.logs_of("status"))
    try:
        return PhotoStatus.model_validate(read_json(answer))
    except ValidationError as error:
        raise StepError(f"{answer.url}: no status: {error}", target.logs_of("status")) from error


def wait_until_ready(target: Target, path: str) -> Status:
    """Wait until the photo is ready at each size; StepError at once if it has failed."""
    sizes = wait_until_settled(target, path)
    for name, size in sizes.items():
        if size.state != "ready":
            raise StepError(
                f"{path} at {name}: {size.state}: {size.reason}: {size.error}",
                target.logs_of(f"resize-{name}"),
            )
    return sizes


def wait_until_settled(target: Target, path: str) -> Status:
    """Wait until the photo is ready or has failed at each size."""
    last: Status = {}

    def look() -> Status | None:
        last.update(get_status(target, path).sizes)
        return last if all(each.state in ("ready", "failed") for each in last.values()) else None

    def missing() -> str:
        states = ", ".join(
            f"{name} {each.state}" for name, each in last.items() if each.state != "ready"
        )
        return f"{path} is rendered: {states}"

    return target.poller.wait(
        look,
        missing,
        f"./fanout doctor --stage {target.stage}; {target.logs_of('resize-…')} of what is pending; "
        "how many messages its queue has, if the stage is busy",
    )


def delete(target: Target, path: str) -> None:
    """DELETE /uploads?path=…"""
    answer = target.web.call("DELETE", f"/uploads?path={quote(path, safe='')}")
    expect(answer, _DELETED, target.logs_of("deletion"))
