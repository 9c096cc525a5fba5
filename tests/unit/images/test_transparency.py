"""Transparency: kept where the format can, else on the background; no dark fringes."""

import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from tests.unit.images import made

RED = (200, 30, 30, 255)
DISC = made.disc(128, 96, (64, 48), 30, RED)
CORNER, CENTRE = (0, 0), (32, 24)


def palette_with_alpha() -> bytes:
    image = Image.new("P", (128, 96), 0)
    image.putpalette([0, 0, 255, 200, 30, 30])
    image.paste(1, (32, 24, 96, 72))
    return made.encoded(image, "PNG", transparency=bytes((0, 255)))


def keyed(mode: str, key: Any, body: Any) -> bytes:
    image = Image.new(mode, (128, 96), key)
    image.paste(body, (32, 24, 96, 72))
    return made.encoded(image, "PNG", transparency=key)


SOURCES = {
    "RGBA PNG": made.encoded(DISC, "PNG"),
    "LA PNG": made.encoded(DISC.convert("LA"), "PNG"),
    "RGBA WebP": made.encoded(DISC, "WEBP", lossless=True),
    "RGBA TIFF": made.encoded(DISC, "TIFF"),
    "RGBA AVIF": made.encoded(DISC, "AVIF"),
    "P PNG": palette_with_alpha(),
    "P PNG, one colour": keyed("P", 0, 1),
    "RGB PNG, one colour": keyed("RGB", (0, 0, 255), (200, 30, 30)),
    "L PNG, one colour": keyed("L", 10, 90),
    "1 PNG, one colour": keyed("1", 0, 1),
    "GIF": made.encoded(DISC, "GIF"),
    "PA TIFF": made.encoded(DISC.convert("PA"), "TIFF"),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("format_", ["png", "webp", "avif"])
def test_kept_where_the_format_can(name: str, format_: str) -> None:
    image = made.rendered(SOURCES[name], format=format_).convert("RGBA")
    assert image.getpixel(CORNER)[3] <= 2  # type: ignore[index]
    assert image.getpixel(CENTRE)[3] >= 253  # type: ignore[index]


@pytest.mark.parametrize("name", SOURCES)
def test_on_the_background_where_it_cannot(name: str) -> None:
    image = made.rendered(SOURCES[name], format="jpeg", background="#00c000").convert("RGB")
    assert image.getpixel(CORNER) == pytest.approx((0, 192, 0), abs=4)
    assert image.getpixel(CENTRE)[1] < 110 or "1 PNG" in name  # type: ignore[index]


def test_a_gif_stays_transparent() -> None:
    image = made.rendered(SOURCES["GIF"])
    assert image.format == "GIF"
    assert image.convert("RGBA").getpixel(CORNER)[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("depth", "key", "other"), [(2, 1, 2), (4, 5, 9), (8, 77, 78), (16, 500, 60000)]
)
def test_a_see_through_grey_of_any_depth(depth: int, key: int, other: int) -> None:
    per_row = 16 * depth // 8
    row = b"".join(
        (key if x < 8 else other).to_bytes(2, "big") if depth == 16 else b"" for x in range(16)
    )
    if depth < 16:
        bits = 0
        for x in range(16):
            bits = bits << depth | (key if x < 8 else other)
        row = bits.to_bytes(per_row, "big")
    pixels = made.chunk(b"IDAT", zlib.compress((b"\0" + row) * 12))
    data = made.png(
        16, 12, made.chunk(b"tRNS", key.to_bytes(2, "big")), pixels, depth=depth, colour=0
    )
    image = made.rendered(data, width=16, height=12).convert("RGBA")
    assert image.getpixel((2, 5))[3] == 0  # type: ignore[index]
    assert image.getpixel((13, 5))[3] == 255  # type: ignore[index]


KEY = (0x1234, 0x5678, 0x9ABC)
NEAR = [(0x1235, 0x5678, 0x9ABC), (0x1234, 0x5679, 0x9ABC), (0x1234, 0x5678, 0x9ABD)]


def deep_row(samples: int, *colours: tuple[int, ...]) -> bytes:
    """Four pixels of each colour, in 16 bits."""
    pixels = [struct.pack(f">{samples}H", *colour[:samples]) for colour in colours]
    return b"\0" + b"".join(pixel * 4 for pixel in pixels)


@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "samples"), [(0, 1), (2, 3)])
def test_a_see_through_colour_of_16_bits_is_compared_with_16(
    colour: int, samples: int, interlaced: bool, animated: bool
) -> None:
    near = NEAR if samples == 3 else [(0x1235,), (0x1233,), (0x1334,)]
    row = deep_row(samples, KEY, *near)
    if interlaced:
        # All passes of a picture whose columns are read from the same four colours.
        columns = [(0, 8), (4, 8), (0, 4), (2, 4), (0, 2), (1, 2), (0, 1)]
        rows = [(0, 8), (0, 8), (4, 8), (0, 4), (2, 4), (0, 2), (1, 2)]
        step = 2 * samples
        pixels = [row[1 + at : 1 + at + step] for at in range(0, len(row) - 1, step)]
        body = b"".join(
            (b"\0" + b"".join(pixels[first::every])) * len(range(top, 16, down))
            for (first, every), (top, down) in zip(columns, rows, strict=True)
        )
    else:
        body = row * 16
    header = made.chunk(b"IHDR", struct.pack(">LLBBBBB", 16, 16, 16, colour, 0, 0, interlaced))
    key = made.chunk(b"tRNS", struct.pack(f">{samples}H", *KEY[:samples]))
    chunks = [header, key, made.chunk(b"IDAT", zlib.compress(body)), made.chunk(b"IEND", b"")]
    if animated:
        first, second = (
            made.chunk(b"fcTL", struct.pack(">LLLLLHHBB", number, 16, 16, 0, 0, 1, 10, 0, 0))
            for number in (0, 1)
        )
        chunks[2:2] = [made.chunk(b"acTL", struct.pack(">LL", 2, 0)), first]
        more = struct.pack(">L", 2) + zlib.compress(body)
        chunks[-1:-1] = [second, made.chunk(b"fdAT", more)]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    image = made.rendered(data, width=16, height=16, animated=animated).convert("RGBA")
    alphas: Any = [image.getpixel((x, 8))[3] for x in (1, 6, 10, 14)]  # type: ignore[index]
    assert alphas == [0, 255, 255, 255]


def test_no_dark_fringes() -> None:
    """Colours at a soft edge are the disc's own, not mixed with the black of what is hidden."""
    white = made.disc(600, 450, (300, 225), 150, (255, 255, 255, 255))
    for data in (made.encoded(white, "PNG"), made.encoded(white.convert("LA"), "PNG")):
        image = made.rendered(data).convert("RGBA")
        pixels: Any = image.get_flattened_data()
        edge = [pixel for pixel in pixels if 20 < pixel[3] < 235]
        assert edge
        assert min(pixel[0] for pixel in edge) > 245


def test_an_alpha_that_hides_nothing_is_dropped() -> None:
    opaque = made.photo().convert("RGBA")
    assert made.rendered(made.encoded(opaque, "PNG")).mode == "RGB"
    assert made.rendered(made.encoded(opaque, "TIFF")).format == "JPEG"


def test_padding_is_the_background_and_the_photo_keeps_its_alpha() -> None:
    image = made.rendered(made.encoded(DISC, "PNG"), width=100, fit="contain", background="#0000ff")
    assert image.size == (100, 48)
    assert image.getpixel((2, 2)) == (0, 0, 255, 255)
    assert image.getpixel((50, 1))[3] == 0  # type: ignore[index]
