"""Each refusal of the deployed API, by what provokes it."""

from typing import TYPE_CHECKING, Any

import pytest
import requests

from lib.errors import ProblemKind
from local.stack import DeployedStack
from tests.api import NOWHERE, SECONDS, assert_reveals_nothing, bearer
from tests.pictures import decoded, encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


PHOTO = encoded(quarters())
WISH = {"path": "contract/sea.jpg", "content_type": "image/jpeg", "bytes": 1000}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({**WISH, "bytes": 50 * 2**20 + 1}, 413, ProblemKind.TOO_MANY_BYTES),
        ({**WISH, "content_type": "image/svg+xml"}, 415, ProblemKind.UNSUPPORTED_TYPE),
        ({**WISH, "bytes": 0}, 422, ProblemKind.INVALID_REQUEST),
        ({**WISH, "bytes": "1000"}, 422, ProblemKind.INVALID_REQUEST),
        ({**WISH, "overwrite": "no"}, 422, ProblemKind.INVALID_REQUEST),
        ({**WISH, "filename": "sea.jpg"}, 422, ProblemKind.INVALID_REQUEST),
        ({**WISH, "path": "../sea.jpg"}, 422, ProblemKind.BAD_PATH),
        ({**WISH, "path": "x" * 1015}, 422, ProblemKind.BAD_PATH),
        ({"url": "ftp://127.0.0.1/sea.jpg"}, 422, ProblemKind.BAD_URL),
        ({"url": "http://[127.0.0.1/"}, 422, ProblemKind.BAD_URL),
        ({"url": NOWHERE, "path": "a//b.jpg"}, 422, ProblemKind.BAD_PATH),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_refusal_names_its_kind(
    body: dict[str, Any], status: int, kind: ProblemKind, stack: DeployedStack
) -> None:
    answer = requests.post(
        f"{stack.api}/uploads", json=body, headers=bearer(stack), timeout=SECONDS
    )
    assert_problem(answer, status, kind)


@pytest.mark.parametrize(
    ("data", "content_type", "status", "kind"),
    [
        (b"{", "application/json", 422, ProblemKind.INVALID_REQUEST),
        (b"", "application/json", 422, ProblemKind.INVALID_REQUEST),
        (b"\xff", None, 422, ProblemKind.INVALID_REQUEST),
        (b"[" * 100_000, "application/json", 422, ProblemKind.INVALID_REQUEST),
        (b"a photo", "image/jpeg", 415, ProblemKind.NOT_JSON),
        (b"a=b", "application/x-www-form-urlencoded", 415, ProblemKind.NOT_JSON),
        (b"a=b", "multipart/form-data", 415, ProblemKind.NOT_JSON),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_cannot_be_read_is_the_callers_mistake(
    data: bytes, content_type: str | None, status: int, kind: ProblemKind, stack: DeployedStack
) -> None:
    headers = bearer(stack) | ({"Content-Type": content_type} if content_type else {})
    answer = requests.post(f"{stack.api}/uploads", data, headers=headers, timeout=SECONDS)
    assert_problem(answer, status, kind)


def test_a_path_that_is_taken_is_refused(stack: DeployedStack, s3: "S3Client") -> None:
    s3.put_object(Bucket=stack.originals_bucket, Key="originals/contract/taken.jpg", Body=b"x")
    wish = {**WISH, "path": "contract/taken.jpg"}
    answer = requests.post(
        f"{stack.api}/uploads", json=wish, headers=bearer(stack), timeout=SECONDS
    )
    assert_problem(answer, 409, ProblemKind.PATH_TAKEN)
    s3.delete_object(Bucket=stack.originals_bucket, Key="originals/contract/taken.jpg")


def render(stack: DeployedStack, data: bytes, content_type: str, **query: str) -> requests.Response:
    headers = bearer(stack) | {"Content-Type": content_type}
    return requests.post(
        f"{stack.api}/render", data, params=query, headers=headers, timeout=SECONDS
    )


@pytest.mark.parametrize(
    ("data", "query", "status", "kind"),
    [
        (PHOTO, {}, 422, ProblemKind.INVALID_REQUEST),
        (PHOTO, {"size": "401x301"}, 422, ProblemKind.UNKNOWN_SIZE),
        (PHOTO, {"size": "400x300", "format": "avif"}, 422, ProblemKind.UNKNOWN_FORMAT),
        (PHOTO, {"size": "400x300", "format": "gif"}, 422, ProblemKind.INVALID_REQUEST),
        (PHOTO, {"size": "400x300", "overwrite": "yes"}, 422, ProblemKind.INVALID_REQUEST),
        (PHOTO, {"size": "400x300", "store": "../a.jpg"}, 422, ProblemKind.BAD_PATH),
        (PHOTO[:1000], {"size": "400x300"}, 422, ProblemKind.NOT_RENDERED),
        (b"<svg/>", {"size": "400x300"}, 422, ProblemKind.NOT_RENDERED),
        (b"", {"size": "400x300"}, 422, ProblemKind.NOT_RENDERED),
        (bytes(4_400_001), {"size": "400x300"}, 413, ProblemKind.TOO_MANY_BYTES),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_picture_that_is_not_rendered_says_why(
    data: bytes, query: dict[str, str], status: int, kind: ProblemKind, stack: DeployedStack
) -> None:
    assert_problem(render(stack, data, "image/jpeg", **query), status, kind)


def test_a_text_that_is_no_base64_is_not_rendered(stack: DeployedStack) -> None:
    for content_type in ("text/plain", "application/json"):
        answer = render(stack, PHOTO, content_type, size="400x300")
        assert_problem(answer, 422, ProblemKind.INVALID_REQUEST)


def test_a_rendered_picture_is_kept_where_there_is_none_yet(
    stack: DeployedStack, s3: "S3Client"
) -> None:
    query = {"size": "400x300", "store": "contract/kept.jpg"}
    answer = render(stack, PHOTO, "image/jpeg", **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert decoded(answer.content).size == (320, 240)
    assert answer.headers["X-Fanout-Path"] == "contract/kept.jpg"
    found = s3.get_object(Bucket=stack.originals_bucket, Key="originals/contract/kept.jpg")
    assert (found["ContentType"], found["Body"].read()) == ("image/jpeg", PHOTO)
    assert_problem(render(stack, PHOTO, "image/jpeg", **query), 409, ProblemKind.PATH_TAKEN)
    s3.delete_object(Bucket=stack.originals_bucket, Key="originals/contract/kept.jpg")


def assert_problem(answer: requests.Response, status: int, kind: ProblemKind) -> None:
    """One refusal of our own, in the one form."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, kind)
    assert problem["detail"]
    assert_reveals_nothing(answer.status_code, answer.text)
