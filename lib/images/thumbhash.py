"""Encodes a small image as a ThumbHash: some 25 bytes that a page can show before the image.

The format is Evan Wallace's (https://evanw.github.io/thumbhash): the lowest terms of the discrete
cosine transforms of luminance, of two colour differences, and of alpha, in four bits each.
"""

from collections.abc import Sequence
from math import cos, pi
from operator import mul
from typing import NamedTuple

from PIL import Image

# Terms of luminance along the long edge; alpha needs bytes too, and leaves fewer.
_OPAQUE_TERMS, _TRANSPARENT_TERMS = 7, 5
_COLOUR_TERMS, _ALPHA_TERMS = 3, 5
# Smaller terms are rounding errors of an even area, which differ between processors.
_NOISE = 1e-9


class _Channel(NamedTuple):
    """A channel's terms: the constant one, the others from 0 to 1, and the scale of these."""

    constant: float
    varying: list[float]
    scale: float


def encode(image: Image.Image) -> bytes:
    """Returns the ThumbHash of an image in straight alpha, of at most 100 x 100 pixels."""
    width, height = image.size
    bands = [band.tobytes() for band in image.convert("RGBA").split()]
    alphas = [value / 255 for value in bands[3]]
    total = sum(alphas)
    # On the average colour, so that transparent parts add no edges.
    red, green, blue = (_flatten(band, alphas, total) for band in bands[:3])
    luminance = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow_blue = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    red_green = [r - g for r, g in zip(red, green, strict=True)]

    transparent = total < width * height
    limit = _TRANSPARENT_TERMS if transparent else _OPAQUE_TERMS
    across, down = (max(1, _round(limit * edge / max(width, height))) for edge in image.size)
    size = (width, height)
    l_ = _transform(luminance, size, max(3, across), max(3, down))
    p = _transform(yellow_blue, size, _COLOUR_TERMS, _COLOUR_TERMS)
    q = _transform(red_green, size, _COLOUR_TERMS, _COLOUR_TERMS)
    a = _transform(alphas, size, _ALPHA_TERMS, _ALPHA_TERMS) if transparent else None

    landscape = width > height
    header = (
        _round(63 * l_.constant)
        | _round(31.5 + 31.5 * p.constant) << 6
        | _round(31.5 + 31.5 * q.constant) << 12
        | _round(31 * l_.scale) << 18
        | transparent << 23
        | (down if landscape else across) << 24
        | _round(63 * p.scale) << 27
        | _round(63 * q.scale) << 33
        | landscape << 39
    ).to_bytes(5, "little")
    if a:
        header += bytes([_round(15 * a.constant) | _round(15 * a.scale) << 4])
    nibbles = [_round(15 * term) for each in (l_, p, q, a) if each for term in each.varying]
    nibbles += [0] * (len(nibbles) % 2)
    pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
    return header + bytes(low | high << 4 for low, high in pairs)


def _flatten(band: bytes, alphas: Sequence[float], total: float) -> list[float]:
    """Composes a band, from 0 to 1, on its average."""
    average = sum(map(mul, band, alphas)) / 255 / (total or 1)
    return [
        average * (1 - alpha) + alpha / 255 * value
        for value, alpha in zip(band, alphas, strict=True)
    ]


def _transform(channel: Sequence[float], size: tuple[int, int], across: int, down: int) -> _Channel:
    """Transforms a channel, by rows and then by columns; keeps the terms of low frequencies."""
    width, height = size
    rows = [channel[start : start + width] for start in range(0, width * height, width)]
    # For each frequency, one value a row.
    by_row = [[sum(map(mul, row, wave)) for row in rows] for wave in _waves(width, across)]
    terms = [
        sum(map(mul, by_row[x], wave)) / (width * height)
        for y, wave in enumerate(_waves(height, down))
        for x in range(across)
        if x * down < across * (down - y)
    ]
    constant, *varying = terms
    scale = max(map(abs, varying))
    if scale < _NOISE:
        return _Channel(constant, [0.0] * len(varying), 0.0)
    return _Channel(constant, [0.5 + 0.5 / scale * term for term in varying], scale)


def _waves(length: int, number: int) -> list[list[float]]:
    """Returns the cosine waves of the lowest frequencies."""
    return [
        [cos(pi / length * frequency * (at + 0.5)) for at in range(length)]
        for frequency in range(number)
    ]


def _round(value: float) -> int:
    """Rounds halves up, as JavaScript does."""
    return int(value + 0.5)
