"""Client of the local stack, as a site has one: request a ticket, post a file, get variants."""

import io
import time
from pathlib import Path
from typing import Any, NamedTuple

import requests

from lib.errors import FanoutError
from lib.uploads import client
from local import emulator
from local.stack import DeployedStack

# Longer than any first byte takes on a busy machine.
_TIMEOUT_SECONDS = 120
_POLL_SECONDS = 0.1


class Arrived(NamedTuple):
    """A variant from the CDN, and the seconds from the upload to its arrival."""

    data: bytes
    headers: dict[str, str]
    seconds: float


def aws(stack: DeployedStack, service: Any) -> Any:
    """Returns a boto3 client of the emulator, as its root user."""
    return emulator.client(stack.endpoint, stack.region, service)


def ask(stack: DeployedStack, request: dict[str, Any], authorize: client.Authorize | None) -> Any:
    """Sends POST /uploads; returns the response."""
    return client.ask_for_ticket(stack.api, authorize, request)


def upload(stack: DeployedStack, file: Path, content_type: str = "image/jpeg") -> dict[str, Any]:
    """Uploads one file and returns its ticket; raises FanoutError if it is refused."""
    data = file.read_bytes()
    request = {"filename": file.name, "content_type": content_type, "bytes": len(data)}
    response = ask(stack, request, client.make_bearer_auth(stack.token))
    if not response.ok:
        raise FanoutError(f"No ticket for {file.name}: {response.status_code} {response.text}")
    ticket: dict[str, Any] = response.json()
    posted = post_form(ticket, data)
    if not posted.ok:
        raise FanoutError(f"S3 refused {file.name}: {posted.status_code} {posted.text}")
    return ticket


def post_form(ticket: dict[str, Any], data: bytes) -> Any:
    """Posts a file as a browser's form does: the ticket's fields, then the file."""
    return client.post_form(ticket, io.BytesIO(data), len(data), lambda _: None)


def wait_for(url: str, since: float, deadline: float) -> Arrived:
    """Polls until the variant is there; raises FanoutError after the deadline (monotonic time)."""
    while True:
        response = requests.get(url, timeout=_TIMEOUT_SECONDS)
        now = time.monotonic()
        if response.ok:
            return Arrived(response.content, dict(response.headers), now - since)
        if now > deadline:
            raise FanoutError(
                f"{url} still returns {response.status_code} after {now - since:.0f} s"
            )
        time.sleep(_POLL_SECONDS)
