"""Reading a header costs as much as a header has, however much else a file holds."""

import struct
import zlib
from collections.abc import Callable

import pytest

from lib.errors import PermanentError, Reason
from lib.images import render
from tests.unit.images import made

# As many bytes as a large camera file has. Looked at one by one they take 5 to 14 seconds.
MUCH = 52_000_000
# In photos of a megapixel.
GENEROUS = 30


def jpeg_with(filling: bytes) -> bytes:
    data = made.encoded(made.photo(), "JPEG")
    return made.with_segments(data, made.segment(0xFE, b"before") + filling)


def jpeg_between_scans(filling: bytes) -> bytes:
    data = made.encoded(made.photo(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + filling + data[at:]


def gif_with(filling: bytes) -> bytes:
    data = made.encoded(made.photo(), "GIF")
    # Behind the header and its palette of 256 colours.
    return data[: 13 + 768] + filling + data[13 + 768 :]


def gif_of_pixels_in(filling: bytes) -> bytes:
    frame = struct.pack("<BHHHHBB", 0x2C, 0, 0, 8, 8, 0, 2)
    return b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + frame + filling + b"\0;"


def png_with(filling: bytes) -> bytes:
    return made.with_chunks(made.encoded(made.photo(), "PNG"), filling)


def webp_with(filling: bytes) -> bytes:
    body = made.encoded(made.photo(), "WEBP")[8:] + filling
    return b"RIFF" + struct.pack("<L", len(body)) + body


def boxes_with(data: bytes, filling: bytes) -> bytes:
    """An AVIF or HEIC with more in its meta box."""
    start = data.index(b"meta") - 4
    (length,) = struct.unpack_from(">L", data, start)
    more = struct.pack(">L", len(filling) + 8) + b"free" + filling
    meta = struct.pack(">L", length + len(more)) + data[start + 4 : start + length] + more
    return data[:start] + meta + data[start + length :]


def avif_with(filling: bytes) -> bytes:
    return boxes_with(made.encoded(made.photo(), "AVIF"), filling)


def movie_before(filling: bytes) -> bytes:
    more = struct.pack(">L", len(filling) + 8) + b"free" + filling
    still = made.photo()
    return made.encoded(still, "AVIF", save_all=True, append_images=[still]) + more


def heic_with(filling: bytes) -> bytes:
    return boxes_with(made.heic(made.photo()), filling)


@pytest.mark.parametrize(
    ("maker", "unit"),
    [
        (jpeg_with, b"\xff"),
        (jpeg_with, b"\0"),
        (jpeg_with, b"\xff\0"),
        (jpeg_with, b"\xff\x01"),
        (jpeg_with, b"\xff\xd3"),
        (jpeg_with, b"\xff\xfe\0\2"),
        (jpeg_between_scans, b"\xff"),
        (jpeg_between_scans, b"\0"),
        (jpeg_between_scans, b"\xff\0"),
        (jpeg_between_scans, b"\xff\x01"),
        (jpeg_between_scans, b"\xff\xfe\0\2"),
        (gif_with, b"\0"),
        (gif_with, b"!\xfe\0"),
        (gif_with, b"!\xfe\1.\0"),
        (gif_of_pixels_in, b"\1."),
        (png_with, made.chunk(b"teSt", b"")),
        (png_with, made.chunk(b"IDAT", b"")),
        (png_with, made.chunk(b"zTXt", b"name\0\0" + bytes(300))),
        (webp_with, b"none\0\0\0\0"),
        (avif_with, b"ispe"),
        (movie_before, b"stsz"),
        (heic_with, b"ispe"),
    ],
)
def test_much_of_nothing_is_refused_at_once(maker: Callable[[bytes], bytes], unit: bytes) -> None:
    data = maker(unit * (MUCH // len(unit)))
    with made.costing_at_most(GENEROUS), pytest.raises(PermanentError) as caught:
        render(data, made.size())
    assert caught.value.reason is Reason.METADATA_BOMB


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with(b"\xff" * 60_000 + bytes(60_000)),
        jpeg_between_scans(b"\xff" * 60_000),
        jpeg_between_scans(made.segment(0xFE, b"a comment that ends nothing: \xff\xd9")),
        gif_with(bytes(100) + b"!\xfe\0"),
        png_with(made.chunk(b"zTXt", b"name\0\0broken") * 20),
        png_with(made.chunk(b"IDAT", b"") * 1000),
        webp_with(b"none\0\0\0\0" * 1000),
    ],
)
def test_a_little_of_nothing_harms_no_picture(data: bytes) -> None:
    assert made.difference(made.rendered(data), made.photo(64, 48)) < 12


def test_no_scan_hides_behind_an_end_in_a_comment() -> None:
    data = made.encoded(made.photo(), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    end = made.segment(0xFE, b"\xff\xd9")
    with pytest.raises(PermanentError) as caught:
        render(data[:-2] + end + scan * 3000 + b"\xff\xd9", made.size())
    assert caught.value.reason is Reason.TOO_MANY_SCANS


def test_a_decoder_sees_no_more_scans_than_were_counted() -> None:
    data = made.encoded(made.photo(), "JPEG", progressive=True)
    white = made.encoded(made.photo().point(lambda _: 255), "JPEG", progressive=True)
    behind = data + white[white.index(b"\xff\xda") :]
    assert render(behind, made.size()).data == render(data, made.size()).data


def test_compressed_metadata_that_breaks_off_counts_as_well() -> None:
    whole = zlib.compress(bytes(3_900_000))
    broken = made.chunk(b"zTXt", b"name\0\0" + whole[:-4] + b"\0\0\0\0")
    data = png_with(broken * 2000)
    with made.costing_at_most(GENEROUS), pytest.raises(PermanentError) as caught:
        render(data, made.size())
    assert caught.value.reason is Reason.METADATA_BOMB
