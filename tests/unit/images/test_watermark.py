"""A watermark is where its size wants it, in its colours, on every format and frame."""

from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from lib.errors import ConfigError
from lib.images import WatermarkImage, read_watermark_image, render, render_all
from lib.sizes import Size
from tests.pictures import encoded
from tests.unit.images import made
from tests.unit.images.test_colour import PROFILES

GREY = (128, 128, 128)
# A blue square in a clear frame of a quarter of its width: 40 x 40 with the frame.
LOGO = made.encoded(made.disc(40, 40, (20, 20), 30, (0, 0, 255, 255)), "PNG")


def logo(colour: tuple[int, int, int, int] = (0, 0, 255, 255), ratio: int = 1) -> WatermarkImage:
    """A block of one colour, whose first column is clear: a file without one is none."""
    image = Image.new("RGBA", (40 * ratio, 40), colour)
    image.paste((0, 0, 0, 0), (0, 0, 1, 40))
    return read_watermark_image(encoded(image, "PNG"))


def size(watermark: dict[str, Any] | None = None, **options: Any) -> Size:
    given = {"file": "logo.png", "width": "20%", "margin": "5%", **(watermark or {})}
    defaults = {"width": 200, "height": 100, "format": "png", "watermark": given}
    return Size.model_validate({**defaults, **options})


def photo(width: int = 400, height: int = 200, mode: str = "RGB") -> bytes:
    return encoded(Image.new("RGB", (width, height), GREY).convert(mode), "PNG")


def marked(source: bytes, size: Size, watermark: WatermarkImage | None = None) -> Image.Image:
    return made.decoded(render(source, size, watermark=watermark or logo()))


def box_of_mark(image: Image.Image, paper: tuple[int, ...] = GREY) -> tuple[int, ...] | None:
    """Where an image differs from its paper by more than soft edges do."""
    plain = Image.new("RGB", image.size, paper)
    different = ImageChops.difference(image.convert("RGB"), plain).convert("L")
    return different.point(lambda value: 255 * (value > 20)).getbbox()


# Of a photo of 200 x 100: 40 x 40, and 10 from the edges.
BOXES = {
    "top-left": (10, 10, 50, 50),
    "top": (80, 10, 120, 50),
    "top-right": (150, 10, 190, 50),
    "left": (10, 30, 50, 70),
    "center": (80, 30, 120, 70),
    "right": (150, 30, 190, 70),
    "bottom-left": (10, 50, 50, 90),
    "bottom": (80, 50, 120, 90),
    "bottom-right": (150, 50, 190, 90),
}


@pytest.mark.parametrize("position", BOXES)
def test_it_is_at_its_position_within_the_margin(position: str) -> None:
    box = box_of_mark(marked(photo(), size({"position": position})))
    # Its first column is nearly clear.
    assert box == pytest.approx(BOXES[position], abs=1)


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif"])
def test_every_format_has_it(format_: str) -> None:
    image = marked(photo(), size(format=format_)).convert("RGB")
    assert image.getpixel((170, 70)) == pytest.approx((0, 0, 255), abs=12)
    assert image.getpixel((100, 20)) == pytest.approx(GREY, abs=3)


def test_all_formats_of_one_render_have_it() -> None:
    made_all = render_all(photo(), size(formats=["jpeg", "webp"]), watermark=logo())
    assert [box_of_mark(made.decoded(each)) is not None for each in made_all] == [True] * 3


def test_its_opacity_mixes_samples_of_srgb() -> None:
    image = marked(photo(), size({"opacity": 0.5}), logo((255, 255, 255, 255)))
    # In linear light this would be 204.
    assert image.getpixel((170, 70)) == pytest.approx((192, 192, 192), abs=1)


def test_its_own_transparency_counts_too() -> None:
    image = marked(photo(), size({"opacity": 0.5}), logo((0, 0, 255, 128)))
    assert image.getpixel((170, 70)) == pytest.approx((96, 96, 160), abs=1)


def test_it_is_seen_on_transparent_parts_of_a_photo() -> None:
    clear = encoded(Image.new("RGBA", (400, 200), (255, 0, 0, 0)), "PNG")
    image = marked(clear, size())
    assert image.mode == "RGBA"
    assert image.getpixel((170, 70)) == (0, 0, 255, 255)
    assert image.getpixel((20, 20))[3] == 0  # type: ignore[index]
    half = marked(clear, size({"opacity": 0.5}))
    assert half.getpixel((170, 70)) == pytest.approx((0, 0, 255, 128), abs=1)


def test_a_jpeg_has_it_above_the_background() -> None:
    clear = encoded(Image.new("RGBA", (400, 200), (255, 0, 0, 0)), "PNG")
    image = marked(clear, size({"opacity": 0.5}, format="jpeg", background="#00ff00"))
    assert image.getpixel((170, 70)) == pytest.approx((0, 128, 128), abs=12)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_photo_gets_its_colours(mode: str) -> None:
    image = marked(photo(mode=mode), size()).convert("RGB")
    assert image.getpixel((170, 70)) == (0, 0, 255)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_one_leaves_a_grey_photo_grey(mode: str) -> None:
    grey = Image.new("LA", (40, 40), (250, 255))
    grey.paste((0, 0), (0, 0, 1, 40))
    source = Image.new("L", (400, 200), 90)
    if mode == "LA":
        source.putalpha(Image.linear_gradient("L").resize(source.size))
    image = marked(encoded(source, "PNG"), size(), read_watermark_image(encoded(grey, "PNG")))
    assert image.mode == mode
    value = image.getpixel((170, 70))
    assert (value[0] if isinstance(value, tuple) else value) == pytest.approx(250, abs=2)


