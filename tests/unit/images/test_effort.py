"""A photo's time is bounded for all its formats together, and an encoder may need a second try."""

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import effort, render_all
from lib.images.encode import encode, encode_frames
from lib.images.formats import read_header
from tests.unit.images import made


def grain(edge: int) -> Image.Image:
    """Black and white samples at random, which no encoder can make small."""
    tile = made.noise(128, 128).point(lambda value: 255 * (value > 127))
    page = Image.new("RGB", (edge, edge))
    for x in range(0, edge, 128):
        for y in range(0, edge, 128):
            page.paste(tile, (x, y))
    return page


def box(edge: int, *formats: str, **options: object) -> dict[str, object]:
    base, *others = formats
    return {"width": edge, "height": edge, "format": base, "formats": others, **options}


@pytest.fixture
def _small_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sixteenth of a second, for what has a sixteenth of the pixels that count as few."""
    monkeypatch.setattr(effort, "MAX_SECONDS", 1 / 16)
    monkeypatch.setattr(effort, "FEW_PIXELS", effort.FEW_PIXELS // 16)


@pytest.mark.usefixtures("_small_scale")
def test_formats_that_take_too_long_together_are_refused() -> None:
    data = made.encoded(grain(512), "PNG", compress_level=1)
    with pytest.raises(PermanentError, match="as avif, webp, jpeg; the limit") as caught:
        render_all(data, made.size(**box(512, "avif", "webp", "jpeg")))
    assert caught.value.reason is Reason.TOO_MANY_PIXELS

    assert len(render_all(data, made.size(**box(512, "webp", "jpeg")))) == 2


@pytest.mark.usefixtures("_small_scale")
def test_what_is_easily_encoded_may_have_all_formats() -> None:
    data = made.encoded(Image.new("RGB", (512, 512), "teal"), "PNG")
    assert len(render_all(data, made.size(**box(512, "avif", "webp", "jpeg")))) == 3


@pytest.mark.usefixtures("_small_scale")
def test_an_alpha_takes_as_long_as_a_picture() -> None:
    image = grain(512)
    image.putalpha(image.getchannel("R"))
    data = made.encoded(image, "PNG", compress_level=1)
    with pytest.raises(PermanentError, match="as webp, png; the limit"):
        render_all(data, made.size(**box(512, "webp", "png")))


def test_a_large_picture_in_all_formats_is_refused_before_it_is_encoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = made.encoded(grain(4352), "JPEG", quality=50)
    monkeypatch.setattr("lib.images.renderer.encode", lambda *_: pytest.fail("encoded"))
    with pytest.raises(PermanentError, match="the limit is 9") as caught:
        render_all(data, made.size(**box(4352, "avif", "webp", "jpeg", "png", memory=3008)))
    assert caught.value.reason is Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("quality", [91, 92, 93, 94])
def test_noise_that_a_progressive_jpeg_has_no_room_for(quality: int) -> None:
    image = grain(512)
    data = encode(image, "jpeg", made.size(format="jpeg", quality=quality))
    assert made.decoded(data).size == image.size


def test_noise_that_webp_gives_up_on_at_first() -> None:
    data = encode(grain(4096), "webp", made.size(format="webp", quality=90))
    header = read_header(data)
    assert (header.width, header.height) == (4096, 4096)


def test_a_movie_that_webp_gives_up_on_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise takes seconds to encode; of options there are some that libwebp refuses at once."""
    monkeypatch.setattr("lib.images.encode._webp", lambda *_: {"method": 9})
    frames = [grain(128), Image.new("RGB", (128, 128))]
    data = encode_frames(frames, [40, 40], 0, "webp", made.size(format="webp", quality=90))
    assert read_header(data).frames == 2


@pytest.mark.parametrize(("target", "width"), [("webp", 16_384), ("gif", 65_536), ("avif", 65_537)])
def test_a_movie_that_an_encoder_cannot_take_is_permanent(target: str, width: int) -> None:
    frames = [Image.new("RGB", (width, 1), shade) for shade in ("red", "blue")]
    with pytest.raises(PermanentError, match=f"gives up on the {width} x 1") as caught:
        encode_frames(frames, [40, 40], 0, target, made.size())
    assert caught.value.reason is Reason.NOT_ENCODED


@pytest.mark.parametrize("lossless", [False, True])
def test_what_an_encoder_cannot_take_at_all_is_permanent(lossless: bool) -> None:
    image = Image.new("RGB", (16_384, 1))  # one more than WebP's longest edge
    with pytest.raises(PermanentError, match="WEBP encoder gives up on the 16384 x 1") as caught:
        encode(image, "webp", made.size(format="webp", lossless=lossless))
    assert caught.value.reason is Reason.NOT_ENCODED
