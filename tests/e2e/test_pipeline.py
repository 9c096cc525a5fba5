"""From a ticket to every variant through the CDN, and what is refused on the way."""

import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from PIL import Image

from lib.keys import url_path
from lib.uploads.client import make_bearer_auth
from local.client import ask, post_form
from local.stack import DeployedStack
from tests.e2e.listener import Listener
from tests.e2e.steps import (
    PHOTO,
    arrived,
    dead_letters,
    eventually,
    get,
    ticket_for,
    uploaded,
)
from tests.pictures import decoded, encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


def test_an_upload_becomes_every_variant_at_the_urls_its_ticket_named(stack: DeployedStack) -> None:
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


def test_a_path_with_odd_characters_arrives_under_its_own_name(stack: DeployedStack) -> None:
    path = "2026/é 😀/a+b %2F&?#'.jpg"
    ticket = uploaded(stack, PHOTO, path=path)
    assert ticket["variants"]["400x300"] == f"{stack.cdn}/400x300/{url_path(path)}"
    assert decoded(arrived(ticket["variants"]["400x300"]).data).size == (400, 300)


def test_a_replaced_photo_is_replaced_everywhere_and_a_deleted_one_is_gone(
    stack: DeployedStack, s3: "S3Client"
) -> None:
    url = uploaded(stack, PHOTO, path="changing.jpg")["variants"]["1200x"]
    assert decoded(arrived(url).data).size == (1200, 900)
    square = encoded(quarters(1500, 1500))
    uploaded(stack, square, path="changing.jpg", overwrite=True)
    eventually(
        lambda: decoded(get(url).content).size == (1200, 1200),
        "the new photo's variant",
    )
    s3.delete_object(Bucket=stack.originals_bucket, Key="originals/changing.jpg")
    eventually(lambda: get(url).status_code == 404, "the variant is gone")


