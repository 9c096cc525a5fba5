"""What a site does with the stack: ask for a ticket, post the file, wait for the variants."""

import io
import time
from pathlib import Path
from typing import Any, NamedTuple

import requests

from lib.errors import FanoutError
from lib.uploads import client
from local import emulator
from local.stack import DeployedStack

# Nothing on this machine takes longer to begin an answer, however much else it has to do.
_SECONDS = 120
_POLL_SECONDS = 0.1


class Arrived(NamedTuple):
    """A variant as the CDN gave it, and how long after the upload, in seconds."""

    data: bytes
    headers: dict[str, str]
    seconds: float


def aws(stack: DeployedStack, service: Any) -> Any:
    """A boto3 client of the emulator, as its root user."""
    return emulator.client(stack.endpoint, stack.region, service)


def ask(stack: DeployedStack, wish: dict[str, Any], authorize: client.Authorize | None) -> Any:
    """POST /uploads; the response."""
    return client.ask_for_ticket(stack.api, authorize, wish)


def upload(stack: DeployedStack, file: Path, content_type: str = "image/jpeg") -> dict[str, Any]:
    """Upload one file through a ticket; the ticket. FanoutError if it is refused."""
    data = file.read_bytes()
    wish = {"filename": file.name, "content_type": content_type, "bytes": len(data)}
    answer = ask(stack, wish, client.make_bearer_auth(stack.token))
    if not answer.ok:
        raise FanoutError(f"No ticket for {file.name}: {answer.status_code} {answer.text}")
    ticket: dict[str, Any] = answer.json()
    posted = post_form(ticket, data)
    if not posted.ok:
        raise FanoutError(f"{file.name} was not taken: {posted.status_code} {posted.text}")
    return ticket


def post_form(ticket: dict[str, Any], data: bytes) -> Any:
    """Post a file as a browser's form does: the ticket's fields, then the file."""
    return client.post_form(ticket, io.BytesIO(data), len(data), lambda _: None)


def wait_for(url: str, since: float, deadline: float) -> Arrived:
    """GET until the picture is there; times are of time.monotonic(). FanoutError when late."""
    while True:
        answer = requests.get(url, timeout=_SECONDS)
        now = time.monotonic()
        if answer.ok:
            return Arrived(answer.content, dict(answer.headers), now - since)
        if now > deadline:
            raise FanoutError(f"{url} still answers {answer.status_code} after {now - since:.0f} s")
        time.sleep(_POLL_SECONDS)
