"""Pictures of any dimensions: for whoever has a signed URL, and at no cost for anybody else."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError, ConnectTimeoutError

from lib import images, keys
from lib.auth.signatures import sign
from lib.errors import PermanentError, ProblemKind, Reason, RequestError, TransientError
from lib.on_demand import signed_images as module
from lib.on_demand.options import MEMORY
from lib.on_demand.signed_images import SignedImages
from lib.on_demand.signed_requests import SignedRequestVerifier
from lib.sizes import Size
from tests.integration.deployed import refuse
from tests.integration.signing import FIRST, SigningSecret, secret
from tests.payloads import ORIGINALS
from tests.pictures import decoded, encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["secret"]

PHOTO = encoded(quarters())
PATH = "2026/ä +%.jpg"
OPTIONS = "w=64,h=36"
NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


class Container:
    """One container, and the time it sees."""

    def __init__(self, s3: "S3Client", secret: SigningSecret) -> None:
        self.now = NOW
        self.secret = secret
        self.signing = secret.keys()
        self.pictures = SignedImages(
            s3=s3,
            originals=ORIGINALS,
            verifier=SignedRequestVerifier(
                self.signing.cache(Logger(service="container"), lambda: self.now), now=self._seconds
            ),
            memory=MEMORY,
            max_bytes=1_000_000,
            browser_seconds=3600,
            cdn_seconds=86_400,
        )

    def _seconds(self) -> float:
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def picture(self, path: str = PATH, options: str = OPTIONS, key: str = FIRST) -> Any:
        """What somebody gets who signs with this key."""
        return self.presented(keys.url_path(path), options, sign(key, path, options))

    def presented(self, *parts: str) -> Any:
        return self.pictures.render(*parts)

    def refuses(self, *parts: str) -> RequestError:
        with pytest.raises(RequestError) as raised:
            self.presented(*parts)
        return raised.value


@pytest.fixture
def container(s3: "S3Client", secret: SigningSecret) -> Container:
    s3.put_object(Bucket="originals-bucket", Key=f"originals/{PATH}", Body=PHOTO)
    return Container(boto3.client("s3"), secret)


@pytest.fixture
def nothing_is_done(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any call of S3, and any rendering, fails the test."""

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("something was done for a stranger")

    container.pictures.s3.meta.events.register("before-call.s3", fail)
    monkeypatch.setattr(images, "render", fail)


