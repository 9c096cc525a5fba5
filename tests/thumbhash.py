"""Decodes ThumbHashes, as the reference does in a browser."""

from math import cos, pi
from typing import NamedTuple

from PIL import Image

EDGE = 32
# Makes up for the quantization of saturation.
BOOST = 1.25


class Header(NamedTuple):
    """The constants at the beginning of a hash."""

    constants: tuple[float, float, float, float]
    scales: tuple[float, float, float, float]
    terms: tuple[int, int]
    transparent: bool
    ratio: float


def read_header(data: bytes) -> Header:
    bits = int.from_bytes(data[:5], "little")
    transparent, landscape = bool(bits >> 23 & 1), bool(bits >> 39)
    long, short = 5 if transparent else 7, bits >> 24 & 7
    across, down = (long, short) if landscape else (short, long)
    alpha = data[5] if transparent else 15
    return Header(
        (
            (bits & 63) / 63,
            (bits >> 6 & 63) / 31.5 - 1,
            (bits >> 12 & 63) / 31.5 - 1,
            (alpha & 15) / 15,
        ),
        (
            (bits >> 18 & 31) / 31,
            (bits >> 27 & 63) / 63 * BOOST,
            (bits >> 33 & 63) / 63 * BOOST,
            (alpha >> 4) / 15,
        ),
        (max(3, across), max(3, down)),
        transparent,
        across / down,
    )


def decode(data: bytes) -> Image.Image:
    """The image that a page shows: 32 pixels along its longer edge."""
    header = read_header(data)
    body = data[6 if header.transparent else 5 :]
    nibbles = iter([nibble for byte in body for nibble in (byte & 15, byte >> 4)])
    grids = [header.terms, (3, 3), (3, 3), *([(5, 5)] if header.transparent else [])]
    channels = []
    for (across, down), scale in zip(grids, header.scales, strict=False):
        waves = [
            (x, y)
            for y in range(down)
            for x in range(across)
            if (x or y) and x * down < across * (down - y)
        ]
        channels.append([(*wave, (next(nibbles) / 7.5 - 1) * scale) for wave in waves])
    width = int((EDGE if header.ratio > 1 else EDGE * header.ratio) + 0.5)
    height = int((EDGE / header.ratio if header.ratio > 1 else EDGE) + 0.5)
    image = Image.new("RGBA", (width, height))
    for y in range(height):
        for x in range(width):
            values = list(header.constants)
            for at, terms in enumerate(channels):
                for across, down, term in terms:
                    wave = cos(pi / width * (x + 0.5) * across)
                    values[at] += 2 * term * wave * cos(pi / height * (y + 0.5) * down)
            l_, p, q, a = values
            blue = l_ - 2 / 3 * p
            red = (3 * l_ - blue + q) / 2
            pixel = [int(max(0.0, 255 * min(1.0, each))) for each in (red, red - q, blue, a)]
            image.putpixel((x, y), (pixel[0], pixel[1], pixel[2], pixel[3]))
    return image
