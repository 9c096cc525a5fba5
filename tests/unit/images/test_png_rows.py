"""A PNG's rows, decoded as they are needed, beside Pillow's decoder."""

import io
import struct
import zlib

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import decode, kernel, render
from lib.images.formats import read_header
from lib.images.png_rows import PngRows, open_rows
from lib.images.resample import resample
from tests.unit.images import made

MODES = ("L", "LA", "RGB", "RGBA", "P")


def picture(mode: str, size: tuple[int, int] = (37, 29)) -> Image.Image:
    image = made.photo(*size)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.linear_gradient("L").resize(size))
    return image.quantize(40) if mode == "P" else image.convert(mode)


def rows_of(png: bytes) -> PngRows:
    header = read_header(png)
    rows = open_rows(decode.open_image(header), header)
    assert rows
    return rows


@pytest.mark.parametrize("mode", MODES)
def test_rows_are_the_pixels_that_pillow_decodes(mode: str) -> None:
    png = made.encoded(picture(mode), "PNG")
    rows = rows_of(png)
    whole = Image.open(io.BytesIO(png))
    bands = [rows.crop((3, top, 30, min(top + 8, 29))) for top in range(2, 29, 8)]
    for top, band in zip(range(2, 29, 8), bands, strict=True):
        expected = whole.crop((3, top, 30, min(top + 8, 29)))
        assert band.convert("RGBA").tobytes() == expected.convert("RGBA").tobytes()


def test_a_transparent_palette_stays_transparent() -> None:
    image = picture("P")
    transparency = bytes((0, 128)) + bytes([255]) * 38
    png = made.encoded(image, "PNG", transparency=transparency)
    band = rows_of(png).crop((0, 0, 37, 29))
    assert band.convert("RGBA").tobytes() == Image.open(io.BytesIO(png)).convert("RGBA").tobytes()
    assert band.convert("RGBA").getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("box", [(0, 0, 1500, 1100), (300.5, 410.25, 1444, 1099)])
def test_rows_are_resized_as_the_whole_picture_is(
    mode: str, box: tuple[float, float, float, float]
) -> None:
    png = made.encoded(picture(mode, (1500, 1100)), "PNG")
    whole = Image.open(io.BytesIO(png))
    for size in ((90, 70), (700, 600), (1300, 900), (1700, 1200)):
        by_rows = resample(rows_of(png), box, size)
        assert by_rows.tobytes() == resample(whole, box, size).tobytes()


@pytest.mark.parametrize("width", [200, 1600])
def test_a_large_png_is_never_whole_in_memory(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    png = made.encoded(picture("RGB", (3000, 2000)), "PNG")
    pixels = made.count_decoded_rows(monkeypatch)
    render(png, made.size(width=width, height=width // 2))
    assert sum(pixels) >= 3000 * 1500
    assert max(pixels) <= 1_100_000


def chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(name + data)
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", crc)


def png_of(pixels: bytes, *, depth: int = 8, interlaced: int = 0) -> bytes:
    """A grey PNG of 8 x 8 pixels with these compressed data."""
    head = struct.pack(">LLBBBBB", 8, 8, depth, 0, 0, 0, interlaced)
    chunks = chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


GOOD = bytes([0, *range(8)]) * 8


@pytest.mark.parametrize(
    "pixels",
    [
        zlib.compress(GOOD[:-1]),
        zlib.compress(GOOD)[:-12],
        b"",
        b"no deflate",
        zlib.compress(bytes([9, *range(8)]) * 8),
    ],
    ids=["short", "cut", "empty", "other", "filter"],
)
def test_broken_pixels_are_a_permanent_error(pixels: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        render(png_of(pixels), made.size())
    assert caught.value.reason is Reason.CORRUPT


def test_pixels_beyond_the_last_row_are_ignored() -> None:
    assert render(png_of(zlib.compress(GOOD + GOOD)), made.size()).width == 8


@pytest.mark.parametrize(("depth", "interlaced"), [(16, 0), (4, 0), (8, 1)])
def test_rare_layouts_are_left_to_pillow(depth: int, interlaced: int) -> None:
    header = read_header(png_of(zlib.compress(GOOD), depth=depth, interlaced=interlaced))
    assert open_rows(decode.open_image(header), header) is None


def test_without_the_kernel_pillow_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "is_available", lambda: False)
    header = read_header(png_of(zlib.compress(GOOD)))
    assert open_rows(decode.open_image(header), header) is None