class TestASignedUrl:
    def test_gives_the_picture_that_a_worker_would_make(self, container: Container) -> None:
        picture = container.picture(options="w=64,h=36,fit=cover,format=png")
        size = Size(name="any", width=64, height=36, format="png")
        assert picture.data == images.render(PHOTO, size).data
        assert decoded(picture.data).size == (64, 36)
        assert picture.content_type == "image/png"
        assert picture.cache_control == "public, max-age=3600, s-maxage=86400"

    def test_stores_nothing(self, container: Container, s3: "S3Client") -> None:
        container.picture()
        for bucket in ("images-bucket", "failures-bucket"):
            assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0

    @pytest.mark.parametrize(
        ("seconds", "kept"),
        [
            (1, "max-age=1, s-maxage=1"),
            (7200, "max-age=3600, s-maxage=7200"),
            (90_000, "max-age=3600, s-maxage=86400"),
        ],
    )
    def test_is_kept_by_nobody_beyond_its_expiry(
        self, container: Container, seconds: int, kept: str
    ) -> None:
        expires = int(NOW.timestamp()) + seconds
        picture = container.picture(options=f"{OPTIONS},expires={expires}")
        assert picture.cache_control == f"public, {kept}"

    def test_that_expires_while_it_is_rendered_is_not_kept_at_all(
        self, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        render = images.render

        def slowly(data: bytes, size: Size) -> Any:
            container.wait(20)
            return render(data, size)

        monkeypatch.setattr(images, "render", slowly)
        picture = container.picture(options=f"{OPTIONS},expires={int(NOW.timestamp()) + 10}")
        assert picture.cache_control == "public, max-age=0, s-maxage=0"


@pytest.mark.usefixtures("nothing_is_done")
class TestNothingIsDoneFor:
    @pytest.mark.parametrize(
        "presented",
        [
            "",
            "A" * 43,
            sign(FIRST, PATH, "w=65,h=36"),
            sign(FIRST, "2026/b.jpg", OPTIONS),
            sign(FIRST, keys.url_path(PATH), OPTIONS),
            sign("g" * 64, PATH, OPTIONS),
            sign("", PATH, OPTIONS),
            sign(FIRST, PATH, OPTIONS) + "=",
            "ü" * 43,
            "\ud800" * 43,
        ],
    )
    def test_another_signature(self, container: Container, presented: str) -> None:
        error = container.refuses(keys.url_path(PATH), OPTIONS, presented)
        assert (error.status, error.kind) == (403, ProblemKind.BAD_SIGNATURE)

    @pytest.mark.parametrize(
        "escaped",
        [
            PATH,
            "2026/%c3%a4%20%2B%25.jpg",
            "2026/%C3%A4+%2B%25.jpg",
            "2026/%C3%A4%20+%25.jpg",
            "2026/%C3%A4%20%2B%25%2Ejpg",
            "2026%2F%C3%A4%20%2B%25.jpg",
            "2026/%C3%A4%20%2B%.jpg",
            "2026/%FF.jpg",
            "2026/a%21.jpg",
            "2026/a~.jpg",
            "\ud800",
        ],
    )
    def test_another_spelling_of_a_path(self, container: Container, escaped: str) -> None:
        error = container.refuses(escaped, OPTIONS, sign(FIRST, PATH, OPTIONS))
        assert (error.status, error.kind) == (400, ProblemKind.INVALID_REQUEST)

    @pytest.mark.parametrize("path", ["", "a/", "/a", "a//b", "../a", "a/./b", "%00", "a" * 1015])
    def test_a_path_that_no_photo_has(self, container: Container, path: str) -> None:
        error = container.refuses(path, OPTIONS, "A" * 43)
        assert (error.status, error.kind) == (422, ProblemKind.BAD_PATH)

    def test_options_of_another_form(self, container: Container) -> None:
        options = "w=64,w=64"
        error = container.refuses(keys.url_path(PATH), options, sign(FIRST, PATH, options))
        assert (error.status, error.kind) == (400, ProblemKind.INVALID_REQUEST)
        assert container.secret.reads == 0

    def test_options_beyond_a_limit(self, container: Container) -> None:
        options = "w=8193"
        error = container.refuses(keys.url_path(PATH), options, sign(FIRST, PATH, options))
        assert (error.status, error.kind) == (422, ProblemKind.INVALID_REQUEST)

    def test_a_url_that_has_expired(self, container: Container) -> None:
        options = f"{OPTIONS},expires={int(NOW.timestamp())}"
        error = container.refuses(keys.url_path(PATH), options, sign(FIRST, PATH, options))
        assert (error.status, error.kind) == (403, ProblemKind.EXPIRED)

    def test_an_expiry_that_was_put_off(self, container: Container) -> None:
        signed, later = (f"{OPTIONS},expires={int(NOW.timestamp()) + s}" for s in (0, 3600))
        error = container.refuses(keys.url_path(PATH), later, sign(FIRST, PATH, signed))
        assert error.kind == ProblemKind.BAD_SIGNATURE


class TestWhatCannotBeHad:
    def refused(self, container: Container, path: str, options: str = OPTIONS) -> RequestError:
        return container.refuses(keys.url_path(path), options, sign(FIRST, path, options))

    def test_a_photo_that_is_not_there(self, container: Container) -> None:
        error = self.refused(container, "2026/b.jpg")
        assert (error.status, error.kind) == (404, ProblemKind.NO_PICTURE)

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"no picture", "unsupported"),
            (b"", "empty"),
            (PHOTO[:-500], "truncated"),
            (b"II+\0\x08\0\0\0" + b"\xff" * 8, "truncated"),
        ],
    )
    def test_what_can_never_be_rendered(
        self, container: Container, s3: "S3Client", body: bytes, reason: str
    ) -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/b.jpg", Body=body)
        error = self.refused(container, "b.jpg")
        assert (error.status, error.kind) == (422, ProblemKind.NOT_RENDERED)
        assert str(error).startswith(f"{reason}: ")

    def test_an_original_that_is_larger_than_any_upload(
        self, container: Container, s3: "S3Client"
    ) -> None:
        s3.put_object(Bucket="originals-bucket", Key="originals/b.jpg", Body=b"b" * 1_000_001)
        error = self.refused(container, "b.jpg")
        assert (error.status, error.kind) == (422, ProblemKind.NOT_RENDERED)
        assert "too_many_bytes: the file has 1,000,001 bytes, the limit is 1,000,000" in str(error)

    def test_an_image_that_no_function_can_return(
        self, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_IMAGE_BYTES", 100)
        error = self.refused(container, PATH)
        assert (error.status, error.kind) == (413, ProblemKind.TOO_MANY_BYTES)
        message = "bytes, the limit is 100: request fewer pixels, a lower quality or another format"
        assert re.fullmatch(rf"the picture has [\d,]+ {message}", str(error))

    def test_what_the_analyzer_flags(self, container: Container) -> None:
        class Content:
            def analyze(self, path: str, etag: str, data: bytes, size: Size) -> None:
                assert (path, data) == (PATH, PHOTO)
                assert (len(etag), size.width) == (32, 64)
                raise PermanentError(Reason.MODERATED, "not this one")

        object.__setattr__(container.pictures, "image_analyzer", Content())
        error = self.refused(container, PATH)
        assert (error.status, error.kind) == (422, ProblemKind.NOT_RENDERED)
        assert "moderated" in str(error)

    def test_trouble_of_s3_passes(
        self, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse(monkeypatch, "GetObject", "SlowDown")
        with pytest.raises(TransientError, match="SlowDown"):
            container.picture()

    def test_nor_does_a_lack_of_memory_stay(
        self, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def render(*_: Any) -> None:
            raise MemoryError

        monkeypatch.setattr(images, "render", render)
        with pytest.raises(TransientError, match="more memory than the function has"):
            container.picture()


class TestKeys:
    def test_one_that_is_rotated_in_signs_at_once(
        self, container: Container, secret: SigningSecret
    ) -> None:
        assert container.picture()
        secret.keys().rotate(secret.keys().read())
        new = secret.keys().read().current
        container.wait(5)
        assert container.picture(key=new)
        assert container.picture(key=FIRST)

    def test_one_that_is_rotated_out_is_refused_within_a_minute(
        self, container: Container, secret: SigningSecret
    ) -> None:
        assert container.picture()
        for _ in range(2):
            secret.keys().rotate(secret.keys().read())
        container.wait(59)
        assert container.picture()
        container.wait(1)
        with pytest.raises(RequestError, match="not signed"):
            container.picture()

    def test_are_read_once_a_minute_and_by_strangers_every_five_seconds(
        self, container: Container, secret: SigningSecret
    ) -> None:
        for _ in range(60):
            assert container.picture()
            container.wait(1)
        assert secret.reads == 1
        for _ in range(60):
            container.refuses(keys.url_path(PATH), OPTIONS, "A" * 43)
            container.wait(1)
        assert secret.reads == 1 + 12

    def test_are_used_for_ten_minutes_without_secrets_manager(self, container: Container) -> None:
        def fail(**_: Any) -> None:
            raise ConnectTimeoutError(endpoint_url="https://secretsmanager")

        assert container.picture()
        container.signing.secrets.meta.events.register(
            "before-call.secretsmanager.GetSecretValue", fail
        )
        container.wait(599)
        assert container.picture()
        container.wait(1)
        with pytest.raises(TransientError, match="no list of signing keys was read for 0:10:00"):
            container.picture()

    def test_are_in_no_log(
        self, container: Container, secret: SigningSecret, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert container.picture()
        secret.put(json.dumps({"current": FIRST}))
        container.wait(60)
        assert container.picture()
        logged = str([vars(record) for record in caplog.records])
        assert "signing keys not read" in logged
        assert FIRST not in logged


def test_a_missing_permission_to_read_is_no_missing_photo(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, "GetObject", "AccessDenied")
    with pytest.raises(TransientError) as raised:
        container.picture()
    assert isinstance(raised.value.__cause__, ClientError)
