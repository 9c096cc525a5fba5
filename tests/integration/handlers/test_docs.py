"""The API's document has examples that work, and its page sends a file."""

import gzip
import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from handlers import openapi
from tests.docs_page import send_file
from tests.integration.api import Api, api
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api"]  # a fixture

PHOTO = encoded(quarters(80, 60))
CHOSEN = {
    "name": "sea.jpg",
    "type": "image/jpeg",
    "data": b64encode(PHOTO).decode(),
    "path": "",
    "overwrite": False,
}
TICKET: dict[str, Any] = {
    "path": "2026/a&b.jpg",
    "url": "https://bucket.example/",
    "fields": {"key": "originals/2026/a&b.jpg", "policy": "p", "x-amz-signature": "s"},
}
URL = "https://api.example"
STATUS_URL = f"{URL}/uploads?path=2026%2Fa%26b.jpg"


@pytest.fixture
def document(api: Api) -> Any:
    return api("GET", "/openapi.json").document


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_route_is_in_one_explained_group(document: Any) -> None:
    explained = [tag["name"] for tag in document["tags"] if tag["description"]]
    groups = [operation["tags"] for _, _, operation in operations(document)]
    assert all(len(tags) == 1 for tags in groups)
    assert explained == ["Uploads", "Photos", "Rendering"]
    assert {tag for tags in groups for tag in tags} == set(explained)


def test_every_example_of_the_document_works(
    api: Api, s3: "S3Client", document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With only the required values, and each body that the page offers."""
    monkeypatch.setenv("MAX_UPLOAD_BYTES", str(50 * 2**20))
    # The photo of the examples, which is not replaced without `overwrite`.
    s3.put_object(Bucket="originals-bucket", Key="originals/2026/sea.jpg", Body=b"photo")
    sent = 0
    for method, path, operation in operations(document):
        parameters = operation.get("parameters", [])
        values = {each["name"]: (each["in"], example(each)) for each in parameters if shown(each)}
        url = path
        for name, (where, value) in values.items():
            url = url.replace(f"{{{name}}}", quote(value)) if where == "path" else url
        assert "{" not in url, f"{method} {path}: give its path an example"
        query = {name: value for name, (where, value) in values.items() if where == "query"}
        for content_type, body in bodies(operation):
            answer = api(method, url, body, query, content_type)
            assert answer.status < 300, (method, url, body, answer.document)
            sent += 1
    assert sent == 13


def shown(parameter: Any) -> bool:
    return bool(parameter["required"] or {"example", "examples"} & parameter.keys())


def example(parameter: Any) -> str:
    if "example" in parameter:
        return str(parameter["example"])
    (value,) = (each["value"] for each in parameter["examples"].values())
    return str(value)


def bodies(operation: Any) -> list[tuple[str | None, Any]]:
    content = operation.get("requestBody", {}).get("content", {None: {}})
    found: list[tuple[str | None, Any]] = []
    for content_type, media in content.items():
        if "examples" in media:
            found += [(content_type, each["value"]) for each in media["examples"].values()]
        elif media:
            is_text = media["schema"]["format"] == "byte"
            found.append((content_type, b64encode(PHOTO).decode() if is_text else PHOTO))
        else:
            found.append((None, None))
    return found


def test_sizes_can_be_chosen_among_the_stages(document: Any) -> None:
    parameters = document["paths"]["/render"]["post"]["parameters"]
    (size,) = (each for each in parameters if each["name"] == "size")
    assert size["schema"]["enum"] == ["40x30", "hero"]


def test_swagger_ui_offers_to_choose_a_file_to_render(document: Any) -> None:
    """It does so for a body with an image's type."""
    first, *_ = document["paths"]["/render"]["post"]["requestBody"]["content"].items()
    assert first == ("image/*", {"schema": {"type": "string", "format": "binary"}})


class TestThePage:
    def test_shows_the_document(self, api: Api, document: Any) -> None:
        page = api("GET", "/docs").body.decode()
        (spec,) = re.findall(r"^    spec: (\{.*\}),$", page, re.MULTILINE)
        assert json.loads(spec) == document
        assert api("GET", "/docs", query={"format": "json"}).document == document

    def test_is_sent_compressed(self, api: Api) -> None:
        """It has more than a megabyte of Swagger UI."""
        packed = api("GET", "/docs", accept_encoding="gzip")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == api("GET", "/docs").body

    def test_uploads_a_file_with_a_ticket_and_waits_for_its_variants(self, api: Api) -> None:
        answers = [
            (201, json.dumps(TICKET), {}),
            (204, None, {}),
            (200, '{"state": "pending"}', {"Retry-After": "0.01"}),
            (200, '{"state": "ready"}', {}),
        ]
        ran = send(api, CHOSEN, answers)
        requested, posted, first, second = ran["sent"]
        assert (requested["method"], requested["url"]) == ("POST", f"{URL}/uploads")
        assert requested["headers"]["Authorization"] == "Bearer a-token"
        assert json.loads(requested["body"]) == {
            "filename": "sea.jpg",
            "content_type": "image/jpeg",
            "bytes": len(PHOTO),
        }
        # The file is the last field, and the bucket gets no token.
        assert posted == {
            "url": TICKET["url"],
            "method": "POST",
            "headers": {},
            "body": [*map(list, TICKET["fields"].items()), ["file", "sea.jpg"]],
        }
        assert first["url"] == second["url"] == STATUS_URL
        assert json.loads(ran["shown"][-1]) == {"state": "ready"}

    def test_sends_a_path_with_what_was_said_of_overwriting(self, api: Api) -> None:
        chosen = CHOSEN | {"path": "2026/a&b.jpg", "overwrite": True}
        ran = send(api, chosen, [(409, '{"detail": "it is taken"}', {})])
        assert json.loads(ran["sent"][0]["body"]) == {
            "path": "2026/a&b.jpg",
            "overwrite": True,
            "content_type": "image/jpeg",
            "bytes": len(PHOTO),
        }
        assert ran["shown"][-1] == "Not uploaded: 409 it is taken"

    @pytest.mark.parametrize(
        ("answers", "text"),
        [
            ([(401, '{"message": "Unauthorized"}', {})], "401 Unauthorized"),
            ([(500, "no JSON", {})], "500"),
            (
                [(201, json.dumps(TICKET), {}), (403, "<Error>too late</Error>", {})],
                "403 <Error>too late</Error>",
            ),
            (
                [(201, json.dumps(TICKET), {}), (0, "", {})],
                "add https://api.example to upload_origins",
            ),
        ],
    )
    def test_shows_why_a_file_was_not_uploaded(
        self, api: Api, answers: list[tuple[int, str, dict[str, str]]], text: str
    ) -> None:
        last = send(api, CHOSEN, answers)["shown"][-1]
        assert last.startswith("Not uploaded: ")
        assert text in last

    def test_has_no_form_where_requests_must_be_signed(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert b"upload-form" in api("GET", "/docs").body
        openapi._app.cache_clear()
        monkeypatch.setenv("AUTH", "iam")
        page = api("GET", "/docs")
        assert (page.status, b"upload-form" in page.body) == (200, False)

    def test_needs_no_token_where_the_stage_needs_none(self, api: Api) -> None:
        ran = send(api, CHOSEN, [(409, "{}", {})], has_token=False)
        assert "Authorization" not in ran["sent"][0]["headers"]


def send(
    api: Api, chosen: dict[str, Any], answers: list[Any], *, has_token: bool = True
) -> dict[str, Any]:
    return send_file(
        api("GET", "/docs").body.decode(), URL, "a-token" if has_token else "", chosen, answers
    )
