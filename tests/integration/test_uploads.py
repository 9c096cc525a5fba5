"""The upload API's door on moto: tickets, and what is refused with which answer."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from handlers import uploads
from tests.integration.conftest import Context
from tests.payloads import payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Ask = Callable[[Any], tuple[int, dict[str, Any]]]
WISH = {"filename": "photo.jpg", "content_type": "image/jpeg", "bytes": 1000}


@pytest.fixture
def ask(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Ask:
    """POST /uploads with a body: (status, document)."""
    for name, value in {
        "ORIGINALS_BUCKET": "originals-bucket",
        "IMAGES_URL": "https://cdn.example",
        "SIZES": '["400x300", "thumbnail"]',
        "UPLOAD_TYPES": '["image/jpeg", "image/png"]',
        "MAX_UPLOAD_BYTES": "5000",
    }.items():
        monkeypatch.setenv(name, value)

    def post(body: Any) -> tuple[int, dict[str, Any]]:
        event = payload("api_create_upload")
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        answer = uploads.handler(event, Context())  # type: ignore[arg-type]
        return answer["statusCode"], json.loads(answer["body"])

    return post


def test_a_ticket_names_the_key_the_form_and_every_variants_url(ask: Ask) -> None:
    status, ticket = ask(WISH)
    assert status == 201
    folder, name = ticket["path"].split("/")
    assert len(folder) == 32
    assert name == "photo.jpg"
    assert ticket["key"] == f"originals/{ticket['path']}"
    assert ticket["url"] == "https://originals-bucket.s3.eu-west-1.amazonaws.com/"
    assert ticket["variants"] == {
        "400x300": f"https://cdn.example/400x300/{ticket['path']}",
        "thumbnail": f"https://cdn.example/thumbnail/{ticket['path']}",
    }


def test_two_tickets_for_one_file_name_never_share_a_path(ask: Ask) -> None:
    assert ask(WISH)[1]["path"] != ask(WISH)[1]["path"]


def test_the_form_is_signed_for_this_key_type_and_length_and_expires(ask: Ask) -> None:
    before = datetime.now(UTC)
    _, ticket = ask(WISH)
    policy = json.loads(base64.b64decode(ticket["fields"]["policy"]))
    assert {"key": ticket["key"]} in policy["conditions"]
    assert {"Content-Type": "image/jpeg"} in policy["conditions"]
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    assert ticket["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    for moment in (policy["expiration"], ticket["expires_at"]):
        lasts = datetime.fromisoformat(moment) - before
        assert timedelta(minutes=14) < lasts <= timedelta(minutes=15, seconds=5)


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("a b.jpg", "a b.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\sea.jpg", "sea.jpg"),
        ("é😀.jpg", "é😀.jpg"),
    ],
)
def test_file_names_cannot_climb(ask: Ask, filename: str, name: str) -> None:
    status, ticket = ask({**WISH, "filename": filename})
    assert status == 201
    assert ticket["path"].split("/")[1:] == [name]
    assert ticket["variants"]["400x300"].endswith(quote(name))


@pytest.mark.parametrize(
    ("changes", "status", "kind", "said"),
    [
        ({"bytes": 5001}, 413, "too_many_bytes", "5,001 is more than the limit of 5,000"),
        ({"content_type": "image/svg+xml"}, 415, "unsupported_type", "image/jpeg, image/png"),
        ({"bytes": 0}, 422, "invalid_request", "bytes: "),
        ({"bytes": "many"}, 422, "invalid_request", "bytes: "),
        ({"content_type": None}, 422, "invalid_request", "content_type: "),
        ({"filename": None}, 422, "invalid_request", "give either path or filename"),
        ({"path": "a.jpg"}, 422, "invalid_request", "give either path or filename"),
        ({"filename": ""}, 422, "invalid_request", "filename: "),
        ({"filename": "x" * 256}, 422, "invalid_request", "filename: "),
        ({"filename": "folder/"}, 422, "bad_path", "empty folder"),
        ({"filename": ".."}, 422, "bad_path", "'..'"),
        ({"filename": None, "path": "../a.jpg"}, 422, "bad_path", "'..'"),
        ({"filename": None, "path": "a//b.jpg"}, 422, "bad_path", "empty folder"),
        ({"filename": None, "path": "x" * 1020}, 422, "bad_path", "S3 takes 1024"),
        ({"colour": "red"}, 422, "invalid_request", "colour: "),
    ],
)
def test_refusals_say_what_was_wrong(
    ask: Ask, changes: dict[str, Any], status: int, kind: str, said: str
) -> None:
    answered, problem = ask({**WISH, **changes})
    assert (answered, problem["type"]) == (status, kind)
    assert said in problem["detail"]


@pytest.mark.parametrize("body", ["", "no JSON", "null", "[]", "7"])
def test_a_body_that_is_no_object_is_refused(ask: Ask, body: str) -> None:
    assert ask(body)[0] == 422


def test_an_own_path_is_kept_and_overwriting_must_be_asked_for(ask: Ask, s3: "S3Client") -> None:
    wish = {"path": "2026/sea.jpg", "content_type": "image/jpeg", "bytes": 10}
    assert ask(wish)[1]["key"] == "originals/2026/sea.jpg"
    s3.put_object(Bucket="originals-bucket", Key="originals/2026/sea.jpg", Body=b"x")
    status, problem = ask(wish)
    assert (status, problem["type"]) == (409, "path_taken")
    assert ask({**wish, "overwrite": True})[0] == 201
