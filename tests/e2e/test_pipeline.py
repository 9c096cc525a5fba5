"""From a ticket to every variant through the CDN, and what is refused on the way."""

import io
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest
import requests
from PIL import Image

from cli.upload_client import bearing
from local.client import ask, post_form, wait_for
from local.stack import Stack
from tests.e2e.listener import Listener
from tests.pictures import decoded, encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

PHOTO = encoded(quarters(1600, 1200), quality=90)
SECONDS = 90


def ticket_for(stack: Stack, data: bytes, content_type: str = "image/jpeg", **wish: Any) -> Any:
    wish = wish or {"filename": "photo.jpg"}
    wish |= {"content_type": content_type, "bytes": len(data)}
    answer = ask(stack, wish, bearing(stack.token))
    assert answer.status_code == 201, answer.text
    return answer.json()


def uploaded(stack: Stack, data: bytes, content_type: str = "image/jpeg", **wish: Any) -> Any:
    ticket = ticket_for(stack, data, content_type, **wish)
    assert post_form(ticket, data).status_code == 204
    return ticket


def arrived(url: str) -> Any:
    now = time.monotonic()
    return wait_for(url, now, now + SECONDS)


def eventually(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {SECONDS} s: {what}")


def dead_letters(sqs: "SQSClient", size: str) -> list[dict[str, str]]:
    url = sqs.get_queue_url(QueueName=f"image-fanout-local-{size}-dlq")["QueueUrl"]
    found = sqs.receive_message(
        QueueUrl=url,
        MessageAttributeNames=["All"],
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
    )
    return [
        {name: unquote(a["StringValue"]) for name, a in message["MessageAttributes"].items()}
        for message in found.get("Messages", [])
    ]


def test_an_upload_becomes_every_variant_at_the_urls_its_ticket_named(stack: Stack) -> None:
    ticket = uploaded(stack, PHOTO)
    pixels = {}
    for size, url in ticket["variants"].items():
        assert url == f"{stack.cdn}/{size}/{ticket['path']}"
        variant = arrived(url)
        image = decoded(variant.data)
        pixels[size] = image.size
        assert variant.headers["Content-Type"] == f"image/{str(image.format).lower()}"
        assert variant.headers["Cache-Control"] == "public, max-age=3600, s-maxage=1209600"
    assert pixels == {
        "800x600": (800, 600),
        "400x300": (400, 300),
        "1200x": (1200, 900),
        "thumbnail": (200, 150),
    }


def test_a_path_with_odd_characters_arrives_under_its_own_name(stack: Stack) -> None:
    path = "2026/é 😀/a+b %2F&?#'.jpg"
    ticket = uploaded(stack, PHOTO, path=path)
    assert ticket["variants"]["400x300"] == f"{stack.cdn}/400x300/{quote(path)}"
    assert decoded(arrived(ticket["variants"]["400x300"]).data).size == (400, 300)


def test_a_replaced_photo_is_replaced_everywhere_and_a_deleted_one_is_gone(
    stack: Stack, s3: "S3Client"
) -> None:
    url = uploaded(stack, PHOTO, path="changing.jpg")["variants"]["1200x"]
    assert decoded(arrived(url).data).size == (1200, 900)
    square = encoded(quarters(1500, 1500))
    uploaded(stack, square, path="changing.jpg", overwrite=True)
    eventually(
        lambda: decoded(requests.get(url, timeout=30).content).size == (1200, 1200),
        "the new photo's variant",
    )
    s3.delete_object(Bucket=stack.originals_bucket, Key="originals/changing.jpg")
    eventually(lambda: requests.get(url, timeout=30).status_code == 404, "the variant is gone")


def test_a_broken_file_is_a_dead_letter_of_each_size_and_harms_nobody(
    stack: Stack, sqs: "SQSClient", s3: "S3Client"
) -> None:
    broken = uploaded(stack, PHOTO[: len(PHOTO) // 2])
    good = uploaded(stack, PHOTO)
    for size in stack.sizes:

        def letter(size: str = size) -> Any:
            letters = dead_letters(sqs, size)
            return [found for found in letters if found["path"] == broken["path"]]

        (found,) = eventually(letter, f"the dead letter of {size}")
        assert found["reason"] == "truncated"
        assert found["size"] == size
        assert found["attempts"] == "1"
        failures = stack.images_bucket.replace("-images-", "-failures-")
        key = f"{size}/{broken['path']}"
        record = json.loads(s3.get_object(Bucket=failures, Key=key)["Body"].read())
        assert record["reason"] == "truncated"
        stranger = f"{stack.endpoint}/{failures}/{quote(key)}"
        assert requests.get(stranger, timeout=30).status_code == 403
        assert requests.get(broken["variants"][size], timeout=30).status_code == 404
        assert arrived(good["variants"][size])


def test_one_sizes_bad_message_does_not_reach_the_other_sizes(
    stack: Stack, sqs: "SQSClient"
) -> None:
    url = sqs.get_queue_url(QueueName="image-fanout-local-400x300")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="no event")

    def reasons(size: str) -> list[str]:
        return [letter["reason"] for letter in dead_letters(sqs, size)]

    eventually(lambda: "malformed_event" in reasons("400x300"), "the dead letter")
    assert "malformed_event" not in reasons("800x600")
    assert arrived(uploaded(stack, PHOTO)["variants"]["400x300"])


def test_systems_hear_of_variants_that_come_and_go(stack: Stack, s3: "S3Client") -> None:
    listener = Listener(stack, "listener")
    uploaded(stack, PHOTO, path="announced.jpg")
    came = {("ObjectCreated", f"{size}/announced.jpg") for size in stack.sizes}
    eventually(lambda: came <= set(listener.heard()), "the news of every variant")
    s3.delete_object(Bucket=stack.originals_bucket, Key="originals/announced.jpg")
    went = {("ObjectRemoved", f"{size}/announced.jpg") for size in stack.sizes}
    eventually(lambda: went <= set(listener.heard()), "the news of their removal")


class TestStrangers:
    def test_get_no_original_through_the_cdn_or_from_the_bucket(self, stack: Stack) -> None:
        ticket = uploaded(stack, PHOTO)
        arrived(ticket["variants"]["400x300"])
        path = quote(ticket["key"])
        for url in (
            f"{stack.cdn}/{path}",
            f"{stack.cdn}/{ticket['path']}",
            f"{stack.endpoint}/{stack.originals_bucket}/{path}",
            f"{stack.endpoint}/{stack.originals_bucket}",
        ):
            assert requests.get(url, timeout=30).status_code in (403, 404), url

    def test_get_no_variant_around_the_cdn(self, stack: Stack) -> None:
        ticket = uploaded(stack, PHOTO)
        arrived(ticket["variants"]["400x300"])
        direct = f"{stack.endpoint}/{stack.images_bucket}/400x300/{ticket['path']}"
        assert requests.get(direct, timeout=30).status_code == 403

    def test_get_no_list_of_the_pictures(self, stack: Stack) -> None:
        for path in ("", "/", "/?list-type=2", "/?prefix=400x300/"):
            answer = requests.get(stack.cdn + path, timeout=30)
            assert answer.status_code in (403, 404)
            assert "ListBucketResult" not in answer.text

    def test_get_a_404_for_a_picture_that_is_not_there(self, stack: Stack) -> None:
        assert requests.get(f"{stack.cdn}/400x300/nothing.jpg", timeout=30).status_code == 404

    @pytest.mark.parametrize("token", ["", "x", "fanout_0123456789ab_" + "x" * 43])
    def test_get_no_ticket_without_a_token_that_was_given_out(
        self, stack: Stack, token: str
    ) -> None:
        wish = {"filename": "a.jpg", "content_type": "image/jpeg", "bytes": 1}
        answer = ask(stack, wish, bearing(token) if token else None)
        assert answer.status_code in (401, 403)


class TestAPresignedForm:
    """Its conditions, tried for real."""

    def refused(self, stack: Stack, s3: "S3Client", data: bytes, **fields: str) -> None:
        ticket = ticket_for(stack, PHOTO)
        ticket["fields"] |= fields
        assert post_form(ticket, data).status_code in (400, 403)
        for key in {ticket["key"], ticket["fields"]["key"]}:
            found = s3.list_objects_v2(Bucket=stack.originals_bucket, Prefix=key)
            assert found["KeyCount"] == 0

    def test_takes_no_more_bytes_than_were_asked_for(self, stack: Stack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO + b"x")

    def test_takes_no_empty_file(self, stack: Stack, s3: "S3Client") -> None:
        self.refused(stack, s3, b"")

    def test_takes_no_other_type(self, stack: Stack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO, **{"Content-Type": "text/html"})

    def test_takes_no_other_key(self, stack: Stack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO, key="originals/somebody-elses.jpg")

    def test_takes_no_forged_signature(self, stack: Stack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO, **{"x-amz-signature": "0" * 64})


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_keep_their_type(stack: Stack, kind: str) -> None:
    data = encoded(quarters(900, 700), kind)
    ticket = uploaded(stack, data, f"image/{kind.lower()}", filename="picture")
    variant = arrived(ticket["variants"]["400x300"])
    with Image.open(io.BytesIO(variant.data)) as image:
        assert (image.format, image.size) == (kind, (400, 300))
    assert arrived(ticket["variants"]["thumbnail"]).headers["Content-Type"] == "image/webp"
