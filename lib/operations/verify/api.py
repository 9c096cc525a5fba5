"""Calls the upload API for the steps: uploads, status, deletions."""

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


def expect(response: requests.Response, status: int, look_at: str) -> None:
    """Raises StepError, with the response's own detail, if its status is another."""
    if response.status_code == status:
        return
    request = response.request
    detail = response.text[:500] if "text" in response.headers.get("Content-Type", "text") else ""
    if "json" in response.headers.get("Content-Type", ""):
        document = read_json(response)
        detail = document.get("detail") or document.get("message") or ""
    raise StepError(
        f"{request.method} {request.url}: {response.status_code} in place of {status}: {detail}",
        look_at,
    )


def read_json(response: requests.Response) -> dict[str, Any]:
    """Returns the JSON object of a response; StepError if there is none."""
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise StepError(f"{response.url}: no JSON object: {response.text[:200]!r}")
    return document


def ask_for_ticket(target: Target, name: str, length: int, *, overwrite: bool = False) -> Any:
    """Sends POST /uploads for a file of the folder; returns the response."""
    body = {
        "path": target.path(name),
        "content_type": target.content_type,
        "bytes": length,
        "overwrite": overwrite,
    }
    return target.web.call("POST", "/uploads", json=body)


def get_ticket(target: Target, name: str, length: int, *, overwrite: bool = False) -> Any:
    """Returns an upload ticket; waits until the API accepts a new token."""

    def poll() -> requests.Response | None:
        response: requests.Response = ask_for_ticket(target, name, length, overwrite=overwrite)
        is_early = target.has_new_token and response.status_code in _NOT_ALLOWED
        return None if is_early or response.status_code == _TOO_MANY else response

    response = target.poller.wait(
        poll,
        lambda: f"POST /uploads is answered (token made just now: {target.has_new_token})",
        target.logs_of("authorizer"),
        # The authorizer reads tokens again after MIN_REFRESH; API Gateway caches a 401 for the TTL.
        more=(GATEWAY_TTL + MIN_REFRESH).total_seconds(),
    )
    is_rejected = response.status_code in _NOT_ALLOWED
    look_at = "FANOUT_TOKEN, or these credentials: docs/commands.md, Permissions"
    expect(response, _CREATED, look_at if is_rejected else target.logs_of("uploads"))
    return read_json(response)


def upload(target: Target, name: str, data: bytes, *, overwrite: bool = False) -> str:
    """Uploads a file to the folder; returns its path."""
    ticket = get_ticket(target, name, len(data), overwrite=overwrite)
    post(target, ticket, data)
    return target.path(name)


def post(target: Target, ticket: dict[str, Any], data: bytes) -> None:
    """Posts a file with an upload ticket."""
    look_at = "the policy of the originals bucket, and RoleOfUploads"
    expect(target.web.post(ticket, data), _STORED, look_at)


def get_status(target: Target, path: str) -> PhotoStatus:
    """Returns the photo's status from GET /uploads?path=…"""
    response = target.web.call("GET", f"/uploads?path={quote(path, safe='')}")
    expect(response, 200, target.logs_of("status"))
    try:
        return PhotoStatus.model_validate(read_json(response))
    except ValidationError as error:
        raise StepError(f"{response.url}: no status: {error}", target.logs_of("status")) from error


def wait_until_ready(target: Target, path: str) -> Status:
    """Waits until the photo is ready at each size; StepError at once if it has failed."""
    sizes = wait_until_settled(target, path)
    for name, size in sizes.items():
        if size.state != "ready":
            raise StepError(
                f"{path} at {name}: {size.state}: {size.reason}: {size.error}",
                target.logs_of(f"resize-{name}"),
            )
    return sizes


def wait_until_settled(target: Target, path: str) -> Status:
    """Waits until the photo is ready or has failed at each size."""
    last: Status = {}

    def poll() -> Status | None:
        last.update(get_status(target, path).sizes)
        return last if all(each.state in ("ready", "failed") for each in last.values()) else None

    def missing() -> str:
        states = ", ".join(
            f"{name} {each.state}" for name, each in last.items() if each.state != "ready"
        )
        return f"{path} is rendered: {states}"

    return target.poller.wait(
        poll,
        missing,
        f"{target.commands.fanout('doctor')}; {target.logs_of('resize-…')} of what is pending; "
        "how many messages its queue has, if the stage is busy",
    )


def delete(target: Target, path: str) -> None:
    """Deletes a photo by DELETE /uploads?path=…"""
    response = target.web.call("DELETE", f"/uploads?path={quote(path, safe='')}")
    expect(response, _DELETED, target.logs_of("deletion"))
