"""POST /render on moto: a picture in, the picture of a declared size out, and what is kept."""

import subprocess
import sys
from base64 import encodebytes
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError
from PIL import Image

from handlers import openapi, render
from lib.auth.signatures import sign
from lib.images import render_all
from lib.on_demand import MAX_IMAGE_BYTES, direct
from lib.sizes import Size, pack_sizes
from tests.integration.api import SIZES, Api, Response, api
from tests.integration.signing import FIRST, SigningSecret, secret
from tests.pictures import decoded, encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api", "secret"]  # fixtures

PHOTO = encoded(quarters(80, 60))
PNG = encoded(quarters(80, 60), "PNG")
CROP, HERO = SIZES


def ask(
    api: Api, body: Any = PHOTO, content_type: str | None = "image/jpeg", **query: str
) -> Response:
    return api("POST", "/render", body, {"size": "40x30"} | query, content_type=content_type)


def kinds(response: Response) -> tuple[int, str]:
    return response.status, response.document["type"]


class TestSignedDimensions:
    @pytest.fixture(autouse=True)
    def signing(self, api: Api, secret: SigningSecret, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stage with signed URLs."""
        monkeypatch.setenv("SIGNING_KEYS", secret.arn)

    def ask(self, api: Api, **query: str) -> Response:
        return api("POST", "/render", PHOTO, query, content_type="image/jpeg")

    def test_are_rendered(self, api: Api) -> None:
        response = self.ask(api, signed=f"w=20,h=10/{sign(FIRST, '', 'w=20,h=10')}")
        assert response.status == 200
        assert decoded(response.body).size == (20, 10)

    @pytest.mark.parametrize(
        ("signed_options", "status", "kind"),
        [
            ("w=20,h=11/" + sign(FIRST, "", "w=20,h=10"), 403, "bad_signature"),
            ("w=20,h=10/" + sign(FIRST, "a.jpg", "w=20,h=10"), 403, "bad_signature"),
            ("w=20,h=10", 400, "invalid_request"),
            ("w=20,expires=1/" + sign(FIRST, "", "w=20,expires=1"), 403, "expired"),
            ("w=9000/" + sign(FIRST, "", "w=9000"), 422, "invalid_request"),
        ],
    )
    def test_are_refused(self, api: Api, signed_options: str, status: int, kind: str) -> None:
        assert kinds(self.ask(api, signed=signed_options)) == (status, kind)

    def test_and_a_size_exclude_each_other(self, api: Api) -> None:
        signed_options = f"w=20/{sign(FIRST, '', 'w=20')}"
        for query in (
            {"size": "40x30", "signed": signed_options},
            {"signed": signed_options, "format": "webp"},
            {},
        ):
            assert kinds(self.ask(api, **query)) == (422, "invalid_request")


def test_signed_dimensions_are_refused_where_the_stage_has_no_keys(api: Api) -> None:
    signed_options = f"w=20/{sign(FIRST, '', 'w=20')}"
    response = api("POST", "/render", PHOTO, {"signed": signed_options}, content_type="image/jpeg")
    assert kinds(response) == (422, "invalid_request")


class TestThePicture:
    @pytest.mark.parametrize(
        "content_type", ["image/jpeg", "application/x-www-form-urlencoded", "text/html", None]
    )
    def test_is_what_a_worker_would_make_whatever_it_is_called(
        self, api: Api, content_type: str | None
    ) -> None:
        response = ask(api, content_type=content_type)
        (expected,) = render_all(PHOTO, CROP)
        assert (response.status, response.body) == (200, expected.data)
        assert response.headers["Content-Type"] == "image/jpeg"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "X-Fanout-Path" not in response.headers

    def test_is_known_by_its_bytes(self, api: Api) -> None:
        response = ask(api, PNG, "image/jpeg")
        assert response.headers["Content-Type"] == "image/png"
        assert response.body == render_all(PNG, CROP)[0].data

    def test_can_be_sent_as_base64_with_line_breaks(self, api: Api) -> None:
        text = encodebytes(PHOTO).decode().replace("\n", "\r\n")
        assert ask(api, f" {text}\n", "text/plain").body == render_all(PHOTO, CROP)[0].data

    @pytest.mark.parametrize(
        ("query", "index", "content_type"),
        [
            ({}, 0, "image/webp"),
            ({"format": "webp"}, 0, "image/webp"),
            ({"format": "avif"}, 1, "image/avif"),
            ({"format": "jpeg"}, 2, "image/jpeg"),
        ],
    )
    def test_comes_in_the_sizes_own_format_or_in_another_of_its_formats(
        self, api: Api, query: dict[str, str], index: int, content_type: str
    ) -> None:
        response = ask(api, size="hero", **query)
        expected = render_all(PHOTO, HERO)[index]
        assert (response.headers["Content-Type"], response.body) == (content_type, expected.data)

    def test_leaves_nothing_behind(self, api: Api, s3: "S3Client") -> None:
        assert ask(api).status == 200
        for bucket in ("originals-bucket", "images-bucket", "failures-bucket"):
            assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "kind", "message"),
        [
            ({"size": "41x30"}, "unknown_size", "'41x30' is not declared: choose one of 40x30, he"),
            ({"size": "hero.avif"}, "unknown_size", "choose one of"),
            ({"size": ""}, "invalid_request", "size: "),
            ({"size": "40x30", "format": "webp"}, "unknown_format", "but as keep: "),
            ({"size": "hero", "format": "png"}, "unknown_format", "but as webp, avif, jpeg: "),
            ({"size": "hero", "format": "gif"}, "invalid_request", "format: "),
            ({"size": "hero", "overwrite": "1"}, "invalid_request", "overwrite: must be true or f"),
            ({"size": "hero", "store": ""}, "invalid_request", "store: "),
        ],
    )
    def test_of_a_size_that_is_not_declared_name_those_that_are(
        self, api: Api, query: dict[str, str], kind: str, message: str
    ) -> None:
        response = ask(api, **query)
        assert kinds(response) == (422, kind)
        assert message in response.document["detail"]

    def test_of_a_request_without_a_size(self, api: Api) -> None:
        response = api("POST", "/render", PHOTO)
        assert kinds(response) == (422, "invalid_request")
        assert response.document["detail"] == (
            "give either size, with or without format, or signed"
        )

    @pytest.mark.parametrize("body", ["!", "abc", "{}", "é", "data:image/png;base64,aGFsbG8="])
    def test_of_a_text_that_is_no_base64(self, api: Api, body: str) -> None:
        response = ask(api, body, "text/plain")
        assert kinds(response) == (422, "invalid_request")
        assert "in base64" in response.document["detail"]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "empty: "),
            ("", "empty: "),
            (" \n", "empty: "),
            (PHOTO[: len(PHOTO) // 2], "truncated: "),
            (b"II+\0\x08\0\0\0" + b"\xff" * 8, "truncated: "),
            (b"<svg/>", "unsupported: the file is an SVG drawing"),
            ("aGFsbG8=", "unsupported: "),
        ],
    )
    @pytest.mark.parametrize("query", [{}, {"store": "a.jpg"}])
    def test_of_what_cannot_be_rendered_begin_with_the_reason(
        self, api: Api, s3: "S3Client", body: Any, message: str, query: dict[str, str]
    ) -> None:
        response = ask(api, body, "text/plain", **query)
        assert kinds(response) == (422, "not_rendered")
        assert response.document["detail"].startswith(message)
        assert stored(s3) == {}

    def test_of_more_bytes_than_the_stage_takes(self, api: Api) -> None:
        response = ask(api, PHOTO.ljust(5001, b"\0"))
        assert kinds(response) == (413, "too_many_bytes")
        assert "5,001 bytes, the limit is 5,000" in response.document["detail"]

    def test_of_more_bytes_than_a_request_carries_lead_to_an_upload(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAX_UPLOAD_BYTES", "50000000")
        response = ask(api, PHOTO.ljust(MAX_IMAGE_BYTES + 1, b"\0"))
        assert kinds(response) == (413, "too_many_bytes")
        assert "POST /uploads, which takes 50,000,000" in response.document["detail"]

    def test_of_more_bytes_than_a_response_carries_lead_there_too_and_nothing_is_stored(
        self, api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = encoded(Image.effect_noise((40, 30), 90), "JPEG", quality=5)
        monkeypatch.setattr(direct, "MAX_IMAGE_BYTES", len(small))
        response = ask(api, small, store="a.jpg")
        assert kinds(response) == (413, "too_many_bytes")
        assert response.document["detail"].startswith("rendered it has")
        assert "POST /uploads" in response.document["detail"]
        assert stored(s3) == {}

    def test_for_want_of_memory_ask_to_come_again(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def exhausted(*_: Any) -> None:
            raise MemoryError

        monkeypatch.setattr("lib.on_demand.direct.images.render", exhausted)
        response = ask(api)
        assert kinds(response) == (503, "busy")
        assert int(response.headers["Retry-After"]) > 0


def stored(s3: "S3Client") -> dict[str, tuple[str, bytes]]:
    """Type and bytes of each original."""
    found = s3.list_objects_v2(Bucket="originals-bucket").get("Contents", [])
    gotten = {e["Key"]: s3.get_object(Bucket="originals-bucket", Key=e["Key"]) for e in found}
    return {key: (each["ContentType"], each["Body"].read()) for key, each in gotten.items()}


class TestKeeping:
    @pytest.mark.parametrize(
        ("path", "escaped"),
        [
            ("2026/sea.jpg", "2026/sea.jpg"),
            ("a,b.jpg", "a%2Cb.jpg"),
            ("é 😀\u2028X-Evil: 1", "%C3%A9%20%F0%9F%98%80%E2%80%A8X-Evil%3A%201"),
        ],
    )
    def test_puts_the_original_where_the_pipeline_finds_it(
        self, api: Api, s3: "S3Client", path: str, escaped: str
    ) -> None:
        response = ask(api, PNG, "image/jpeg", store=path)
        assert (response.status, response.body) == (200, render_all(PNG, CROP)[0].data)
        assert response.headers["X-Fanout-Path"] == escaped
        assert stored(s3) == {f"originals/{path}": ("image/png", PNG)}

    def test_replaces_nothing_without_overwrite(self, api: Api, s3: "S3Client") -> None:
        assert ask(api, PNG, store="a.jpg").status == 200
        for query in ({}, {"overwrite": "false"}):
            refused = ask(api, PHOTO, store="a.jpg", **query)
            assert kinds(refused) == (409, "path_taken")
            assert "send overwrite: true" in refused.document["detail"]
        assert stored(s3) == {"originals/a.jpg": ("image/png", PNG)}
        assert ask(api, PHOTO, store="a.jpg", overwrite="true").status == 200
        assert stored(s3) == {"originals/a.jpg": ("image/jpeg", PHOTO)}

    def test_replaces_nothing_that_came_meanwhile(
        self, api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lib.upload_paths.require_free", lambda *_: None)
        s3.put_object(Bucket="originals-bucket", Key="originals/a.jpg", Body=b"other")
        assert kinds(ask(api, store="a.jpg")) == (409, "path_taken")
        assert stored(s3)["originals/a.jpg"][1] == b"other"

    @pytest.mark.parametrize(
        "path", ["../a.jpg", "a//b.jpg", "/a.jpg", "a/", "x" * 1019, "a${b.jpg", "a\r\nX-Evil: 1"]
    )
    def test_goes_by_the_rules_of_tickets(self, api: Api, s3: "S3Client", path: str) -> None:
        assert kinds(ask(api, store=path)) == (422, "bad_path")
        assert stored(s3) == {}

    def test_keeps_nothing_that_does_not_fit_each_folder_of_each_size(
        self, api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`originals/`, `40x30/` and `thumbnail/` it fits, but not `thumbnail.avif/`."""
        thumbnail = Size(name="thumbnail", width=9, height=9, formats=("avif",))
        monkeypatch.setenv("PACKED_SIZES", pack_sizes([CROP, thumbnail]))
        assert kinds(ask(api, store="x" * 1010)) == (422, "bad_path")
        assert stored(s3) == {}
        assert ask(api, store="x" * 1009).status == 200

    def test_heeds_only_sizes_that_are_made_of_the_photo(
        self, api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        avatar = {"name": "thumbnail", "width": 9, "formats": ["avif"], "paths": ["avatars/"]}
        monkeypatch.setenv("PACKED_SIZES", pack_sizes([CROP, Size.model_validate(avatar)]))
        assert ask(api, store="x" * 1010).status == 200
        refused = ask(api, size="thumbnail", store="shop/a.jpg")
        assert kinds(refused) == (422, "unknown_size")
        assert "'shop/a.jpg', of which the sizes are 40x30" in refused.document["detail"]
        assert "originals/shop/a.jpg" not in stored(s3)
        assert ask(api, size="thumbnail").status == 200
        assert ask(api, size="thumbnail", store="avatars/a.jpg").status == 200

    def test_takes_the_types_that_may_be_uploaded(self, api: Api, s3: "S3Client") -> None:
        webp = encoded(quarters(80, 60), "WEBP")
        assert ask(api, webp).status == 200
        response = ask(api, webp, "image/jpeg", store="a.jpg")
        assert kinds(response) == (415, "unsupported_type")
        assert (
            "'image/webp' is not accepted. Accepted are image/jpeg, image/png"
            in response.document["detail"]
        )
        assert stored(s3) == {}

    @pytest.mark.parametrize("overwrite", ["true", "false"])
    def test_without_a_response_is_a_503_and_is_not_retried(self, api: Api, overwrite: str) -> None:
        sent = []

        def lost(**_: Any) -> None:
            sent.append("PUT")
            raise ReadTimeoutError(endpoint_url="https://s3.example")

        render._direct_renderer().s3.meta.events.register("before-send.s3.PutObject", lost)
        response = ask(api, store="a.jpg", overwrite=overwrite)
        assert kinds(response) == (503, "busy")
        assert sent == ["PUT"]


def test_the_document_describes_it_where_the_stage_has_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = api("GET", "/openapi.json").document["paths"]["/render"]["post"]
    assert operation["requestBody"]["content"].keys() == {"image/*", "text/plain"}
    assert operation["responses"]["200"]["content"].keys() == {"image/*"}
    assert operation["responses"]["413"]["content"].keys() == {
        "application/problem+json",
        "application/json",
    }
    openapi._app.cache_clear()
    monkeypatch.setenv("RENDER_SIZES", "[]")
    document = api("GET", "/openapi.json").document
    assert "/render" not in document["paths"]
    assert [tag["name"] for tag in document["tags"]] == ["Uploads", "Photos"]


def test_the_document_comes_without_pillow_where_it_is_not_needed() -> None:
    """A cold start of the function that describes the API waits for no pixels."""
    code = "import sys, handlers.openapi; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
