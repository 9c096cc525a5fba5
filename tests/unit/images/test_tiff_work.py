"""The work of decoding a TIFF depends on its tiles and strips, not on its size in pixels."""

import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import render
from lib.images.decode import open_image
from lib.images.formats.tiff import read
from tests.unit.images import made

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS = 273, 277, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
X_RESOLUTION, XMP, EXIF = 282, 700, 34665
DEFLATE, JPEG, PACK_BITS = 8, 7, 32773
LONG, SIGNED, LONG8 = 4, 9, 16
CODES = {LONG: "L", SIGNED: "l", LONG8: "Q"}
DATA_AT = 16


def tiff(fields: dict[int, list[int]], data: bytes, *, big: bool = False, signed: int = 0) -> bytes:
    """A TIFF of any fields, its data at byte 16; all numbers are unsigned but those of one tag."""
    word, inline = ("Q", 8) if big else ("L", 4)
    body = bytes(DATA_AT) + data
    entries = b""
    for tag, values in sorted(fields.items()):
        kind = SIGNED if tag == signed else LONG8 if big else LONG
        packed = struct.pack(f"<{len(values)}{CODES[kind]}", *values)
        if len(packed) > inline:
            body += packed
            packed = struct.pack("<" + word, len(body) - len(packed))
        entries += struct.pack("<HH" + word, tag, kind, len(values)) + packed.ljust(inline, b"\0")
    counter = struct.pack("<Q" if big else "<H", len(fields))
    version = struct.pack("<2sHHHQ", b"II", 43, 8, 0, len(body))
    head = version if big else struct.pack("<2sHLQ", b"II", 42, len(body), 0)
    return head + body[DATA_AT:] + counter + entries + struct.pack("<" + word, 0)


def grey(width: int, height: int, compression: int) -> dict[int, list[int]]:
    basics = {WIDTH: width, HEIGHT: height, BITS: 8, COMPRESSION: compression, PHOTOMETRIC: 1}
    return {tag: [value] for tag, value in basics.items()}


