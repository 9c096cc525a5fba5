"""A crop around a focus keeps the faces, whatever the format of the file."""

from typing import Any

import pytest
from PIL import Image

from lib.images import Focus, animation, geometry, render, render_all
from lib.images.formats import read_header
from tests.unit.images import made

# Of a photo that is seen 600 x 400; no crop in the middle, nor one by attention, holds it whole.
PATCH = (560, 20, 600, 60)
MIDDLE: Focus = (580 / 600, 40 / 400)
SQUARE: dict[str, Any] = {"width": 100, "height": 100, "position": "faces", "format": "png"}


def patched(width: int = 600, height: int = 400) -> Image.Image:
    """A dull photo with a loud ball in the middle, and a dull blue patch near a corner."""
    image = Image.new("RGB", (width, height), (110, 120, 105))
    image.paste((230, 40, 20), (250, 150, 350, 250))
    image.paste((70, 80, 160), PATCH)
    return image


def blue(image: Image.Image) -> float:
    """Share of the pixels that are the patch's."""
    pixels = image.convert("RGB").tobytes()
    found = sum(pixels[at + 2] > pixels[at] + 50 for at in range(0, len(pixels), 3))
    return found / (image.width * image.height)


def with_focus(data: bytes, focus: Focus | None, **options: Any) -> Image.Image:
    return made.decoded(render(data, made.size(**{**SQUARE, **options}), focus))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_the_patch_stays_in_the_crop(format_: str) -> None:
    data = made.source(patched(), format_)
    whole = 40 * 40 / (400 * 400)
    assert blue(with_focus(data, MIDDLE)) == pytest.approx(whole, rel=0.2)
    assert blue(with_focus(data, None)) < whole / 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_the_focus_is_one_of_the_upright_photo(orientation: int, format_: str) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = patched() if orientation == 1 else patched().transpose(turns[orientation])
    data = made.encoded(stored, format_, exif=made.exif(orientation))
    upright = with_focus(made.encoded(patched(), "PNG"), MIDDLE)
    assert made.difference(with_focus(data, MIDDLE), upright) < 4


def test_all_of_a_large_jpeg_is_within_reach() -> None:
    """It is decoded at a scale, and no further down than the crop needs."""
    image = Image.new("RGB", (1200, 3000), (110, 120, 105))
    image.paste((70, 80, 160), (500, 2700, 700, 2900))
    data = made.encoded(image, "JPEG", quality=90)
    low = with_focus(data, (0.5, 2800 / 3000), width=60, height=60)
    assert blue(low) == pytest.approx(200 * 200 / (1200 * 1200), rel=0.3)
    assert blue(with_focus(data, (0.5, 0.1), width=60, height=60)) == 0


@pytest.mark.parametrize(
    ("photo", "focus", "left_and_top"),
    [
        ((600, 400), (0.5, 0.5), (100, 0)),
        ((600, 400), (0.4, 0.9), (40, 0)),
        ((600, 400), (0.0, 0.0), (0, 0)),
        ((600, 400), (1.0, 1.0), (200, 0)),
        ((400, 600), (0.9, 0.6), (0, 160)),
        ((400, 600), (0.5, 0.01), (0, 0)),
        ((400, 400), (0.9, 0.1), (0, 0)),
    ],
)
def test_the_crop_lies_around_it_as_far_as_the_edges_allow(
    photo: tuple[int, int], focus: Focus, left_and_top: tuple[int, int]
) -> None:
    plan = geometry.fit(made.size(**SQUARE), *photo, focus=focus)
    assert plan.crop[:2] == pytest.approx(left_and_top)
    left, top, right, bottom = plan.crop
    assert (right - left, bottom - top) == pytest.approx((400, 400))


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_without_a_focus_it_is_attention_to_the_byte(format_: str) -> None:
    data = made.encoded(patched(), format_)
    faces = render(data, made.size(**SQUARE))
    assert faces == render(data, made.size(**SQUARE | {"position": "attention"}))


@pytest.mark.parametrize("position", ["attention", "center", "top-left"])
def test_no_other_position_minds_a_focus(position: str) -> None:
    data = made.encoded(patched(), "PNG")
    size = made.size(**SQUARE | {"position": position})
    assert render(data, size, MIDDLE) == render(data, size)


def test_every_format_gets_the_same_crop() -> None:
    size = made.size(**SQUARE | {"formats": ["webp", "avif"]})
    renditions = render_all(made.encoded(patched(), "JPEG", quality=95), size, MIDDLE)
    first, *others = [made.decoded(rendition) for rendition in renditions]
    assert blue(first) > 0
    assert [made.difference(first, other) < 6 for other in others] == [True, True]


def test_every_frame_of_an_animation_gets_the_same_crop() -> None:
    frames = [patched(), patched().point(lambda value: value // 2)]
    data = made.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    size = made.size(**SQUARE | {"format": "webp", "animated": True})
    plans = [
        picture.plan.crop
        for picture in animation.transform_frames(read_header(data), size, MIDDLE).frames
    ]
    assert plans == [(200, 0, 600, 400)] * 2
    assert blue(made.decoded(render(data, size, MIDDLE))) > 0


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_a_size_with_position_focus_crops_around_it(format_: str) -> None:
    data = made.source(patched(), format_)
    whole = 40 * 40 / (400 * 400)
    cropped = with_focus(data, MIDDLE, position="focus")
    assert blue(cropped) == pytest.approx(whole, rel=0.2)
    assert made.difference(cropped, with_focus(data, MIDDLE)) == 0


@pytest.mark.parametrize("fallback", ["center", "attention", "faces"])
def test_without_a_focus_its_fallback_decides(fallback: str) -> None:
    data = made.encoded(patched(), "PNG")
    fallen_back = with_focus(data, None, position="focus", fallback=fallback)
    assert made.difference(fallen_back, with_focus(data, None, position=fallback)) == 0


def test_a_focus_is_nothing_to_other_positions() -> None:
    data = made.encoded(patched(), "PNG")
    for position in ("center", "attention"):
        one = with_focus(data, MIDDLE, position=position)
        assert made.difference(one, with_focus(data, None, position=position)) == 0


@pytest.mark.parametrize("focus", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_a_focus_at_a_corner_keeps_the_crop_within_the_photo(focus: Focus) -> None:
    image = with_focus(made.encoded(patched(), "PNG"), focus, position="focus")
    assert image.size == (100, 100)


def test_photos_with_a_focus_are_cropped_before_they_are_decoded_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with any crop that does not depend on the pixels."""
    monkeypatch.setattr("lib.images.attention.find_anchor", None)
    with_focus(made.encoded(patched(), "JPEG"), MIDDLE, position="focus", fallback="attention")
