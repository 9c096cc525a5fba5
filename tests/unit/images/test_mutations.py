"""Whatever happens to a file on its way: a picture, or a PermanentError; never anything else."""

import contextlib
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lib.errors import PermanentError
from lib.images import render_all
from tests.unit.images import made
from tests.unit.images.test_tiff_work import DEFLATE, JPEG, striped, tiled

SMALL = Image.blend(made.photo(24, 18), made.noise(24, 18), 0.3)
MOVING = {"save_all": True, "append_images": [made.photo(24, 18)], "duration": 50}
SOURCES = {
    "jpeg": made.encoded(SMALL, "JPEG", exif=made.exif(6), comment=b"x"),
    "progressive jpeg": made.encoded(SMALL, "JPEG", progressive=True),
    "cmyk jpeg": made.encoded(SMALL.convert("CMYK"), "JPEG"),
    "mpo": made.encoded(SMALL, "MPO", save_all=True, append_images=[SMALL]),
    "png": made.encoded(SMALL.convert("RGBA"), "PNG", exif=made.exif(3)),
    "palette png": made.encoded(SMALL.convert("P"), "PNG", transparency=3),
    "apng": made.encoded(SMALL, "PNG", **MOVING),
    "gif": made.encoded(SMALL, "GIF", **MOVING),
    "webp": made.encoded(SMALL, "WEBP", exif=made.exif(3)),
    "moving webp": made.encoded(SMALL, "WEBP", **MOVING),
    "lossless webp": made.encoded(SMALL, "WEBP", lossless=True),
    "tiff": made.encoded(SMALL, "TIFF"),
    "deflated tiff": made.encoded(SMALL, "TIFF", compression="tiff_adobe_deflate"),
    "jpeg tiff": made.encoded(SMALL, "TIFF", compression="jpeg"),
    "tiled tiff": tiled((24, 18), (16, 16), zlib.compress(bytes(256)), DEFLATE),
    "tiled big tiff": tiled((24, 18), (16, 16), zlib.compress(bytes(256)), DEFLATE, big=True),
    "tiff of JPEG strips": striped(
        (24, 18), 16, made.encoded(Image.new("L", (24, 16)), "JPEG"), JPEG
    ),
    "bmp": made.encoded(SMALL, "BMP"),
    "palette bmp": made.encoded(SMALL.convert("P"), "BMP"),
    "avif": made.encoded(SMALL, "AVIF", exif=made.exif(6)),
    "transparent avif": made.encoded(made.disc(24, 18, (9, 9), 7, "teal"), "AVIF"),
    "moving avif": made.encoded(SMALL, "AVIF", **MOVING),
    "heic": made.heic(SMALL, exif=made.exif(6)),
}
SIZES = [made.size(width=10, height=8), made.size(width=10, height=8, animated=True)]
EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(["flip", "cut", "drop", "double", "fill"])),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, edits: list[tuple[int, str]], byte: int) -> bytes:
    for place, kind in edits:
        # Headers are where decoders trip: half of all edits hit the first 200 bytes.
        at = place % max(1, len(data) if place % 2 else min(200, len(data)))
        if kind == "flip":
            data = data[:at] + bytes([byte]) + data[at + 1 :]
        elif kind == "cut":
            data = data[: max(1, at)]
        elif kind == "drop":
            data = data[:at] + data[at + 1 + byte % 8 :]
        elif kind == "double":
            data = data[:at] + data[at : at + 16] + data[at:]
        else:
            data = data[:at] + bytes([byte]) * 4 + data[at + 4 :]
    return data


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS, byte=st.integers(0, 255))
def test_only_permanent_errors(name: str, edits: list[tuple[int, str]], byte: int) -> None:
    data = mutated(SOURCES[name], edits, byte)
    for size in SIZES:
        with contextlib.suppress(PermanentError):
            for rendition in render_all(data, size):
                assert rendition.data


@settings(max_examples=200, deadline=None)
@given(
    magic=st.sampled_from([data[:16] for data in SOURCES.values()]), rest=st.binary(max_size=300)
)
def test_a_magic_number_and_rubbish(magic: bytes, rest: bytes) -> None:
    with contextlib.suppress(PermanentError):
        render_all(magic + rest, SIZES[0])
