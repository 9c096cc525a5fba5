"""What a worker asks Rekognition, remembers in tags, and does about the answer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY
from urllib.parse import unquote

import boto3
import pytest
from botocore.stub import Stubber
from PIL import Image

from handlers import resize
from lib.errors import PermanentError, TransientError
from lib.rekognition import ImageAnalyzer
from lib.rekognition.analysis_image import AnalysisImage, make_analysis_image
from lib.rekognition.results import FACES, MODERATION
from lib.sizes import Size
from tests.integration.conftest import SIZE, Queues, WorkerCall
from tests.integration.pipeline.test_resize import Failing, put, refusal, variant
from tests.payloads import ORIGINALS, payload
from tests.pictures import decoded, encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PHOTO = encoded(quarters())
FACES_SIZE = Size(name="40x40", width=40, height=40, position="faces")
ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "detect_faces": ("rekognition_detect_faces", {"Image": {"Bytes": ANY}}),
    "detect_moderation_labels": (
        "rekognition_moderation_labels",
        {"Image": {"Bytes": ANY}, "MinConfidence": 80},
    ),
}


class Rekognition:
    """Rekognition's client, its answers checked against the API's own model.

    What no answer was given for fails, as if there were no connection.
    """

    def __init__(self) -> None:
        self.client = boto3.client("rekognition")
        self.stubber = Stubber(self.client)
        self.stubber.activate()
        self.seen: list[bytes] = []
        self.client.meta.events.register(
            "provide-client-params.rekognition.*",
            lambda params, **_: self.seen.append(params["Image"]["Bytes"]),
        )

    def answers(self, operation: str, name: str = "") -> None:
        recorded, expected = ANSWERS[operation]
        self.stubber.add_response(operation, payload(name or recorded), expected)

    def refuses(self, operation: str, code: str, status: int) -> None:
        self.stubber.add_client_error(operation, code, "No.", status)

    def is_done(self) -> bool:
        """Whether every answer was asked for; the others failed already."""
        try:
            self.stubber.assert_no_pending_responses()
        except AssertionError:
            return False
        return True


@pytest.fixture
def rekognition(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rekognition]:
    """The one that workers get."""
    made = Rekognition()
    client = boto3.client

    def given(service: str, **options: Any) -> Any:
        return made.client if service == "rekognition" else client(service, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(boto3, "client", given)
    yield made
    assert made.is_done()


@pytest.fixture
def moderated(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> WorkerCall:
    monkeypatch.setenv("MODERATION_CONFIDENCE", "80")
    return deliver


@pytest.fixture
def by_faces(deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch) -> WorkerCall:
    another_size(monkeypatch, FACES_SIZE)
    monkeypatch.setenv("FACES", "true")
    return deliver


def another_size(monkeypatch: pytest.MonkeyPatch, size: Size) -> None:
    """The next delivery is to this size's worker."""
    monkeypatch.setenv("SIZE", size.model_dump_json())
    resize._worker.cache_clear()


def tags(s3: "S3Client", path: str) -> dict[str, str]:
    answer = s3.get_object_tagging(Bucket="originals-bucket", Key=f"originals/{path}")
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def tag(s3: "S3Client", path: str, **given: str) -> None:
    s3.put_object_tagging(
        Bucket="originals-bucket",
        Key=f"originals/{path}",
        Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in given.items()]},
    )


def etag(s3: "S3Client", path: str) -> str:
    return s3.head_object(Bucket="originals-bucket", Key=f"originals/{path}")["ETag"].strip('"')


def stored(s3: "S3Client") -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="images-bucket").get("Contents", [])]


