"""A placeholder shows its variant, blurred: the same colours, the same way up, the same holes."""

import io
from base64 import b64decode
from typing import Any

import pytest
from PIL import Image, ImageCms

from lib.images import Placeholder, render, render_all
from tests.thumbhash import decode
from tests.unit.images import made
from tests.unit.images.test_colour import PROFILES, srgb
from tests.unit.images.test_orientation import stored

# Mean difference of the worst band: ThumbHash mutes corners as vivid as these by some 25. Of a
# picture that is flipped or turned it is 80 and more.
TOLERANCE = 30


def placeholder(data: bytes, **options: Any) -> Placeholder:
    found = render(data, made.size(placeholder=True, **options)).placeholder
    assert found is not None
    return found


def shown(found: Placeholder) -> Image.Image:
    """What a page shows."""
    return decode(b64decode(found.thumbhash))


def likeness(found: Placeholder, expected: Image.Image) -> float:
    image = shown(found)
    return made.difference(image, expected.resize(image.size, Image.Resampling.BOX))


def test_it_is_made_only_if_the_size_says_so() -> None:
    assert render(made.encoded(made.photo(), "PNG"), made.size()).placeholder is None


def test_it_takes_a_few_dozen_bytes_and_changes_no_pixel() -> None:
    data = made.encoded(made.photo(), "JPEG")
    assert len(placeholder(data).thumbhash) < 40
    plain, with_it = (render(data, made.size(placeholder=each)) for each in (False, True))
    assert with_it.data == plain.data


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_it_looks_like_the_photo(format_: str) -> None:
    data = made.encoded(made.photo(), format_)
    assert likeness(placeholder(data), made.photo()) < TOLERANCE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(orientation: int) -> None:
    tag = made.exif(orientation)
    data = made.encoded(stored(made.photo(400, 300), orientation), "JPEG", exif=tag)
    assert likeness(placeholder(data), made.photo()) < TOLERANCE


def test_it_shows_the_crop_and_its_ratio() -> None:
    found = placeholder(made.encoded(made.photo(300, 300), "PNG"), width=90, height=30)
    assert likeness(found, made.photo(300, 300).crop((0, 100, 300, 200))) < TOLERANCE
    width, height = shown(found).size
    assert width / height == pytest.approx(3, abs=0.6)


@pytest.mark.parametrize("name", PROFILES)
def test_its_colours_are_srgb(name: str) -> None:
    wide = ImageCms.ImageCmsProfile(io.BytesIO(PROFILES[name]))
    red = Image.new("RGB", (128, 96), (180, 80, 60))
    stored_red = ImageCms.profileToProfile(red, srgb(), wide)
    assert stored_red is not None
    found = placeholder(made.encoded(stored_red, "PNG", icc_profile=PROFILES[name]))
    assert likeness(found, red) < TOLERANCE
    assert colour_of(found) == pytest.approx((180, 80, 60), abs=2)


def colour_of(found: Placeholder) -> tuple[int, ...]:
    assert found.color is not None
    assert len(found.color) == len("#rrggbb")
    return tuple(bytes.fromhex(found.color.removeprefix("#")))


def test_the_colour_is_the_most_frequent_one_and_not_the_average() -> None:
    image = Image.new("RGB", (128, 96), made.GREEN)
    image.paste(made.RED, (0, 0, 128, 40))
    assert colour_of(placeholder(made.encoded(image, "PNG"))) == pytest.approx(made.GREEN, abs=2)


def test_a_grey_photo_has_a_grey_one() -> None:
    found = placeholder(made.encoded(Image.new("L", (64, 48), 90), "PNG"))
    assert colour_of(found) == (90, 90, 90)


def test_transparent_parts_stay_clear_and_give_no_colour() -> None:
    image = made.disc(200, 200, (100, 100), 70, (*made.BLUE, 255))
    # Invisible, and far more of it than of the disc.
    hidden = Image.new("RGBA", image.size, (255, 255, 0, 0))
    hidden.paste(image, mask=image.getchannel("A"))
    found = placeholder(made.encoded(hidden, "PNG"), width=100, height=100)
    alpha = shown(found).getchannel("A")
    assert alpha.getpixel((0, 0)) < 60  # type: ignore[operator]
    assert alpha.getpixel((16, 16)) > 200  # type: ignore[operator]
    assert colour_of(found) == pytest.approx(made.BLUE, abs=2)
    assert shown(found).convert("RGB").getpixel((16, 16)) == pytest.approx(made.BLUE, abs=15)


def test_without_a_visible_pixel_there_is_no_colour() -> None:
    image = Image.new("RGBA", (100, 80), (200, 10, 10, 0))
    found = placeholder(made.encoded(image, "PNG"))
    assert found.color is None
    assert shown(found).getchannel("A").getextrema() == (0, 0)


def test_each_format_has_its_own_as_only_a_jpeg_shows_the_background() -> None:
    image = made.disc(200, 200, (100, 100), 60, (*made.BLUE, 255))
    size = made.size(
        width=100, height=100, format="webp", formats=["jpeg"], background="#00ff00"
    ).model_copy(update={"placeholder": True})
    clear, flat = (each.placeholder for each in render_all(made.encoded(image, "PNG"), size))
    assert clear is not None
    assert flat is not None
    assert shown(clear).getchannel("A").getextrema()[0] < 60  # type: ignore[operator]
    assert shown(flat).getchannel("A").getextrema() == (255, 255)
    assert colour_of(flat) == pytest.approx((0, 255, 0), abs=2)


def test_padding_is_part_of_what_it_shows() -> None:
    data = made.encoded(Image.new("RGB", (200, 50), made.RED), "PNG")
    found = placeholder(data, width=100, height=100, fit="contain", background="#0000ff")
    assert colour_of(found) == pytest.approx((0, 0, 255), abs=2)
    assert shown(found).size == (32, 32)


@pytest.mark.parametrize("format_", ["keep", "webp", "png", "avif", "jpeg"])
def test_of_an_animation_it_shows_the_first_frame(format_: str) -> None:
    frames = [(made.paletted((64, 48), index), {"time": 5}) for index in (0, 2)]
    data = made.gif((64, 48), *frames, loop=0)
    formats = ["webp"] if format_ == "jpeg" else []
    found = placeholder(data, animated=True, format=format_, formats=formats)
    assert colour_of(found) == pytest.approx(made.RED, abs=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (33, 32)])
def test_of_any_shape(size: tuple[int, int]) -> None:
    found = placeholder(made.encoded(Image.new("RGB", size, made.RED), "PNG"), fit="inside")
    assert colour_of(found) == pytest.approx(made.RED, abs=2)
