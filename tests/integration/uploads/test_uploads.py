"""The upload API's function on moto: tickets, and which error responses requests get."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from handlers import uploads
from lib.aws import s3 as objects
from lib.errors import TransientError
from lib.sizes import Size, pack_sizes
from tests.integration.api import PHOTO_SIZES, Api, api
from tests.times import is_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api"]  # a fixture

Ask = Callable[[Any], tuple[int, dict[str, Any]]]
DATA = b"the bytes of a photo"
SHA256 = hashlib.sha256(DATA).hexdigest()
FILE = {"content_type": "image/jpeg", "bytes": len(DATA), "sha256": SHA256, "path": "sea.jpg"}
WISH = {"filename": "photo.jpg", "content_type": "image/jpeg", "bytes": 1000}


@pytest.fixture
def ask(api: Api) -> Ask:
    """POST /uploads with a body: (status, document)."""
    return lambda body: api("POST", "/uploads", body)[:2]


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
    assert is_timestamp(ticket["expires_at"])
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
        (
            {"content_type": "image/svg+xml"},
            415,
            "unsupported_type",
            "content_type: 'image/svg+xml' is an SVG drawing, which is not rendered: export it as "
            "an image. Accepted are image/jpeg, image/png",
        ),
        ({"content_type": "application/pdf"}, 415, "unsupported_type", "export the page"),
        ({"content_type": "image/jpg"}, 415, "unsupported_type", "did you mean image/jpeg?"),
        # A browser's type for a file without an extension, and that of other programs.
        ({"content_type": ""}, 415, "unsupported_type", "give the type of its bytes"),
        (
            {"content_type": "application/octet-stream"},
            415,
            "unsupported_type",
            "does not tell the file's format",
        ),
        ({"bytes": 0}, 422, "invalid_request", "bytes: 0: an empty file is not rendered"),
        ({"bytes": -1}, 422, "invalid_request", "bytes: "),
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
        ({"filename": None, "path": "batch"}, 422, "bad_path", "POST /uploads/batch"),
        ({"filename": None, "path": "status"}, 422, "bad_path", "photos/status"),
        ({"filename": None, "path": "x" * 1020}, 422, "bad_path", "S3 takes 1024"),
        # It fits `originals/` and `thumbnail/`, but not `thumbnail.avif/`.
        ({"filename": None, "path": "x" * 1010}, 422, "bad_path", "S3 takes 1024"),
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


VARIABLES = ["${filename}", "a/${filename}", "${filename}.jpg", "${", "a${b}c.jpg", "$${filename}"]


class TestAVariableOfS3:
    """S3 puts the file's own name for it, and the SDK signs a prefix in place of the key."""

    @pytest.mark.parametrize("name", VARIABLES)
    def test_is_refused_wherever_an_upload_is_asked_for(self, api: Api, name: str) -> None:
        file = {"content_type": "image/jpeg", "bytes": 10}
        url = "https://photos.example/a.jpg"
        for wish in (
            {**file, "path": name},
            {**file, "path": name, "overwrite": True},
            {**file, "filename": name},
            {"url": url, "path": name},
            {"url": f"https://photos.example/{quote(name)}"},
        ):
            answer = api("POST", "/uploads", wish)
            assert (answer.status, answer.document["type"]) == (422, "bad_path"), wish
            assert "'${' in it" in answer.document["detail"]
        batch = api("POST", "/uploads/batch", {"uploads": [{**file, "path": name}, WISH]})
        assert [item["status"] for item in batch.document["uploads"]] == [422, 201]
        assert api.orders() == []

    def test_is_refused_as_a_type(self, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
        status, problem = ask({**WISH, "content_type": "image/${filename}"})
        assert (status, problem["type"]) == (415, "unsupported_type")
        # Not even a stage that says it takes the type hands out such a form.
        monkeypatch.setenv("UPLOAD_TYPES", '["image/${filename}"]')
        uploads._upload_tickets.cache_clear()
        status, problem = ask({**WISH, "content_type": "image/${filename}"})
        assert (status, problem["type"]) == (500, "internal")

    @pytest.mark.parametrize("name", ["$.jpg", "a$b{c}.jpg", "$/{filename}", "%24%7Bfilename%7D"])
    def test_is_not_seen_where_there_is_none(self, ask: Ask, name: str) -> None:
        status, ticket = ask({"path": name, "content_type": "image/jpeg", "bytes": 10})
        assert (status, ticket["fields"]["key"]) == (201, f"originals/{name}")

    @pytest.mark.parametrize("name", ["a/${filename}", "${filename}.jpg"])
    def test_in_an_original_that_came_another_way_is_a_name_like_any_other(
        self, api: Api, s3: "S3Client", name: str
    ) -> None:
        s3.put_object(Bucket="originals-bucket", Key=f"originals/{name}", Body=b"x")
        told = api("GET", "/uploads", query={"path": name})
        assert told.document["sizes"]["400x300"]["state"] == "pending"
        assert api("DELETE", "/uploads", query={"path": name}).status == 204
        assert "Contents" not in s3.list_objects_v2(Bucket="originals-bucket")


NUMBERS = ["9" * 5000, "-" + "9" * 5000, "1e999", "-1e999", "1e308", "NaN", "Infinity", "0.5"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:9])
def test_a_number_that_no_file_can_have_is_refused(api: Api, number: str) -> None:
    wish = f'{{"filename": "a.jpg", "content_type": "image/jpeg", "bytes": {number}}}'
    for path, body in (("/uploads", wish), ("/uploads/batch", f'{{"uploads": [{wish}]}}')):
        answer = api("POST", path, body)
        assert (answer.status, answer.document["type"]) == (422, "invalid_request")


