"""WebP stills, decoded by libwebp into Pillow's memory, beside Pillow's decoder."""

import contextlib
import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, _imaging
from PIL.WebPImagePlugin import WebPImageFile

from lib.errors import PermanentError, Reason
from lib.images import render, webp_decoder
from lib.images.formats.webp import ALPHA_FLAG
from tests.unit.images import made
from tests.unit.images.test_mutations import EDITS, mutated

SMALL = Image.blend(made.photo(41, 31), made.noise(41, 31), 0.3)
CLEAR = SMALL.convert("RGBA")
CLEAR.putalpha(Image.linear_gradient("L").resize(SMALL.size))
EXIF = {"exif": made.exif(6)}
STILLS = {
    "lossy": made.encoded(SMALL, "WEBP"),
    "lossy with EXIF": made.encoded(SMALL, "WEBP", **EXIF),
    "lossless": made.encoded(SMALL, "WEBP", lossless=True),
    "lossless with EXIF": made.encoded(SMALL, "WEBP", lossless=True, **EXIF),
    "transparent": made.encoded(CLEAR, "WEBP"),
    "transparent and lossless": made.encoded(CLEAR, "WEBP", lossless=True),
    "transparent, lossless, with EXIF": made.encoded(CLEAR, "WEBP", lossless=True, **EXIF),
}
MOVING = made.encoded(SMALL, "WEBP", save_all=True, append_images=[SMALL.rotate(9)])


def opened(data: bytes) -> WebPImageFile:
    return WebPImageFile(io.BytesIO(data))


def decoded(data: bytes, shrink: float = 1.0) -> tuple[Image.Image, int] | None:
    return webp_decoder.decode(opened(data), data, shrink)


def by_pillow(data: bytes) -> Image.Image:
    image = opened(data)
    image.load()
    return image


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sL", name, len(content)) + content + bytes(len(content) % 2)


def riff(*chunks: bytes) -> bytes:
    content = b"WEBP" + b"".join(chunks)
    return struct.pack("<4sL", b"RIFF", len(content)) + content


def extended(flags: int, *chunks: bytes) -> bytes:
    edges = (SMALL.width - 1).to_bytes(3, "little") + (SMALL.height - 1).to_bytes(3, "little")
    return riff(chunk(b"VP8X", bytes((flags, 0, 0, 0)) + edges), *chunks)


def content_of(data: bytes, name: bytes) -> bytes:
    at = data.index(name) + 8
    (length,) = struct.unpack_from("<L", data, at - 4)
    return data[at : at + length]


@pytest.mark.parametrize("name", STILLS)
def test_pixels_are_those_that_pillow_decodes(name: str) -> None:
    found, expected = decoded(STILLS[name]), by_pillow(STILLS[name])
    assert found
    image, scale = found
    assert (image.mode, scale) == (expected.mode, 1)
    assert image.tobytes() == expected.tobytes()


@pytest.mark.parametrize("edges", [(1, 1), (1, 300), (301, 1), (200, 150), (203, 157)])
@pytest.mark.parametrize(
    ("shrink", "scale"), [(3.99, 1), (4, 2), (7.9, 2), (8, 4), (13, 6), (500, 250), (1e4, 254)]
)
def test_a_lossy_picture_is_averaged_to_at_least_twice_its_variant(
    edges: tuple[int, int], shrink: float, scale: int
) -> None:
    data = made.encoded(made.photo(*edges), "WEBP", quality=100)
    found = decoded(data, shrink)
    assert found
    image, divisor = found
    assert divisor == scale
    assert made.difference(image, by_pillow(data).reduce(divisor)) < 1.5


@pytest.mark.parametrize("name", [name for name in STILLS if not name.startswith("lossy")])
def test_alpha_and_what_is_lossless_are_not_averaged_in_yuv(name: str) -> None:
    found = decoded(STILLS[name], 8)
    assert found
    assert found[1] == 1


