"""Signed URLs in tickets and in the status of a private stage, and none of them elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from lib.sizes import pack_sizes
from lib.uploads.requests import TicketRequest
from local.viewers import Request, may_see
from tests.integration.api import Api, api
from tests.integration.conftest import SIZE, WorkerCall, _forget
from tests.integration.pipeline.test_resize import put
from tests.integration.viewing import FIRST, IDS, NAME, ViewerSecret, viewer_secret

__all__ = ["api", "viewer_secret"]

FILE = {"path": "2026/ä b.jpg", "content_type": "image/jpeg", "bytes": 10}


@pytest.fixture
def private(api: Api, viewer_secret: ViewerSecret, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("VIEWER_KEYS", NAME)
    monkeypatch.setenv("VIEWER_KEY_IDS", IDS)
    monkeypatch.setenv("SIZES", pack_sizes([SIZE]))
    _forget()
    return api


def check(url: str, seconds: int) -> None:
    """It shows the image for so long, and to no one else."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    request = Request(f"{scheme}://{host}", slash + path)
    keys = {"K1": FIRST.public}
    now = datetime.now(UTC)
    assert may_see(request, keys, (now + timedelta(seconds=seconds - 60)).timestamp())
    assert not may_see(request, keys, (now + timedelta(seconds=seconds + 60)).timestamp())


def test_a_ticket_has_signed_urls_where_asked(private: Api) -> None:
    ticket = private("POST", "/uploads", {**FILE, "signed": 3600}).document
    assert set(ticket["variants"]) == {"40x30"}
    for url in ticket["variants"].values():
        check(url, 3600)
    plain = private("POST", "/uploads", FILE).document["variants"]
    assert plain == {name: url.partition("?")[0] for name, url in ticket["variants"].items()}


def test_each_ticket_of_a_batch_is_signed_for_as_long_as_it_says(private: Api) -> None:
    batch = {"uploads": [{**FILE, "signed": 3600}, FILE, {**FILE, "signed": 600}]}
    answered = private("POST", "/uploads/batch", batch).document["uploads"]
    first, plain, last = [each["ticket"]["variants"]["40x30"] for each in answered]
    check(first, 3600)
    check(last, 600)
    assert "?" not in plain


def test_a_photo_to_fetch_has_signed_urls_too(private: Api) -> None:
    asked = {"url": "https://example.com/a.jpg", "signed": 600}
    answered = private("POST", "/uploads", asked)
    assert answered.status == 202
    check(answered.document["variants"]["40x30"], 600)


@pytest.mark.parametrize("form", ["path", "query"])
def test_a_status_has_signed_urls_where_asked(private: Api, deliver: WorkerCall, form: str) -> None:
    deliver(put(boto3.client("s3"), "a.jpg"))

    def url(**query: str) -> str:
        path, more = ("/uploads/a.jpg", {}) if form == "path" else ("/uploads", {"path": "a.jpg"})
        document = private("GET", path, query={**more, **query}).document
        found: str = document["sizes"]["40x30"]["variants"][0]["url"]
        return found

    check(url(signed="3600"), 3600)
    assert url() == url(signed="3600").partition("?")[0]


def test_the_status_of_a_batch_has_signed_urls_where_asked(
    private: Api, deliver: WorkerCall
) -> None:
    deliver(put(boto3.client("s3"), "a.jpg"))

    def url(**more: int) -> str:
        document = private("POST", "/uploads/status", {"paths": ["a.jpg"], **more}).document
        (answered,) = document["uploads"]
        found: str = answered["photo"]["sizes"]["40x30"]["variants"][0]["url"]
        return found

    check(url(signed=3600), 3600)
    assert url() == url(signed=3600).partition("?")[0]


@pytest.mark.parametrize("seconds", [0, -1, 7 * 86400 + 1, "3600", 1.5, True])
def test_a_lifetime_is_bounded(private: Api, seconds: Any) -> None:
    answered = private("POST", "/uploads", {**FILE, "signed": seconds})
    assert (answered.status, answered.document["type"]) == (422, "invalid_request")
    assert "signed" in answered.document["detail"]


@pytest.mark.parametrize("seconds", ["0", "604801", "x"])
def test_a_lifetime_of_a_status_is_bounded(private: Api, seconds: str) -> None:
    answered = private("GET", "/uploads/a.jpg", query={"signed": seconds})
    assert (answered.status, answered.document["type"]) == (422, "invalid_request")
    assert private("GET", "/uploads/a.jpg", query={"signed": "604800"}).status == 200


def test_a_public_stage_says_that_there_is_nothing_to_sign(api: Api) -> None:
    for answered in (
        api("POST", "/uploads", {**FILE, "signed": 3600}),
        api("GET", "/uploads/a.jpg", query={"signed": "3600"}),
    ):
        assert (answered.status, answered.document["type"]) == (422, "invalid_request")
        assert "this stage shows its variants to everyone" in answered.document["detail"]


def test_a_secret_that_cannot_be_read_is_an_error_of_the_stage(
    private: Api, viewer_secret: ViewerSecret
) -> None:
    viewer_secret.client.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    assert private("POST", "/uploads", {**FILE, "signed": 3600}).status == 503
    assert private("POST", "/uploads", FILE).status == 201


def test_the_keys_are_read_once_a_minute(
    private: Api, viewer_secret: ViewerSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    private("POST", "/uploads", {**FILE, "signed": 3600})
    viewer_secret.client.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    ticket = private("POST", "/uploads", {**FILE, "signed": 3600})
    assert ticket.status == 201
    check(ticket.document["variants"]["40x30"], 3600)


def test_the_bounds_of_a_lifetime_are_in_the_document() -> None:
    schema = TicketRequest.model_json_schema()["properties"]["signed"]
    bounds = {"type": "integer", "minimum": 1, "maximum": 7 * 86400}
    assert schema["anyOf"] == [bounds, {"type": "null"}]