@pytest.mark.parametrize("field", ["path", "filename", "content_type", "overwrite", "url", "x"])
def test_a_number_of_5000_digits_is_refused_wherever_it_stands(api: Api, field: str) -> None:
    answer = api("POST", "/uploads", f'{{"{field}": {"9" * 5000}}}')
    assert (answer.status, answer.document["type"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    "path", ["a\nb.jpg", "a\r.jpg", "\ta.jpg", "a\x1b[2J", "\x7f", "a\x85.jpg"]
)
class TestControlCharacters:
    """Browsers send another line break than was signed, and the emulator's S3 denies some."""

    def test_are_refused_in_each_upload(self, api: Api, path: str) -> None:
        file = {"content_type": "image/jpeg", "bytes": 10}
        for wish in (
            {**file, "path": path},
            {**file, "path": path, "overwrite": True},
            {**file, "filename": path},
            {"url": "https://photos.example/a.jpg", "path": path},
            {"url": f"https://photos.example/{quote(path)}"},
        ):
            answer = api("POST", "/uploads", wish)
            assert (answer.status, answer.document["type"]) == (422, "bad_path"), wish
            assert "control character" in answer.document["detail"]
        batch = api("POST", "/uploads/batch", {"uploads": [{**file, "path": path}, WISH]})
        assert [item["status"] for item in batch.document["uploads"]] == [422, 201]
        assert api.orders() == []

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_are_refused_in_questions_and_deletions(self, api: Api, path: str, method: str) -> None:
        for answer in (
            api(method, f"/uploads/{quote(path)}"),
            api(method, "/uploads", query={"path": path}),
        ):
            assert (answer.status, answer.document["type"]) == (422, "bad_path")
            assert "control character" in answer.document["detail"]


@pytest.mark.parametrize(
    "path", ["\u202ertl.jpg", "a\u2028b.jpg", "a\u200db.jpg", "\ufeffa.jpg", " .jpg"]
)
def test_odd_characters_that_are_no_controls_are_taken(ask: Ask, path: str) -> None:
    assert ask({"path": path, "content_type": "image/jpeg", "bytes": 10})[0] == 201


def test_half_of_a_surrogate_pair_is_refused(ask: Ask) -> None:
    file = {"content_type": "image/jpeg", "bytes": 10}
    for wish in ({**file, "path": "\ud800.jpg"}, {**file, "filename": "\udfff"}, {"\ud800": 1}):
        assert ask(wish)[0] == 422
    assert ask({"path": "a.jpg", "content_type": "\ud800", "bytes": 10})[0] == 415


def test_an_own_path_is_kept_and_overwriting_must_be_asked_for(ask: Ask, s3: "S3Client") -> None:
    wish = {"path": "2026/sea.jpg", "content_type": "image/jpeg", "bytes": 10}
    assert ask(wish)[1]["key"] == "originals/2026/sea.jpg"
    s3.put_object(Bucket="originals-bucket", Key="originals/2026/sea.jpg", Body=b"x")
    status, problem = ask(wish)
    assert (status, problem["type"]) == (409, "path_taken")
    assert ask({**wish, "overwrite": True})[0] == 201


class TestSha256:
    """A file that is stored with the same bytes needs no upload, whoever uploaded it."""

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize("checksum", [{}, {"ChecksumAlgorithm": "SHA256"}])
    def test_the_same_bytes_need_no_ticket(
        self, ask: Ask, s3: "S3Client", checksum: Any, overwrite: bool
    ) -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/sea.jpg", Body=DATA, **checksum)
        assert ask({**FILE, "overwrite": overwrite}) == (
            200,
            {
                "path": "sea.jpg",
                "key": "originals/sea.jpg",
                "variants": {
                    "400x300": "https://cdn.example/400x300/sea.jpg",
                    "thumbnail": "https://cdn.example/thumbnail/sea.jpg",
                },
                "placeholders": {},
            },
        )

    @pytest.mark.parametrize("checksum", [{}, {"ChecksumAlgorithm": "SHA256"}])
    @pytest.mark.parametrize("other", [DATA.upper(), DATA + b"!"], ids=["bytes", "length"])
    def test_other_bytes_are_a_taken_path(
        self, ask: Ask, s3: "S3Client", checksum: Any, other: bytes
    ) -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/sea.jpg", Body=other, **checksum)
        status, problem = ask(FILE)
        assert (status, problem["type"]) == (409, "path_taken")
        assert ask({**FILE, "overwrite": True})[0] == 201

    def test_a_stored_checksum_is_compared_without_reading_the_photo(
        self, ask: Ask, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        s3.put_object(
            Bucket="originals-bucket",
            Key="originals/sea.jpg",
            Body=DATA,
            ChecksumAlgorithm="SHA256",
        )
        monkeypatch.setattr(objects, "get", None)
        assert ask(FILE)[0] == 200

    def test_the_form_lets_no_other_bytes_through(self, ask: Ask) -> None:
        status, ticket = ask(FILE)
        assert status == 201
        checksum = base64.b64encode(bytes.fromhex(SHA256)).decode()
        assert ticket["fields"]["x-amz-checksum-sha256"] == checksum
        policy = json.loads(base64.b64decode(ticket["fields"]["policy"]))
        assert {"x-amz-checksum-sha256": checksum} in policy["conditions"]

    @pytest.mark.parametrize("sha256", ["", SHA256.upper(), SHA256[1:], SHA256 + "\n", 7])
    def test_what_is_no_checksum_is_refused(self, ask: Ask, sha256: Any) -> None:
        status, problem = ask({**FILE, "sha256": sha256})
        assert (status, problem["type"]) == (422, "invalid_request")
        assert "sha256: " in problem["detail"]

    def test_it_comes_with_the_placeholders_of_its_variants(
        self, ask: Ask, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_one = [each.model_copy(update={"placeholder": True}) for each in PHOTO_SIZES]
        elsewhere = Size.model_validate(
            {"name": "new", "width": 9, "placeholder": True, "paths": ["other/"]}
        )
        monkeypatch.setenv("SIZES", pack_sizes([*with_one, elsewhere]))
        stored = s3.put_object(Bucket="originals-bucket", Key="originals/sea.jpg", Body=DATA)
        found = {"thumbhash": "HwgCDYL6qW9y", "color": "#3a86ff"}
        for size, etag in {"400x300": stored["ETag"].strip('"'), "thumbnail": "older"}.items():
            s3.put_object(
                Bucket="images-bucket",
                Key=f"{size}/sea.jpg",
                Body=b"variant",
                Metadata={"original-etag": etag, **found},
            )
        status, photo = ask(FILE)
        assert (status, photo["placeholders"]) == (200, {"400x300": found})

    def test_no_variant_is_read_without_placeholders(self, ask: Ask, s3: "S3Client") -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/sea.jpg", Body=DATA)
        s3.delete_bucket(Bucket="images-bucket")
        assert ask(FILE)[1]["placeholders"] == {}

    def test_in_a_batch_only_new_files_get_a_ticket(self, api: Api, s3: "S3Client") -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/sea.jpg", Body=DATA)
        files = [FILE, {**FILE, "path": "new.jpg"}]
        there, new = api("POST", "/uploads/batch", {"uploads": files}).document["uploads"]
        assert (there["status"], there["stored"]["path"]) == (200, "sea.jpg")
        assert (new["status"], new["ticket"]["path"]) == (201, "new.jpg")


def test_a_batch_gives_each_file_a_ticket_or_its_own_problem(api: Api, s3: "S3Client") -> None:
    s3.put_object(Bucket="originals-bucket", Key="originals/taken.jpg", Body=b"x")
    file = {"content_type": "image/jpeg", "bytes": 10}
    wishes = [
        {**WISH},
        {**WISH, "bytes": 5001},
        {**file, "path": "taken.jpg"},
        {**file, "path": "taken.jpg", "overwrite": True},
        {**file, "path": "a/../b.jpg"},
    ]
    answer = api("POST", "/uploads/batch", {"uploads": wishes})
    assert answer.status == 200
    items = answer.document["uploads"]
    assert [item["status"] for item in items] == [201, 413, 409, 201, 422]
    kinds = [item["problem"] and item["problem"]["type"] for item in items]
    assert kinds == [None, "too_many_bytes", "path_taken", None, "bad_path"]
    assert items[3]["ticket"]["key"] == "originals/taken.jpg"


def test_a_batch_has_one_to_a_hundred_files(api: Api) -> None:
    for count, status in ((0, 422), (1, 200), (100, 200), (101, 422)):
        answer = api("POST", "/uploads/batch", {"uploads": [WISH] * count})
        assert answer.status == status, count
    paths = {item["ticket"]["path"] for item in _tickets(api, 100)}
    assert len(paths) == 100


def test_tickets_that_lambda_could_not_return_are_refused_with_a_number_that_it_can(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [Size(name=f"{width}x9", width=width, height=9) for width in range(10, 39)]
    monkeypatch.setenv("SIZES", pack_sizes(sizes))
    path = "é" * 400
    file = {"content_type": "image/jpeg", "bytes": 10}
    wishes = [{**file, "path": f"{path}{number:03}.jpg"} for number in range(100)]
    refused = api("POST", "/uploads/batch", {"uploads": wishes})
    assert (refused.status, refused.document["type"]) == (413, "too_many_bytes")
    fewer = int(re.findall(r"request (\d+) at once", refused.document["detail"])[0])
    answer = api("POST", "/uploads/batch", {"uploads": wishes[:fewer]})
    assert {item["status"] for item in answer.document["uploads"]} == {201}
    # As Lambda counts it: the body is a string inside of JSON.
    assert 4_500_000 < len(json.dumps(answer.body.decode())) < 6 * 1024 * 1024


def _tickets(api: Api, count: int) -> Any:
    return api("POST", "/uploads/batch", {"uploads": [WISH] * count}).document["uploads"]


def test_a_batch_with_a_malformed_wish_is_refused_as_a_whole_and_says_which(api: Api) -> None:
    answer = api("POST", "/uploads/batch", {"uploads": [WISH, {**WISH, "bytes": -1}]})
    assert (answer.status, answer.document["type"]) == (422, "invalid_request")
    assert "uploads.1.bytes: " in answer.document["detail"]


class TestByUrl:
    URL = "https://photos.example/2026/sea%20side.jpg?size=large"

    def test_a_url_is_ordered_into_a_new_folder_under_its_own_name(self, api: Api) -> None:
        answer = api("POST", "/uploads", {"url": self.URL})
        assert answer.status == 202
        folder, name = answer.document["path"].split("/")
        assert (len(folder), name) == (32, "sea side.jpg")
        assert answer.document["key"] == f"originals/{answer.document['path']}"
        assert answer.document["variants"].keys() == {"400x300", "thumbnail"}
        (order,) = api.orders()
        assert order["url"] == self.URL
        assert order["path"] == answer.document["path"]
        assert order["overwrite"] is False

    def test_a_url_without_a_name_gets_one(self, api: Api) -> None:
        answer = api("POST", "/uploads", {"url": "https://photos.example/"})
        assert answer.document["path"].split("/")[1] == "photo"

    def test_a_taken_path_is_refused_unless_overwriting_is_asked_for(
        self, api: Api, s3: "S3Client"
    ) -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/sea.jpg", Body=b"x")
        wish = {"url": self.URL, "path": "sea.jpg"}
        assert api("POST", "/uploads", wish).document["type"] == "path_taken"
        assert api.orders() == []
        assert api("POST", "/uploads", {**wish, "overwrite": True}).status == 202
        assert [order["overwrite"] for order in api.orders()] == [True]

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"url": "ftp://photos.example/a.jpg"}, "bad_url"),
            ({"url": "file:///etc/passwd"}, "bad_url"),
            ({"url": "https://me:secret@photos.example/a.jpg"}, "bad_url"),
            ({"url": "https://photos.example:8080/a.jpg"}, "bad_url"),
            ({"url": "http://127.0.0.1:8080/a.jpg"}, "bad_url"),
            ({"url": "nothing"}, "bad_url"),
            ({"url": ""}, "invalid_request"),
            ({"url": None}, "invalid_request"),
            ({"path": "../a.jpg"}, "bad_path"),
            ({"path": "x" * 1010}, "bad_path"),
            ({"bytes": 10}, "invalid_request"),
            ({"filename": "a.jpg"}, "invalid_request"),
        ],
    )
    def test_what_can_never_be_fetched_is_refused_at_once(
        self, api: Api, changes: dict[str, Any], kind: str
    ) -> None:
        answer = api("POST", "/uploads", {"url": self.URL, **changes})
        assert (answer.status, answer.document["type"]) == (422, kind)
        assert "secret" not in answer.document["detail"]
        assert api.orders() == []


