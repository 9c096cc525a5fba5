"""What is read, what is refused, and by what it is told apart."""

import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import render
from tests.unit.images import made

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "HEIC"]
# What decoding and encoding again may change on average, of 255.
TOLERANCE = 4


@pytest.mark.parametrize("format_", FORMATS)
def test_each_format_comes_out_as_it_went_in(format_: str) -> None:
    image = made.rendered(made.source(made.photo(), format_), format="png")

    assert image.size == (64, 48)
    assert made.difference(image, made.photo(64, 48)) < TOLERANCE


@pytest.mark.parametrize(
    ("format_", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
        ("TIFF", "image/jpeg"),
        ("BMP", "image/jpeg"),
        ("HEIC", "image/jpeg"),
    ],
)
def test_keep_makes_what_a_web_page_can_show(format_: str, content_type: str) -> None:
    rendition = render(made.source(made.photo(), format_), made.size())

    assert rendition.content_type == content_type
    assert rendition.content_type == Image.MIME[str(made.decoded(rendition).format)]


@pytest.mark.parametrize("format_", ["TIFF", "HEIC"])
def test_keep_makes_a_png_of_what_is_transparent_and_has_no_place_on_a_page(format_: str) -> None:
    image = made.disc(128, 96, (64, 48), 30, (200, 30, 30, 255))

    rendition = render(made.source(image, format_), made.size())

    assert rendition.content_type == "image/png"
    assert made.decoded(rendition).getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"quality": 30}])
def test_jpegs_of_all_kinds(options: dict[str, Any]) -> None:
    image = made.rendered(made.encoded(made.photo(), "JPEG", **options))
    assert made.difference(image, made.photo(64, 48)) < 6


@pytest.mark.parametrize(
    "options",
    [{"compression": name} for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")]
    + [{"big_tiff": True}],
)
def test_tiffs_of_all_kinds(options: dict[str, Any]) -> None:
    image = made.rendered(made.encoded(made.photo(), "TIFF", **options))
    assert made.difference(image, made.photo(64, 48)) < TOLERANCE


def test_the_first_page_of_a_tiff_is_rendered() -> None:
    pages = [made.photo(), Image.new("RGB", (128, 96), "black")]
    data = made.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert made.difference(made.rendered(data), made.photo(64, 48)) < TOLERANCE


def test_an_interlaced_png() -> None:
    # Adam7 by hand: seven passes of a 2x2 picture of one colour.
    rows = b"\0\x0a\x64\xc8" * 3
    rows = b"\0\x0a\x64\xc8" + b"\0\x0a\x64\xc8" + b"\0\x0a\x64\xc8\x0a\x64\xc8"
    header = made.chunk(b"IHDR", struct.pack(">LLBBBBB", 2, 2, 8, 2, 0, 0, 1))
    body = made.chunk(b"IDAT", zlib.compress(rows)) + made.chunk(b"IEND", b"")
    image = made.rendered(b"\x89PNG\r\n\x1a\n" + header + body)
    assert image.getpixel((1, 1)) == (10, 100, 200)


def test_run_length_coded_bmp() -> None:
    # 4 x 2 pixels of grey 0 and 255, each row one run.
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in (0, 255))
    pixels = b"\x04\x01\0\0\x04\0\0\0\0\1"
    info = struct.pack("<LllHHLLllLL", 40, 4, 2, 1, 8, 1, len(pixels), 0, 0, 2, 2)
    start = 14 + len(info) + len(palette)
    data = struct.pack("<2sLHHL", b"BM", start + len(pixels), 0, 0, start)
    image = made.rendered(data + info + palette + pixels, format="png", fit="inside")
    assert (image.getpixel((0, 0)), image.getpixel((0, 1))) == (0, 255)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf  <SVG/>",
        b"<?xml version='1.0'?><svg/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<html></html>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xc5\xd0\xd3\xc6" + bytes(28),
        b"8BPS\0\1",
        b"PK\x03\x04",
        b"hello, world",
        b"\0" * 100,
        b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        b"P6 1 1 255 abc",
        b"qoif\0\0\0\1\0\0\0\1\3\0",
    ],
)
def test_what_is_no_photo_is_unsupported(data: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        render(data, made.size())
    assert caught.value.reason is Reason.UNSUPPORTED


def test_the_message_says_what_it_was_and_what_to_upload() -> None:
    with pytest.raises(PermanentError, match=r"a PDF document: upload a JPEG"):
        render(b"%PDF-1.7", made.size())


def test_no_bytes_are_empty() -> None:
    with pytest.raises(PermanentError) as caught:
        render(b"", made.size())
    assert caught.value.reason is Reason.EMPTY


def test_arithmetic_coding_is_unsupported() -> None:
    data = made.encoded(made.photo(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1)
    with pytest.raises(PermanentError) as caught:
        render(data, made.size())
    assert caught.value.reason is Reason.UNSUPPORTED


def test_a_phones_gain_map_or_second_picture_is_not_taken_for_the_photo() -> None:
    main, second = made.photo(), Image.new("RGB", (128, 96), "black")
    mpo = made.encoded(main, "MPO", save_all=True, append_images=[second])

    rendition = render(mpo, made.size())

    assert rendition.content_type == "image/jpeg"
    assert made.difference(made.decoded(rendition), made.photo(64, 48)) < TOLERANCE


def test_a_motion_photo_is_its_picture() -> None:
    video = b"\0\0\0\x18ftypmp42" + bytes(1000)
    data = made.encoded(made.photo(), "JPEG") + video
    assert made.difference(made.rendered(data), made.photo(64, 48)) < TOLERANCE


def test_a_still_of_an_animation_is_its_first_frame() -> None:
    frames = [made.photo(), Image.new("RGB", (128, 96), "black")]
    for format_ in ("GIF", "WEBP", "PNG", "AVIF"):
        data = made.encoded(frames[0], format_, save_all=True, append_images=frames[1:])
        image = made.rendered(data)
        assert not getattr(image, "is_animated", False)
        assert made.difference(image, made.photo(64, 48)) < 6


def test_original_pixels_are_told_as_they_are_seen() -> None:
    data = made.encoded(made.photo(), "JPEG", exif=made.exif(6))
    rendition = render(data, made.size())
    assert (rendition.source_width, rendition.source_height) == (96, 128)
