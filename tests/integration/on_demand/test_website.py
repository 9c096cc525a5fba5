"""Where S3's website sends visitors for what it lacks, called as API Gateway does, on moto."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from handlers import website
from tests.integration.cdn import Cdn, cdn, renders
from tests.integration.conftest import Context
from tests.integration.pipeline.test_resize import PHOTO, put, variant
from tests.payloads import payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["cdn", "renders"]  # fixtures

SITE = "http://images-bucket.s3-website-eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def settings(cdn: Cdn, monkeypatch: pytest.MonkeyPatch) -> None:
    """What both functions for missing variants have in common, and the address of the website."""
    monkeypatch.setenv("IMAGES_URL", SITE)
    monkeypatch.setenv("ACL", "public-read")


def visit(path: str) -> dict[str, Any]:
    """What a visitor is answered; API Gateway hands the path over decoded."""
    event = payload("api_create_upload")
    event["rawPath"] = path
    event["requestContext"]["http"] |= {"method": "GET", "path": path}
    return website.handler(event, Context())  # type: ignore[arg-type]


def test_a_missing_variant_is_made_and_its_visitor_sent_to_it(s3: "S3Client") -> None:
    put(s3, "2026/a b+ü.jpg")
    response = visit("/missing/40x30/2026/a b+ü.jpg")
    assert response["statusCode"] == 301
    assert response["headers"]["Location"] == f"{SITE}/40x30/2026/a%20b%2B%C3%BC.jpg"
    assert variant(s3, "2026/a b+ü.jpg")["ContentType"] == "image/jpeg"


def test_the_variant_is_public(s3: "S3Client") -> None:
    put(s3, "a.jpg")
    visit("/missing/40x30/a.jpg")
    grants = s3.get_object_acl(Bucket="images-bucket", Key="40x30/a.jpg")["Grants"]
    everybody = "http://acs.amazonaws.com/groups/global/AllUsers"
    assert [g["Permission"] for g in grants if g["Grantee"].get("URI") == everybody] == ["READ"]


def test_no_browser_keeps_the_way_back(s3: "S3Client") -> None:
    put(s3, "a.jpg")
    assert visit("/missing/40x30/a.jpg")["headers"]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/missing/40x30/nobody.jpg", "no_picture"),
        ("/missing/40x30/broken.jpg", "not_rendered"),
        ("/missing/41x30/a.jpg", "unknown_size"),
        ("/missing/40x30", "not_rendered"),
        ("/missing/", "unknown_size"),
    ],
)
def test_without_a_possible_variant_is_an_error_and_no_redirect(
    s3: "S3Client", path: str, kind: str
) -> None:
    put(s3, "a.jpg")
    put(s3, "broken.jpg", PHOTO[: len(PHOTO) // 2])
    response = visit(path)
    assert response["statusCode"] == 404
    assert json.loads(response["body"])["type"] == kind
    assert "Location" not in response["headers"]
    assert response["headers"]["Cache-Control"] == "no-store"


def test_visitors_who_come_at_once_are_all_sent_to_the_one_variant(
    s3: "S3Client", renders: list[str]
) -> None:
    put(s3, "a.jpg")
    answers = [visit("/missing/40x30/a.jpg")["statusCode"] for _ in range(3)]
    assert answers == [301, 301, 301]
    assert renders == ["40x30"]


def test_a_stored_variant_that_s3_does_not_give_ends_the_loop(
    s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.jpg")
    visit("/missing/40x30/a.jpg")
    monkeypatch.setattr(website, "_REDIRECT_TIME", timedelta(seconds=-5))
    response = visit("/missing/40x30/a.jpg")
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["type"] == "not_readable"
    assert "Location" not in response["headers"]