def test_a_broken_file_is_a_dead_letter_of_each_size_and_harms_nobody(
    stack: DeployedStack, sqs: "SQSClient", s3: "S3Client"
) -> None:
    broken = uploaded(stack, PHOTO[: len(PHOTO) // 2])
    good = uploaded(stack, PHOTO)
    for size in stack.sizes:

        def letter(size: str = size) -> Any:
            return dead_letters(sqs, size, broken["path"])

        (found,) = eventually(letter, f"the dead letter of {size}")
        assert found["reason"] == "truncated"
        assert found["size"] == size
        assert found["attempts"] == "1"
        failures = stack.images_bucket.replace("-images-", "-failures-")
        key = f"{size}/{broken['path']}"
        record = json.loads(s3.get_object(Bucket=failures, Key=key)["Body"].read())
        assert record["reason"] == "truncated"
        stranger = f"{stack.endpoint}/{failures}/{quote(key)}"
        assert get(stranger).status_code == 403
        assert get(broken["variants"][size]).status_code == 404
        assert arrived(good["variants"][size])


def test_one_sizes_bad_message_does_not_reach_the_other_sizes(
    stack: DeployedStack, sqs: "SQSClient"
) -> None:
    url = sqs.get_queue_url(QueueName="image-fanout-local-400x300")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="no event")

    def reasons(size: str) -> list[str]:
        return [letter["reason"] for letter in dead_letters(sqs, size)]

    eventually(lambda: "malformed_event" in reasons("400x300"), "the dead letter")
    assert "malformed_event" not in reasons("800x600")
    assert arrived(uploaded(stack, PHOTO)["variants"]["400x300"])


def test_systems_hear_of_variants_that_come_and_go(stack: DeployedStack, s3: "S3Client") -> None:
    listener = Listener(stack, "listener")
    uploaded(stack, PHOTO, path="announced.jpg")
    came = {("ObjectCreated", f"{size}/announced.jpg") for size in stack.sizes}
    eventually(lambda: came <= set(listener.heard()), "the news of every variant")
    s3.delete_object(Bucket=stack.originals_bucket, Key="originals/announced.jpg")
    went = {("ObjectRemoved", f"{size}/announced.jpg") for size in stack.sizes}
    eventually(lambda: went <= set(listener.heard()), "the news of their removal")


class TestStrangers:
    def test_get_no_original_through_the_cdn_or_from_the_bucket(self, stack: DeployedStack) -> None:
        ticket = uploaded(stack, PHOTO)
        arrived(ticket["variants"]["400x300"])
        path = quote(ticket["key"])
        for url in (
            f"{stack.cdn}/{path}",
            f"{stack.cdn}/{ticket['path']}",
            f"{stack.endpoint}/{stack.originals_bucket}/{path}",
            f"{stack.endpoint}/{stack.originals_bucket}",
        ):
            assert get(url).status_code in (403, 404), url

    def test_get_no_variant_around_the_cdn(self, stack: DeployedStack) -> None:
        ticket = uploaded(stack, PHOTO)
        arrived(ticket["variants"]["400x300"])
        direct = f"{stack.endpoint}/{stack.images_bucket}/400x300/{ticket['path']}"
        assert get(direct).status_code == 403

    def test_get_no_list_of_the_pictures(self, stack: DeployedStack) -> None:
        for path in ("", "/", "/?list-type=2", "/?prefix=400x300/"):
            answer = get(stack.cdn + path)
            assert answer.status_code in (403, 404)
            assert "ListBucketResult" not in answer.text

    def test_get_a_404_for_a_picture_that_is_not_there(self, stack: DeployedStack) -> None:
        assert get(f"{stack.cdn}/400x300/nothing.jpg").status_code == 404

    @pytest.mark.parametrize("token", ["", "x", "fanout_0123456789ab_" + "x" * 43])
    def test_get_no_ticket_without_a_token_that_was_given_out(
        self, stack: DeployedStack, token: str
    ) -> None:
        wish = {"filename": "a.jpg", "content_type": "image/jpeg", "bytes": 1}
        answer = ask(stack, wish, make_bearer_auth(token) if token else None)
        assert answer.status_code in (401, 403)


class TestAPresignedForm:
    """Its conditions, tried for real."""

    def refused(self, stack: DeployedStack, s3: "S3Client", data: bytes, **fields: str) -> None:
        ticket = ticket_for(stack, PHOTO)
        ticket["fields"] |= fields
        assert post_form(ticket, data).status_code in (400, 403)
        for key in {ticket["key"], ticket["fields"]["key"]}:
            found = s3.list_objects_v2(Bucket=stack.originals_bucket, Prefix=key)
            assert found["KeyCount"] == 0

    def test_takes_no_more_bytes_than_were_asked_for(
        self, stack: DeployedStack, s3: "S3Client"
    ) -> None:
        self.refused(stack, s3, PHOTO + b"x")

    def test_takes_no_empty_file(self, stack: DeployedStack, s3: "S3Client") -> None:
        self.refused(stack, s3, b"")

    def test_takes_no_other_type(self, stack: DeployedStack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO, **{"Content-Type": "text/html"})

    def test_takes_no_other_key(self, stack: DeployedStack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO, key="originals/somebody-elses.jpg")

    def test_takes_no_forged_signature(self, stack: DeployedStack, s3: "S3Client") -> None:
        self.refused(stack, s3, PHOTO, **{"x-amz-signature": "0" * 64})


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_keep_their_type(stack: DeployedStack, kind: str) -> None:
    data = encoded(quarters(900, 700), kind)
    ticket = uploaded(stack, data, f"image/{kind.lower()}", filename="picture")
    variant = arrived(ticket["variants"]["400x300"])
    with Image.open(io.BytesIO(variant.data)) as image:
        assert (image.format, image.size) == (kind, (400, 300))
    assert arrived(ticket["variants"]["thumbnail"]).headers["Content-Type"] == "image/webp"
