"""What is made of Rekognition's answers: the middle of faces, and tags that remember it."""

import re

import pytest
from PIL import Image

from lib.aws.rekognition import Face, Label
from lib.aws.tags import MAX_VALUE
from lib.errors import PermanentError
from lib.rekognition import faces, results
from lib.rekognition.analysis_image import EDGE, AnalysisImage, make_analysis_image
from lib.rekognition.results import AnalysisResult, Faces
from tests.unit.images import made

ETAG = "9b2cf535f27731c974343645a3985328"
SQUARE = AnalysisImage(b"", (1.0, 1.0))
# What S3 takes in a tag's value.
TAG = re.compile(r"[\w +\-=.:/@]{0,256}", re.ASCII)


def face(
    left: float, top: float, width: float = 0.1, height: float = 0.2, confidence: float = 99.9
) -> Face:
    return Face(left, top, width, height, confidence)


class TestTheMiddleOfFaces:
    @pytest.mark.parametrize(
        ("found", "middle"),
        [
            ([], None),
            ([face(0.2, 0.3)], (0.25, 0.4)),
            ([face(0.1, 0.1), face(0.7, 0.3)], (0.45, 0.3)),
            # What is hardly a face, and who passes by in the background, move nothing.
            ([face(0.2, 0.3), face(0.8, 0.3, confidence=89.9)], (0.25, 0.4)),
            ([face(0.2, 0.3, confidence=89.9)], None),
            ([face(0.2, 0.3), face(0.8, 0.3, 0.03, 0.06)], (0.25, 0.4)),
            ([face(0.2, 0.3), face(0.8, 0.3, 0.05, 0.1)], (0.525, 0.4)),
            # A box may begin outside of the picture.
            ([face(-0.3, 0.3)], (0.0, 0.4)),
        ],
    )
    def test_is_that_of_the_box_around_those_that_count(
        self, found: list[Face], middle: tuple[float, float] | None
    ) -> None:
        got = faces.find_focus(found, SQUARE)
        assert got == (pytest.approx(middle) if middle else None)

    def test_is_in_shares_of_the_photo_and_not_of_the_square_around_it(self) -> None:
        wide = AnalysisImage(b"", (1.0, 0.5))
        assert wide.on_photo(0.3, 0.5) == pytest.approx((0.3, 0.5))
        assert wide.on_photo(0.3, 0.25) == pytest.approx((0.3, 0.0))
        assert wide.on_photo(0.3, 0.75) == pytest.approx((0.3, 1.0))
        assert wide.on_photo(0.3, 0.1) == pytest.approx((0.3, 0.0))


class TestTheView:
    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIC"])
    @pytest.mark.parametrize("size", [(640, 480), (3, 2000), (10, 10)])
    def test_is_a_jpeg_that_rekognition_takes_whatever_the_photo(
        self, format_: str, size: tuple[int, int]
    ) -> None:
        if format_ == "HEIC":
            size = max(16, size[0]), size[1]
        seen = make_analysis_image(made.source(made.photo(*size), format_), memory=1769)
        image = made.decoded(seen.jpeg)
        assert (image.format, image.size) == ("JPEG", (EDGE, EDGE))
        assert seen.share == pytest.approx((size[0] / max(size), size[1] / max(size)))

    @pytest.mark.parametrize("orientation", [1, 6, 8])
    def test_is_upright_and_tells_where_on_it_the_photo_lies(self, orientation: int) -> None:
        image = Image.new("RGB", (400, 200), (90, 90, 90))
        image.paste((70, 80, 250), (300, 20, 340, 60))
        turn = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}.get(orientation)
        data = made.encoded(
            image.transpose(turn) if turn else image, "JPEG", exif=made.exif(orientation)
        )
        seen = make_analysis_image(data, memory=1769)
        assert seen.share == (1.0, 0.5)
        blue = made.decoded(seen.jpeg).getchannel("R").point(lambda value: 255 * (value < 80))
        left, top, right, bottom = blue.getbbox() or (0, 0, 0, 0)
        middle = seen.on_photo((left + right) / 2 / EDGE, (top + bottom) / 2 / EDGE)
        assert middle == pytest.approx((0.8, 0.2), abs=0.02)

    def test_of_noise_is_far_from_rekognitions_five_megabytes(self) -> None:
        noise = made.encoded(made.noise(EDGE, EDGE), "PNG")
        assert len(make_analysis_image(noise, memory=1769).jpeg) < 2_500_000

    def test_refuses_what_cannot_be_rendered(self) -> None:
        with pytest.raises(PermanentError):
            make_analysis_image(b"no picture", memory=1769)


class TestTags:
    @pytest.mark.parametrize(
        "known",
        [
            AnalysisResult(),
            AnalysisResult(faces=Faces(None)),
            AnalysisResult(faces=Faces((0.0, 1.0))),
            AnalysisResult(labels=()),
            AnalysisResult(
                Faces((0.3125, 0.441)), (Label("Explicit Nudity", 99.1), Label("Rude", 80.0))
            ),
        ],
    )
    def test_tell_what_was_written(self, known: AnalysisResult) -> None:
        tags = results.build_tags(known, ETAG, 80)
        assert results.parse_tags(tags, ETAG, 80) == known
        assert all(TAG.fullmatch(value) for value in tags.values())

    @pytest.mark.parametrize(("etag", "confidence"), [("other", 80), (ETAG, 90), (ETAG, None)])
    def test_of_another_original_or_confidence_tell_nothing_of_the_verdict(
        self, etag: str, confidence: int | None
    ) -> None:
        for labels in ((), (Label("Violence", 90.0),)):
            tags = results.build_tags(AnalysisResult(labels=labels), ETAG, 80)
            assert results.parse_tags(tags, etag, confidence).labels is None

    def test_of_another_original_tell_nothing_of_faces(self) -> None:
        tags = results.build_tags(AnalysisResult(faces=Faces((0.5, 0.5))), ETAG, None)
        assert results.parse_tags(tags, "other", None) == AnalysisResult()

    @pytest.mark.parametrize(
        "value",
        ["", "none", "ok", "80 ok", ETAG, f"{ETAG} ", f"{ETAG} 0.5", f"{ETAG} 1.5000 0.5000",
         f"{ETAG} 0.5000 0.5000 ", f"{ETAG} 80", f"{ETAG} 80 ", f"{ETAG} 80 OK",
         f"{ETAG} 80 Violence", f"{ETAG} 80 Violence=90.0/", f" {ETAG} 80 ok", "x" * 256],
    )  # fmt: skip
    def test_that_are_wrong_or_foreign_count_as_absent(self, value: str) -> None:
        tags = {results.FACES: value, results.MODERATION: value}
        assert results.parse_tags(tags, ETAG, 80) == AnalysisResult()

    def test_hold_the_surest_labels_in_the_characters_that_s3_takes(self) -> None:
        labels = tuple(Label(f"Drugs & Tobacco/{n} é", 99.0 - n) for n in range(30))
        value = results.build_tags(AnalysisResult(labels=labels), ETAG, 80)[results.MODERATION]
        assert TAG.fullmatch(value)
        assert len(value) <= MAX_VALUE
        told = results.parse_tags({results.MODERATION: value}, ETAG, 80).labels
        assert told is not None
        assert len(told) > 3
        assert told[0] == Label("Drugs and Tobacco_0 _", 99.0)