def test_a_problem_has_the_form_that_its_media_type_promises(api: Api) -> None:
    answer = api("POST", "/uploads", {**WISH, "bytes": 5001})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.document == {
        "type": "too_many_bytes",
        "title": "Content Too Large",
        "status": 413,
        "detail": "bytes: 5,001 is more than the limit of 5,000",
    }


def test_a_busy_bucket_is_a_503_that_says_when_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise TransientError("SlowDown", "HEAD originals-bucket: slow down")

    monkeypatch.setattr("lib.uploads.tickets.objects.head", busy)
    wish = {"path": "sea.jpg", "content_type": "image/jpeg", "bytes": 10}
    answer = api("POST", "/uploads", wish)
    assert (answer.status, answer.document["type"]) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert "originals-bucket" not in answer.document["detail"]


def test_our_own_mistake_is_a_500_that_shows_nothing_of_our_code(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise KeyError("inner workings")

    monkeypatch.setattr("lib.uploads.tickets.objects.sign_upload", crash)
    answer = api("POST", "/uploads", WISH)
    assert (answer.status, answer.document["type"]) == (500, "internal")
    assert "inner workings" not in json.dumps(answer.document)
    assert "inner workings" in caplog.text


LIMITED = [
    Size(name="400x300", width=400, height=300),
    Size.model_validate({"name": "avatar", "width": 9, "paths": ["avatars/"]}),
    Size.model_validate({"name": "large", "width": 99, "formats": ["webp"], "except": ["*/x/"]}),
]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a.jpg", ["400x300", "large"]),
        ("avatars/a (1)+é.jpg", ["400x300", "avatar", "large"]),
        ("avatars/x/a.jpg", ["400x300", "avatar"]),
    ],
)
def test_a_ticket_and_a_fetch_name_only_sizes_that_are_made_of_the_photo(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, path: str, names: list[str]
) -> None:
    monkeypatch.setenv("SIZES", pack_sizes(LIMITED))
    status, ticket = ask({"content_type": "image/jpeg", "bytes": 9, "path": path})
    assert (status, list(ticket["variants"])) == (201, names)
    status, accepted = ask({"url": "https://93.184.216.34/a.jpg", "path": path})
    assert (status, list(accepted["variants"])) == (202, names)


def test_a_photo_of_no_size_has_a_ticket_without_variants(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIZES", pack_sizes(LIMITED[1:2]))
    status, ticket = ask(WISH)
    assert (status, ticket["variants"]) == (201, {})


def test_a_path_has_to_fit_into_the_folders_of_its_own_sizes_alone(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Size.model_validate({"name": "n" * 40, "width": 9, "paths": ["avatars/"]})
    monkeypatch.setenv("SIZES", pack_sizes([LIMITED[0], long]))
    wish = {"content_type": "image/jpeg", "bytes": 9}
    assert ask({**wish, "path": "x" * 1005})[0] == 201
    assert ask({**wish, "path": f"avatars/{'x' * 997}"})[0] == 422
