"""Computes how large photos may be to be rendered at a size, for people who choose its memory."""

from collections.abc import Iterator
from itertools import count, takewhile
from math import sqrt

from lib.errors import PermanentError
from lib.images import geometry, limits
from lib.images.decode import jpeg_scale
from lib.images.formats.jpeg import JpegHeader
from lib.images.header import Codec, Header
from lib.sizes import Size

_MEGAPIXEL = 1_000_000
# The ratio of most cameras' sensors.
_WIDTH, _HEIGHT = 3, 2
PROGRESSIVE_JPEG = "progressive jpeg"
# Bytes a pixel that libjpeg buffers of a progressive JPEG with halved colours, as they are usual.
_COEFFICIENT_BYTES = 3


def find_max_megapixels(size: Size) -> dict[str, int]:
    """Returns the whole megapixels up to which 3:2 photos of each input format are rendered."""
    return {
        name: sum(1 for _ in takewhile(lambda header: _fits(header, size), headers))
        for name, headers in _list_headers()
    }


def _list_headers() -> Iterator[tuple[str, Iterator[Header]]]:
    """Yields, for each input format, headers of photos of 1 MP, 2 MP and so on."""
    yield Codec.JPEG.value, (_make_jpeg(number, 0) for number in count(1))
    yield PROGRESSIVE_JPEG, (_make_jpeg(number, _COEFFICIENT_BYTES) for number in count(1))
    for codec in Codec:
        if codec is not Codec.JPEG:
            yield codec.value, (_make_header(codec, number) for number in count(1))


def _make_header(codec: Codec, megapixels: int) -> Header:
    width, height = _edges(megapixels)
    return Header(codec=codec, width=width, height=height, parts=())


def _make_jpeg(megapixels: int, coefficient_bytes: int) -> Header:
    width, height = _edges(megapixels)
    return JpegHeader(
        codec=Codec.JPEG,
        width=width,
        height=height,
        parts=(),
        components=3,
        coefficients=coefficient_bytes * width * height,
        size_at=0,
    )


def _edges(megapixels: int) -> tuple[int, int]:
    unit = sqrt(megapixels * _MEGAPIXEL / (_WIDTH * _HEIGHT))
    return int(_WIDTH * unit), int(_HEIGHT * unit)


def _fits(header: Header, size: Size) -> bool:
    plan = geometry.fit(size, header.width, header.height)
    scale = jpeg_scale(plan.shrink) if header.codec is Codec.JPEG else 1
    try:
        limits.check(header, size, plan.canvas, scale)
    except PermanentError:
        return False
    return True
