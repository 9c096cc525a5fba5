"""What is said of a content type that is not accepted."""

import pytest

from lib.upload_types import explain_rejection

ACCEPTED = ["image/jpeg", "image/png", "image/tiff"]


@pytest.mark.parametrize(
    ("content_type", "why"),
    [
        ("", "'' does not tell the file's format: give the type of its bytes"),
        ("application/octet-stream", "does not tell the file's format"),
        ("image/svg+xml", "'image/svg+xml' is an SVG drawing, which is not rendered"),
        ("Image/SVG+XML; charset=utf-8", "is an SVG drawing"),
        ("application/pdf", "is a PDF document"),
        ("video/mp4", "is a video: take a still from it"),
        ("text/html", "is a web page"),
        ("image/jpg", "'image/jpg' is not accepted: did you mean image/jpeg?"),
        ("IMAGE/PNG", "did you mean image/png?"),
        ("image/tif", "did you mean image/tiff?"),
        ("text/plain", "'text/plain' is not accepted"),
    ],
)
def test_the_reason_is_what_the_type_is(content_type: str, why: str) -> None:
    text = explain_rejection(content_type, ACCEPTED)
    assert why in text
    assert text.endswith(" Accepted are image/jpeg, image/png, image/tiff")


def test_no_other_type_is_suggested_for_one_that_is_like_none() -> None:
    assert "did you mean" not in explain_rejection("text/plain", ACCEPTED)


def test_a_very_long_type_is_cut() -> None:
    assert len(explain_rejection("image/" + "x" * 1_000_000, ACCEPTED)) < 200