@pytest.mark.parametrize(
    "colour", ["black", "white", "#808080", "red", "lime", "blue", "cyan", "magenta", "yellow"]
)
def test_colours_stay_as_they_are(colour: str) -> None:
    image = Image.new("RGB", (64, 48), colour)
    found = decoded(made.encoded(image, "WEBP"), 4)
    assert found
    # 8 bits of YUV have every third colour.
    assert made.difference(found[0], image.reduce(2)) <= 2


def test_a_turned_photo_is_averaged_and_turned() -> None:
    photo = made.photo(400, 300)
    turned = photo.transpose(Image.Transpose.ROTATE_90)
    sources = (
        made.encoded(photo, "WEBP", quality=95),
        made.encoded(turned, "WEBP", quality=95, exif=made.exif(6)),
    )
    images = [made.rendered(each, width=40, height=30, format="png") for each in sources]
    assert made.difference(*images) < 1


@pytest.mark.parametrize("shape", [{"fit": "contain"}, {"position": "attention"}, {"fit": "fill"}])
def test_a_variant_is_the_same_with_pillows_decoder(
    shape: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = made.encoded(Image.blend(made.photo(512, 384), made.noise(512, 384), 0.1), "WEBP")
    ours = made.rendered(data, format="png", **shape)
    monkeypatch.setattr(webp_decoder, "_library", lambda: None)
    assert made.difference(ours, made.rendered(data, format="png", **shape)) < 1


def test_a_pillow_whose_libwebp_cannot_be_called_decodes_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = webp_decoder._library
    monkeypatch.setattr(webp_decoder, "_library", before.__wrapped__)
    monkeypatch.setattr(webp_decoder, "import_module", lambda _: _imaging)
    assert decoded(STILLS["lossy"]) is None
    assert made.rendered(STILLS["lossy"]).size == (41, 31)


def test_an_animation_is_pillows() -> None:
    assert decoded(MOVING) is None
    single = content_of(MOVING, b"ANMF")
    one = extended(2, chunk(b"ANIM", bytes(6)), chunk(b"ANMF", single))
    assert opened(one).n_frames == 1
    assert decoded(one) is None


def test_alpha_that_the_files_flags_deny_is_pillows() -> None:
    alpha, picture = (content_of(STILLS["transparent"], name) for name in (b"ALPH", b"VP8 "))
    chunks = chunk(b"ALPH", alpha), chunk(b"VP8 ", picture)
    assert decoded(extended(0, *chunks)) is None
    found = decoded(extended(ALPHA_FLAG, *chunks))
    assert found
    assert found[0].tobytes() == by_pillow(STILLS["transparent"]).tobytes()


def test_a_picture_of_another_size_than_its_file_says_is_pillows() -> None:
    other = made.encoded(made.photo(99, 31), "WEBP")
    assert webp_decoder.decode(opened(STILLS["lossy"]), other, 1.0) is None
    assert webp_decoder.decode(opened(STILLS["lossy"]), other, 8.0) is None


def test_missing_data_are_not_read_from_the_metadata_behind_them() -> None:
    picture = content_of(STILLS["lossy"], b"VP8 ")
    cut = extended(8, chunk(b"VP8 ", picture[: len(picture) * 2 // 3]), chunk(b"EXIF", bytes(9999)))
    for shrink in (1.0, 8.0):
        assert decoded(cut, shrink) is None
    with pytest.raises(PermanentError) as caught:
        render(cut, made.size(width=5, height=4))
    assert caught.value.reason is Reason.CORRUPT


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(sorted(STILLS)),
    edits=EDITS,
    byte=st.integers(0, 255),
    shrink=st.sampled_from([4.0, 9.0, 1e4]),
)
def test_of_broken_files_all_is_decoded_that_pillow_decodes(
    name: str, edits: list[tuple[int, str]], byte: int, shrink: float
) -> None:
    data = mutated(STILLS[name], edits, byte)
    try:
        image = opened(data)
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return
    if image.width * image.height > 1_000_000:
        return
    found, averaged = (webp_decoder.decode(image, data, each) for each in (1.0, shrink))
    expected = None
    with contextlib.suppress(OSError, EOFError):
        image.load()
        expected = image.tobytes()
    assert (found is None) == (averaged is None)
    if found:
        assert found[0].tobytes() == expected