class TestModeration:
    def test_a_flagged_photo_is_parked_and_nothing_of_it_is_stored(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition, queues: Queues
    ) -> None:
        rekognition.answers("detect_moderation_labels")
        message = put(s3, "a.jpg")
        assert moderated(message) == []
        (letter,) = queues.dead_letters()
        assert (letter["reason"], letter["body"]) == ("moderated", message)
        assert "found Drugs & Tobacco (97.5 %), Products (94.1 %)" in unquote(letter["error"])
        assert stored(s3) == []

    def test_it_is_not_even_rendered(
        self,
        s3: "S3Client",
        moderated: WorkerCall,
        rekognition: Rekognition,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rendered: list[Any] = []
        monkeypatch.setattr(
            "lib.pipeline.reconciler.images.render_all", lambda *given: rendered.append(given)
        )
        rekognition.answers("detect_moderation_labels")
        moderated(put(s3, "a.jpg"))
        assert len(queues.dead_letters()) == 1
        # The picture for Rekognition is another matter: it goes nowhere else.
        assert rendered == []

    def test_the_older_photos_variant_is_gone(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition
    ) -> None:
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        moderated(put(s3, "a.jpg"))
        assert variant(s3, "a.jpg") is not None
        rekognition.answers("detect_moderation_labels")
        assert moderated(put(s3, "a.jpg", encoded(quarters(100, 100)))) == []
        assert stored(s3) == []

    def test_a_variant_made_before_anybody_looked_goes_when_it_is_made_anew(
        self,
        s3: "S3Client",
        deliver: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        message = put(s3, "a.jpg")
        deliver(message)
        monkeypatch.setenv("MODERATION_CONFIDENCE", "80")
        resize._worker.cache_clear()
        assert deliver(message) == []
        assert stored(s3) == ["40x30/a.jpg"], "what is current is not looked at"
        rekognition.answers("detect_moderation_labels")
        another_size(monkeypatch, SIZE.model_copy(update={"quality": 50}))
        assert deliver(message) == []
        assert stored(s3) == []

    def test_one_question_is_enough_for_all_sizes(
        self,
        s3: "S3Client",
        moderated: WorkerCall,
        rekognition: Rekognition,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        rekognition.answers("detect_moderation_labels")
        good, bad = put(s3, "good.jpg"), put(s3, "bad.jpg", encoded(quarters(100, 100)))
        assert moderated(good, bad, attempts=2) == []
        for name in ("10x10", "20x20"):
            edge = int(name[:2])
            another_size(monkeypatch, Size(name=name, width=edge, height=edge))
            assert moderated(good, bad, attempts=2) == []
        assert stored(s3) == ["10x10/good.jpg", "20x20/good.jpg", "40x30/good.jpg"]
        assert [letter["reason"] for letter in queues.dead_letters()] == ["moderated"] * 3
        assert len(rekognition.seen) == 2

    def test_a_replaced_photo_is_looked_at_anew(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition, queues: Queues
    ) -> None:
        rekognition.answers("detect_moderation_labels")
        moderated(put(s3, "a.jpg"))
        flagged = tags(s3, "a.jpg")
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        message = put(s3, "a.jpg", encoded(quarters(100, 100)))
        # As S3 has it where an object is copied over with the tags of another.
        tag(s3, "a.jpg", **flagged)
        assert moderated(message) == []
        assert stored(s3) == ["40x30/a.jpg"]
        assert tags(s3, "a.jpg")[MODERATION] == f"{etag(s3, 'a.jpg')} 80 ok"

    def test_a_replay_asks_nobody_and_is_parked_again_until_a_person_lets_it_pass(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition, queues: Queues
    ) -> None:
        rekognition.answers("detect_moderation_labels")
        message = put(s3, "a.jpg")
        moderated(message)
        moderated(message)
        first, second = queues.dead_letters()
        # What the tag has no letters for is spelled otherwise.
        assert second["error"] == first["error"].replace("%26", "and")
        tag(s3, "a.jpg", **{MODERATION: f"{etag(s3, 'a.jpg')} 80 ok"})
        assert moderated(message) == []
        assert stored(s3) == ["40x30/a.jpg"]
        assert len(rekognition.seen) == 1

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("ThrottlingException", 400),
            ("ProvisionedThroughputExceededException", 400),
            ("InternalServerError", 500),
            ("AccessDeniedException", 400),
            ("InvalidImageFormatException", 400),
        ],
    )
    def test_where_rekognition_does_not_answer_nothing_is_rendered_and_the_message_comes_again(
        self,
        s3: "S3Client",
        moderated: WorkerCall,
        rekognition: Rekognition,
        queues: Queues,
        caplog: pytest.LogCaptureFixture,
        code: str,
        status: int,
    ) -> None:
        rekognition.refuses("detect_moderation_labels", code, status)
        message = put(s3, "a.jpg")
        assert moderated(message) == ["message-0"]
        assert code in [getattr(record, "reason", None) for record in caplog.records]
        assert stored(s3) == []
        assert queues.dead_letters() == []
        assert tags(s3, "a.jpg") == {}
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        assert moderated(message) == []
        assert stored(s3) == ["40x30/a.jpg"]

    def test_what_can_never_be_rendered_costs_no_question(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition, queues: Queues
    ) -> None:
        assert moderated(put(s3, "a.jpg", PHOTO[: len(PHOTO) // 2])) == []
        assert [letter["reason"] for letter in queues.dead_letters()] == ["truncated"]
        assert rekognition.seen == []

    def test_its_copy_is_made_while_nothing_is_rendered(
        self,
        s3: "S3Client",
        moderated: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        processor, held = resize._worker().reconciler.render_slots._processor, []

        def make(*arguments: Any) -> AnalysisImage:
            held.append(processor.locked())
            return make_analysis_image(*arguments)

        monkeypatch.setattr("lib.rekognition.analyzer.make_analysis_image", make)
        assert moderated(put(s3, "a.jpg")) == []
        assert held == [True]

    def test_with_little_time_left_it_is_not_begun(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition
    ) -> None:
        assert moderated(put(s3, "a.jpg"), seconds=4) == ["message-0"]
        assert rekognition.seen == []

    def test_what_vanishes_meanwhile_takes_its_variant_along(
        self, s3: "S3Client", moderated: WorkerCall, rekognition: Rekognition, queues: Queues
    ) -> None:
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        message = put(s3, "a.jpg")
        rekognition.client.meta.events.register(
            "before-parameter-build.rekognition",
            lambda **_: s3.delete_object(Bucket="originals-bucket", Key="originals/a.jpg"),
        )
        assert moderated(message) == []
        assert stored(s3) == []
        assert queues.dead_letters() == []


class TestFaces:
    def test_the_crop_keeps_them(
        self, s3: "S3Client", by_faces: WorkerCall, rekognition: Rekognition
    ) -> None:
        # A face that is hardly to be seen, at 0.81 of the width, and a red door that draws the eye.
        photo = Image.new("RGB", (400, 200), (90, 90, 90))
        photo.paste((60, 60, 60), (310, 0, 340, 200))
        photo.paste((220, 30, 30), (60, 40, 100, 160))
        data = encoded(photo, "PNG")
        rekognition.answers("detect_faces")
        rekognition.answers("detect_faces", "rekognition_no_faces")
        assert by_faces(put(s3, "a.png", data), put(s3, "b.png", data), attempts=2) == []
        with_face, without = (
            decoded(s3.get_object(Bucket="images-bucket", Key=f"40x40/{path}")["Body"].read())
            for path in ("a.png", "b.png")
        )
        assert with_face.getpixel((25, 20)) == (60, 60, 60)
        assert max(with_face.getchannel("R").tobytes()) < 100
        assert max(without.getchannel("R").tobytes()) > 200
        assert tags(s3, "a.png") == {FACES: f"{etag(s3, 'a.png')} 0.8140 0.0878"}

    def test_the_crop_keeps_them_whatever_the_focal_point_that_other_sizes_have(
        self, s3: "S3Client", by_faces: WorkerCall, rekognition: Rekognition
    ) -> None:
        photo = Image.new("RGB", (400, 200), (90, 90, 90))
        photo.paste((60, 60, 60), (310, 0, 340, 200))
        message, key = put(s3, "a.png"), "originals/a.png"
        data, focus = encoded(photo, "PNG"), {"focus": "0.1,0.5"}
        s3.put_object(Bucket="originals-bucket", Key=key, Body=data, Metadata=focus)
        rekognition.answers("detect_faces")
        assert by_faces(message) == []
        with_face = decoded(s3.get_object(Bucket="images-bucket", Key="40x40/a.png")["Body"].read())
        assert with_face.getpixel((25, 20)) == (60, 60, 60)

    def test_nobody_looks_for_them_in_a_photo_with_a_focal_point(
        self,
        s3: "S3Client",
        by_faces: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        focused = FACES_SIZE.model_copy(update={"position": "focus", "fallback": "faces"})
        another_size(monkeypatch, focused)
        rekognition.answers("detect_faces")
        without, with_one = put(s3, "a.png"), put(s3, "b.png")
        s3.put_object(
            Bucket="originals-bucket",
            Key="originals/b.png",
            Body=PHOTO,
            Metadata={"focus": "0.3,0.4"},
        )
        assert by_faces(without, with_one, attempts=2) == []
        assert (len(rekognition.seen), tags(s3, "b.png")) == (1, {})
        found = s3.head_object(Bucket="images-bucket", Key="40x40/b.png")
        assert found["Metadata"]["focus"] == "0.3,0.4"

    def test_without_any_it_is_attention(
        self,
        s3: "S3Client",
        by_faces: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rekognition.answers("detect_faces", "rekognition_no_faces")
        message = put(s3, "a.jpg")
        assert by_faces(message) == []
        assert tags(s3, "a.jpg") == {FACES: f"{etag(s3, 'a.jpg')} none"}
        attention = {"name": "other", "position": "attention"}
        another_size(monkeypatch, FACES_SIZE.model_copy(update=attention))
        assert by_faces(message) == []
        one, other = (
            s3.get_object(Bucket="images-bucket", Key=f"{size}/a.jpg")["Body"].read()
            for size in ("40x40", "other")
        )
        assert one == other

    def test_where_nobody_can_be_asked_it_is_attention_too(
        self,
        s3: "S3Client",
        by_faces: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("FACES")
        assert by_faces(put(s3, "a.jpg")) == []
        assert stored(s3) == ["40x40/a.jpg"]
        assert tags(s3, "a.jpg") == {}

    def test_throttled_it_does_not_fall_back_to_attention(
        self, s3: "S3Client", by_faces: WorkerCall, rekognition: Rekognition
    ) -> None:
        rekognition.refuses("detect_faces", "ThrottlingException", 400)
        assert by_faces(put(s3, "a.jpg")) == ["message-0"]
        assert stored(s3) == []

    def test_other_sizes_ask_for_none(
        self,
        s3: "S3Client",
        by_faces: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        another_size(monkeypatch, SIZE)
        assert by_faces(put(s3, "a.jpg")) == []
        assert stored(s3) == ["40x30/a.jpg"]
        assert rekognition.seen == []

    def test_moderation_comes_first_and_one_picture_serves_both(
        self,
        s3: "S3Client",
        by_faces: WorkerCall,
        rekognition: Rekognition,
        queues: Queues,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("MODERATION_CONFIDENCE", "80")
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        rekognition.answers("detect_faces")
        assert by_faces(put(s3, "a.jpg")) == []
        assert tags(s3, "a.jpg").keys() == {FACES, MODERATION}
        moderation, faces = rekognition.seen
        assert moderation is faces
        rekognition.answers("detect_moderation_labels")
        assert by_faces(put(s3, "b.jpg")) == []
        assert tags(s3, "b.jpg").keys() == {MODERATION}
        assert stored(s3) == ["40x40/a.jpg"]


class TestTagsOfOthers:
    def test_stay(self, s3: "S3Client", by_faces: WorkerCall, rekognition: Rekognition) -> None:
        message = put(s3, "a.jpg")
        tag(s3, "a.jpg", project="spring", owner="ann")
        rekognition.answers("detect_faces", "rekognition_no_faces")
        assert by_faces(message) == []
        assert tags(s3, "a.jpg") == {
            "project": "spring",
            "owner": "ann",
            FACES: f"{etag(s3, 'a.jpg')} none",
        }

    def test_come_first_where_there_is_no_room_for_ours(
        self,
        s3: "S3Client",
        by_faces: WorkerCall,
        rekognition: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        message = put(s3, "a.jpg")
        theirs = {f"tag-{number}": "x" for number in range(10)}
        tag(s3, "a.jpg", **theirs)
        rekognition.answers("detect_faces")
        assert by_faces(message) == []
        assert stored(s3) == ["40x40/a.jpg"]
        assert tags(s3, "a.jpg") == theirs
        another_size(monkeypatch, FACES_SIZE.model_copy(update={"name": "other"}))
        rekognition.answers("detect_faces")
        assert by_faces(message) == []

    def test_of_our_name_and_wrong_are_written_over(
        self, s3: "S3Client", by_faces: WorkerCall, rekognition: Rekognition
    ) -> None:
        message = put(s3, "a.jpg")
        tag(s3, "a.jpg", **{FACES: "in the middle"})
        rekognition.answers("detect_faces", "rekognition_no_faces")
        assert by_faces(message) == []
        assert tags(s3, "a.jpg") == {FACES: f"{etag(s3, 'a.jpg')} none"}


class TestOutsideOfAQueue:
    """The same class for what renders and stores nothing."""

    @pytest.fixture
    def analyzer(self, s3: "S3Client", rekognition: Rekognition) -> ImageAnalyzer:
        return ImageAnalyzer(s3, ORIGINALS, rekognition.client, confidence=80, faces=True)

    def test_it_tells_the_focus_and_refuses_what_is_flagged(
        self, s3: "S3Client", analyzer: ImageAnalyzer, rekognition: Rekognition
    ) -> None:
        put(s3, "a.jpg")
        rekognition.answers("detect_moderation_labels", "rekognition_no_moderation_labels")
        rekognition.answers("detect_faces")
        focus = analyzer.analyze("a.jpg", etag(s3, "a.jpg"), PHOTO, FACES_SIZE)
        assert focus == pytest.approx((0.814, 0.225), abs=0.001)
        # What a tag tells is rounded, and far finer than a pixel.
        again = analyzer.analyze("a.jpg", etag(s3, "a.jpg"), PHOTO, FACES_SIZE)
        assert again == pytest.approx(focus, abs=0.0001)
        put(s3, "b.jpg")
        rekognition.answers("detect_moderation_labels")
        with pytest.raises(PermanentError, match="Tobacco"):
            analyzer.analyze("b.jpg", etag(s3, "b.jpg"), PHOTO, SIZE)

    def test_bytes_without_an_original_have_a_focus_and_leave_no_tags(
        self, analyzer: ImageAnalyzer, rekognition: Rekognition
    ) -> None:
        rekognition.answers("detect_faces")
        assert analyzer.find_focus(PHOTO, FACES_SIZE) == pytest.approx((0.814, 0.225), abs=0.001)
        assert analyzer.find_focus(PHOTO, SIZE) is None
        assert len(rekognition.seen) == 1

    def test_tags_that_cannot_be_read_stop_it(
        self, s3: "S3Client", analyzer: ImageAnalyzer
    ) -> None:
        denied = Failing("GetObjectTagging", refusal("AccessDenied", 403))
        s3.meta.events.register("before-call.s3", denied)
        with pytest.raises(TransientError, match=r"GET tags .*AccessDenied"):
            analyzer.analyze("a.jpg", "etag", PHOTO, SIZE)


def test_without_settings_no_client_is_made(
    s3: "S3Client", deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    client = boto3.client

    def counted(service: str, **options: Any) -> Any:
        made.append(service)
        return client(service, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(boto3, "client", counted)
    assert deliver(put(s3, "a.jpg")) == []
    assert sorted(made) == ["s3", "sqs"]
    assert resize._worker().reconciler.image_analyzer is None
    assert tags(s3, "a.jpg") == {}