def tiled(
    size: tuple[int, int], tile: tuple[int, int], data: bytes, compression: int, **options: Any
) -> bytes:
    """All tiles at the same place."""
    number = -(-size[0] // tile[0]) * -(-size[1] // tile[1])
    fields = grey(*size, compression) | {TILE_WIDTH: [tile[0]], TILE_HEIGHT: [tile[1]]}
    fields |= {TILE_OFFSETS: [DATA_AT] * number, TILE_COUNTS: [len(data)] * number}
    return tiff(fields, data, **options)


def striped(
    size: tuple[int, int], rows: int, data: bytes, compression: int, **options: Any
) -> bytes:
    """All strips at the same place."""
    number = -(-size[1] // rows)
    fields = grey(*size, compression) | {ROWS_PER_STRIP: [rows]}
    fields |= {STRIP_OFFSETS: [DATA_AT] * number, STRIP_COUNTS: [len(data)] * number}
    return tiff(fields, data, **options)


def refusal(data: bytes) -> PermanentError:
    with made.costing_at_most(6), pytest.raises(PermanentError) as caught:
        render(data, made.size())
    return caught.value


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("size", "tile"),
    [((64, 64), (32_768, 32_768)), ((1, 32_768), (16_384, 16)), ((32_768, 1), (16, 65_536))],
)
def test_pixels_of_tiles_beside_the_picture_count(
    size: tuple[int, int], tile: tuple[int, int], big: bool
) -> None:
    error = refusal(tiled(size, tile, zlib.compress(bytes(1000)), DEFLATE, big=big))
    assert error.reason is Reason.TOO_MANY_PIXELS
    assert f"{size[0]} x {size[1]} pixels, for which tiles of " in str(error)


@pytest.mark.parametrize("big", [False, True])
def test_tiles_of_jpeg_count_with_all_their_pixels(big: bool) -> None:
    data = made.encoded(Image.new("L", (64, 64)), "JPEG")
    error = refusal(tiled((64, 64), (8192, 4096), data, JPEG, big=big))
    assert error.reason is Reason.TOO_MANY_PIXELS


def test_a_last_strip_of_jpeg_counts_with_all_its_rows() -> None:
    data = made.encoded(Image.new("L", (800, 60_000)), "JPEG", progressive=True)
    error = refusal(striped((800, 16), 16, data, JPEG))
    assert error.reason is Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("maker", [tiled, striped])
def test_bytes_that_are_shared_count_as_often_as_they_are_read(
    maker: Callable[..., bytes], big: bool
) -> None:
    nothing = b"\x80" * 500_000  # "no operation", in PackBits
    place: Any = (64, 16) if maker is tiled else 16
    error = refusal(maker((64, 16 * 1000), place, nothing, PACK_BITS, big=big))
    assert error.reason is Reason.TOO_MANY_BYTES
    assert "500,000,000" in str(error)


@pytest.mark.parametrize("tag", [COMPRESSION, TILE_WIDTH, TILE_HEIGHT, TILE_COUNTS])
def test_what_only_a_decoder_could_read_is_refused(tag: int) -> None:
    data = tiled((64, 64), (64, 64), zlib.compress(bytes(64 * 64)), DEFLATE, signed=tag)
    error = refusal(data)
    assert error.reason is Reason.CORRUPT
    assert str(tag) in str(error)


@pytest.mark.parametrize("big", [False, True])
def test_tiles_that_share_a_place_and_stick_out_are_rendered(big: bool) -> None:
    data = tiled((100, 70), (64, 64), zlib.compress(bytes([200] * 64 * 64)), DEFLATE, big=big)
    assert made.decoded(render(data, made.size())).getextrema() == (200, 200)


def test_a_last_strip_of_jpeg_may_be_padded() -> None:
    data = made.encoded(Image.new("L", (64, 32), 200), "JPEG")
    striped_ = striped((64, 48), 32, data, JPEG)
    assert made.decoded(render(striped_, made.size())).getextrema() == (200, 200)


@pytest.mark.parametrize("offset", [2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
def test_offsets_beyond_any_file_are_truncated(offset: int) -> None:
    pixels = striped((64, 64), 64, bytes(64 * 64), 1, big=True)
    (directory,) = struct.unpack_from("<Q", pixels, 8)
    assert refusal(pixels[:8] + struct.pack("<Q", offset) + pixels[16:]).reason is Reason.TRUNCATED

    at = pixels.index(struct.pack("<HHQQ", STRIP_OFFSETS, LONG8, 1, DATA_AT), directory) + 12
    moved = pixels[:at] + struct.pack("<Q", offset) + pixels[at + 8 :]
    assert refusal(moved).reason is Reason.TRUNCATED


@pytest.mark.parametrize("offset", [2**31, 2**32 - 1])
def test_a_classic_offset_beyond_the_file_is_truncated(offset: int) -> None:
    data = striped((64, 64), 64, bytes(64 * 64), 1)
    assert refusal(data[:4] + struct.pack("<L", offset) + data[8:]).reason is Reason.TRUNCATED


@pytest.mark.parametrize("values", [2**31, 2**63, 2**64 - 1])
def test_more_values_than_any_file_has_are_refused(values: int) -> None:
    data = striped((64, 64), 64, bytes(64 * 64), 1, big=True)
    at = data.index(struct.pack("<HHQ", STRIP_COUNTS, LONG8, 1)) + 4
    error = refusal(data[:at] + struct.pack("<Q", values) + data[at + 8 :])
    assert error.reason is Reason.METADATA_BOMB


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("tag", [X_RESOLUTION, XMP, EXIF])
def test_no_decoder_sees_values_that_make_no_pixels(tag: int, big: bool) -> None:
    """Pillow would make an object of each."""
    fields = grey(64, 64, 1) | {STRIP_OFFSETS: [DATA_AT], STRIP_COUNTS: [64 * 64]}
    data = tiff(fields | {tag: [1] * 1000}, bytes([200] * 64 * 64), big=big)
    opened: Any = open_image(read(data))
    assert tag not in set(opened.tag_v2)
    assert made.decoded(render(data, made.size())).getextrema() == (200, 200)
