"""`make demo`: uploads photos and a broken file, and prints the variants and a dead letter."""

import io
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import Image
from rich.console import Console
from rich.table import Table

from lib.errors import FanoutError
from lib.plurals import pluralize
from local.client import Arrived, aws, upload, wait_for
from local.stack import DeployedStack

# Enough for a cold start of every size on a slow machine.
_WAIT_SECONDS = 120
_POLL_SECONDS = 0.1


def show(console: Console, stack: DeployedStack, photos: list[Path], scratch: Path) -> None:
    """Uploads photos and a broken file, waits for the results and prints them."""
    console.print(
        f"Uploading {pluralize(len(photos), 'photo')} and one broken file through "
        f"{stack.api}/uploads",
        soft_wrap=True,
    )
    started = time.monotonic()
    tickets = [(photo, upload(stack, photo), time.monotonic()) for photo in photos]
    upload(stack, _make_broken(photos[0], scratch))
    table = Table("photo", "size", "pixels", "bytes", "type", "seconds")
    total = len(photos) * len(stack.sizes)
    with console.status(f"Waiting for {pluralize(total, 'variant')} at {stack.cdn}"):
        for photo, ticket, since in tickets:
            for size, url in ticket["variants"].items():
                arrived = wait_for(url, since, deadline=started + _WAIT_SECONDS)
                table.add_row(photo.name, size, *_format(arrived))
        elapsed = time.monotonic() - started
        letter = _read_dead_letter(stack, deadline=started + _WAIT_SECONDS)
    console.print(table)
    console.print(f"{pluralize(total, 'variant')} in {elapsed:.1f} s, cold starts included.")
    console.print("\nThe broken file became a dead letter of each size, with its reason:")
    for name in ("size", "path", "reason", "error", "attempts"):
        console.print(f"  {name:<9}{letter[name]}", soft_wrap=True, highlight=False)


def _make_broken(photo: Path, scratch: Path) -> Path:
    """Writes the first half of a photo, as after an interrupted upload."""
    data = photo.read_bytes()
    scratch.mkdir(parents=True, exist_ok=True)
    broken = scratch / "broken.jpg"
    broken.write_bytes(data[: len(data) // 2])
    return broken


def _format(arrived: Arrived) -> tuple[str, str, str, str]:
    with Image.open(io.BytesIO(arrived.data)) as image:
        pixels = f"{image.width}x{image.height}"
    content_type = arrived.headers["Content-Type"]
    return pixels, f"{len(arrived.data):,}", content_type, f"{arrived.seconds:.1f}"


def _read_dead_letter(stack: DeployedStack, deadline: float) -> dict[str, Any]:
    """Returns the decoded attributes of the first size's dead letter, which stays in its queue."""
    sqs = aws(stack, "sqs")
    url = sqs.get_queue_url(QueueName=f"image-fanout-local-{stack.sizes[0]}-dlq")["QueueUrl"]
    while time.monotonic() < deadline:
        response = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0
        )
        for message in response.get("Messages", []):
            attributes = message["MessageAttributes"]
            return {name: unquote(value["StringValue"]) for name, value in attributes.items()}
        time.sleep(_POLL_SECONDS)
    raise FanoutError(f"No dead letter arrived in {url}")