def test_with_contain_it_is_on_the_photo_and_not_on_the_padding() -> None:
    # 100 x 100 of the photo in the middle of 200 x 100.
    contained = size({"position": "top-left"}, fit="contain", background="#808080")
    box = box_of_mark(marked(photo(100, 100), contained))
    assert box == pytest.approx((55, 5, 75, 25), abs=1)


def test_its_width_is_a_share_of_what_the_photo_became() -> None:
    box = box_of_mark(marked(photo(100, 50), size()))
    assert box == pytest.approx((75, 25, 95, 45), abs=1)


@pytest.mark.parametrize(
    ("width", "height", "options", "ratio", "expected"),
    [
        (40, 40, {}, 1, True),  # 8 x 8
        (37, 37, {}, 1, False),  # 7 x 7
        (200, 100, {}, 5, True),  # 40 x 8
        (200, 100, {}, 6, False),  # 40 x 7
        (200, 60, {}, 1, True),  # 40 x 40 between margins of 10
        (200, 59, {}, 1, False),
        (200, 40, {"margin": "0%"}, 1, True),
        (200, 39, {"margin": "0%"}, 1, False),
        (200, 100, {"width": "100%", "margin": "0%"}, 2, True),
        (200, 100, {"width": "100%", "margin": "0%"}, 1, False),
    ],
)
def test_a_photo_too_small_for_it_has_none(
    width: int, height: int, options: dict[str, Any], ratio: int, expected: bool
) -> None:
    image = marked(
        photo(width, height), size(options, width=width, height=height), logo(ratio=ratio)
    )
    assert (box_of_mark(image) is not None) == expected


@pytest.mark.parametrize("format_", ["png", "webp", "avif"])
def test_every_frame_of_an_animation_has_it(format_: str) -> None:
    frames = [(made.paletted((100, 50), index), {"time": 5}) for index in (0, 1, 3)]
    data = made.gif((100, 50), *frames, loop=0)
    image = marked(data, size(animated=True, format=format_))
    assert getattr(image, "n_frames", 1) == 3
    for number, colour in enumerate((made.RED, made.GREEN, made.YELLOW)):
        image.seek(number)
        shown = image.convert("RGB")
        assert shown.getpixel((85, 35)) == pytest.approx((0, 0, 255), abs=40)
        assert shown.getpixel((20, 20)) == pytest.approx(colour, abs=40)


def test_a_gif_stays_one_and_has_it_on_each_frame() -> None:
    frames = [(made.paletted((100, 50), index), {"time": 5}) for index in (0, 1)]
    image = marked(made.gif((100, 50), *frames, loop=0), size(animated=True, format="keep"))
    assert image.format == "GIF"
    for number in range(2):
        image.seek(number)
        assert image.convert("RGB").getpixel((85, 35)) == pytest.approx((0, 0, 255), abs=12)


def test_the_placeholder_shows_it() -> None:
    large = size({"width": "90%", "margin": "0%"}, placeholder=True)
    found = render(photo(), large, watermark=logo(ratio=2)).placeholder
    assert found is not None
    assert found.color == "#0000ff"


def test_the_photo_beside_it_is_as_without() -> None:
    source = encoded(made.photo(400, 200), "PNG")
    plain = made.decoded(render(source, size().model_copy(update={"watermark": None})))
    image = marked(source, size())
    box = box_of_mark(ImageChops.difference(image, plain), (0, 0, 0))
    assert box == pytest.approx(BOXES["bottom-right"], abs=1)
    assert ImageChops.difference(image, plain).crop((0, 0, 200, 49)).getbbox() is None


def test_nothing_is_rendered_without_it() -> None:
    with pytest.raises(ConfigError, match="200x100: nothing is rendered without its watermark"):
        render(photo(), size())


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_its_file_is_read_in_srgb_with_straight_alpha(format_: str) -> None:
    image = Image.new("RGBA", (30, 20), (200, 60, 60, 255))
    ImageDraw.Draw(image).rectangle((0, 0, 9, 19), (0, 0, 0, 0))
    options: dict[str, Any] = {"lossless": True} if format_ == "WEBP" else {}
    data = encoded(image, format_, icc_profile=PROFILES["Display P3"], **options)
    read = read_watermark_image(data)
    assert (read.mode, read.size) == ("RGBA", (30, 20))
    red, green, _, alpha = read.getpixel((20, 10))  # type: ignore[misc]
    assert (red > 205, green < 58, alpha) == (True, True, 255)
    assert read.getpixel((3, 3))[3] == 0  # type: ignore[index]


IDAT = made.chunk(b"IDAT", b"")
CLEAR = Image.new("RGBA", (20, 20), (9, 9, 9, 0))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", r"is no PNG or WebP that can be read \(empty\)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", r"that can be read \(unsupported\)"),
        (LOGO[:60], r"that can be read \(truncated\)"),
        (encoded(made.photo(), "JPEG"), "is a file in JPEG: save it as PNG or WebP"),
        (encoded(CLEAR, "GIF"), "is a file in GIF"),
        (encoded(made.photo(), "PNG"), "has no transparent pixel"),
        (encoded(made.photo().convert("RGBA"), "PNG"), "has no transparent pixel"),
        (encoded(CLEAR, "PNG"), "has no visible pixel"),
        (
            made.png(2000, 1001, IDAT, colour=6),
            "has 2000 x 1001 pixels, together more than 2,000,000",
        ),
        (made.png(60000, 60000, IDAT, colour=6), "has 60000 x 60000 pixels"),
    ],
)
def test_a_file_that_cannot_be_one_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_watermark_image(data)
