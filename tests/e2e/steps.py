"""What end-to-end tests do again and again: upload, and wait for what has to come of it."""

import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import requests

from lib.uploads.client import make_bearer_auth
from local.client import ask, aws, post_form, wait_for
from local.stack import DeployedStack
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

PHOTO = encoded(quarters(1600, 1200), quality=90)
# Waiting ends as soon as it can: this is for machines that have much else to do.
SECONDS = 180


def ticket_for(
    stack: DeployedStack, data: bytes, content_type: str = "image/jpeg", **wish: Any
) -> Any:
    wish = wish or {"filename": "photo.jpg"}
    wish |= {"content_type": content_type, "bytes": len(data)}
    answer = ask(stack, wish, make_bearer_auth(stack.token))
    assert answer.status_code == 201, answer.text
    return answer.json()


def uploaded(
    stack: DeployedStack, data: bytes, content_type: str = "image/jpeg", **wish: Any
) -> Any:
    ticket = ticket_for(stack, data, content_type, **wish)
    assert post_form(ticket, data).status_code == 204
    return ticket


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=SECONDS, allow_redirects=False)


def get_as_it_is(url: str, **headers: str) -> tuple[int, str]:
    """Status and type of what is at a URL, which requests would spell anew."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=SECONDS)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "")
    finally:
        connection.close()


def arrived(url: str) -> Any:
    now = time.monotonic()
    return wait_for(url, now, now + SECONDS)


def eventually(true: Callable[[], Any], what: str) -> Any:
    now = time.monotonic()
    deadline = now + SECONDS
    while now < deadline:
        began = now
        if found := true():
            return found
        now = time.monotonic()
        # What takes long to ask would keep the machine from what it asks for.
        time.sleep(min(max(0.1, 2 * (now - began)), 1))
    raise AssertionError(f"not within {SECONDS} s: {what}")


def dead_letters(sqs: "SQSClient", size: str, folder: str = "") -> list[dict[str, str]]:
    """The attributes of a size's dead letters below a folder, which are visible again after."""
    url = sqs.get_queue_url(QueueName=f"image-fanout-local-{size}-dlq")["QueueUrl"]
    held: list[MessageTypeDef] = []
    while received := sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        held += received
    for message in held:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    told = [
        {name: unquote(a["StringValue"]) for name, a in attributes.items()}
        for attributes in (message.get("MessageAttributes", {}) for message in held)
    ]
    return [letter for letter in told if letter.get("path", "").startswith(folder)]


def invalidated(stack: DeployedStack) -> list[list[str]]:
    """The paths of each invalidation of the stack's distribution so far."""
    cloudfront: CloudFrontClient = aws(stack, "cloudfront")
    (distribution,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    listed = cloudfront.list_invalidations(DistributionId=distribution["Id"])
    found = [
        cloudfront.get_invalidation(DistributionId=distribution["Id"], Id=item["Id"])
        for item in listed["InvalidationList"].get("Items", [])
    ]
    return [each["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for each in found]
