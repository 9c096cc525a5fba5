"""Formats that are read and rejected, by their first bytes."""

import struct
import sys
import zlib
from typing import Any

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import render
from lib.images.formats import detect_codec
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


@pytest.mark.parametrize("cut", [1, 2, 10])
def test_heic_is_unsupported_where_its_decoder_was_left_out(
    monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    whole = made.source(made.photo(), "HEIC")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PermanentError, match="the file is HEIC, and there is no decoder") as error:
        render(whole[: len(whole) // cut], made.size())
    assert error.value.reason is Reason.UNSUPPORTED
    assert "upload a JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP" in str(error.value)
    assert made.rendered(made.source(made.photo(), "AVIF")).size == (64, 48)


@pytest.mark.parametrize(
    ("installed", "named"), [(True, "AVIF, HEIC, TIFF"), (False, "AVIF, TIFF")]
)
def test_a_file_that_is_no_photo_is_told_the_formats_that_are_read(
    monkeypatch: pytest.MonkeyPatch, installed: bool, named: str
) -> None:
    if not installed:
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PermanentError, match=f"a PDF document: .* upload a .*{named}"):
        render(b"%PDF-1.7", made.size())


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


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.7", "a PDF document: export the page as an image and upload a JPEG"),
        (b"<svg/>", "an SVG drawing: export it as an image and upload a JPEG"),
        (b'<?xml version="1.0"?>\n<!-- a logo -->\n<svg xmlns="">', "an SVG drawing: "),
        (b"\xef\xbb\xbf <!-- a logo --><svg>", "an SVG drawing: "),
        (b"<!DOCTYPE svg PUBLIC>", "an SVG drawing: "),
        (b"<?xml version='1.0'?><rss/>", "XML: upload a JPEG"),
        (b"\n<!DOCTYPE html><svg>", "a web page: "),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "a video: take a still from it and upload"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1", "a video: "),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file: develop it"),
        (b"8BPS\0\1", "a Photoshop document: "),
        (b"PK\3\4", "an archive: unpack it and upload each photo"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL: "),
        (b"\xff\x0a\xfa", "JPEG XL: "),
        (b"\0\0\1\0\1\0", "an icon: "),
        (b"hello", "not a picture that can be read: upload a JPEG"),
    ],
)
def test_the_message_says_what_it_was_and_what_to_upload(data: bytes, message: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(data, made.size())
    assert str(caught.value).startswith(f"the file is {message}")


def test_no_bytes_are_empty() -> None:
    with pytest.raises(PermanentError) as caught:
        render(b"", made.size())
    assert caught.value.reason is Reason.EMPTY


def reason_for(data: bytes) -> Reason:
    with pytest.raises(PermanentError) as caught:
        render(data, made.size())
    return caught.value.reason


JPEG = made.encoded(made.photo(), "JPEG")
FRAME = JPEG.index(b"\xff\xc0")
# The tables of arithmetic coding: DC's and AC's conditioning.
CONDITIONING = made.segment(0xCC, b"\x00\x10\x10\x05")


@pytest.mark.parametrize("kind", [5, 6, 7, 9, 10, 11, 13, 14, 15])
@pytest.mark.parametrize("tables", [b"", CONDITIONING])
def test_jpegs_of_rare_codings_are_unsupported(kind: int, tables: bytes) -> None:
    data = JPEG[:FRAME] + tables + bytes([0xFF, 0xC0 + kind]) + JPEG[FRAME + 2 :]
    assert reason_for(data) is Reason.UNSUPPORTED
    assert reason_for(made.with_segments(data, CONDITIONING)) is Reason.UNSUPPORTED


def test_tables_of_arithmetic_coding_in_a_usual_jpeg_are_passed_over() -> None:
    data = made.with_segments(JPEG, CONDITIONING)
    assert made.difference(made.rendered(data), made.photo(64, 48)) < TOLERANCE


@pytest.mark.parametrize(
    ("at", "value"),
    [(4, b"\x0c"), (4, b"\x10"), (5, b"\0\0"), (9, b"\x02"), (9, b"\x05")],
    ids=["12 bits", "16 bits", "height behind the pixels", "2 components", "5 components"],
)
def test_jpegs_that_libjpeg_or_pillow_do_not_take_are_unsupported(at: int, value: bytes) -> None:
    start = FRAME + at
    assert reason_for(JPEG[:start] + value + JPEG[start + len(value) :]) is Reason.UNSUPPORTED


RARE_TIFFS: dict[str, dict[str, Any]] = {
    "float RGB": {"bits": (32,) * 3, "format": (3,) * 3},
    "half float RGB": {"bits": (16,) * 3, "format": (3,) * 3},
    "double grey": {"bits": 64, "format": 3, "photometric": 1, "samples": 1},
    "float Lab": {"bits": (32,) * 3, "format": (3,) * 3, "photometric": 8},
    "16-bit Lab": {"bits": (16,) * 3, "photometric": 8},
    "ICC Lab": {"photometric": 9},
    "CMYK and alpha": {"bits": (8,) * 5, "photometric": 5, "samples": 5, "extra": 2},
    "CMYK and premultiplied alpha": {"bits": (8,) * 5, "photometric": 5, "samples": 5, "extra": 1},
    "16-bit CMYK and alpha": {"bits": (16,) * 5, "photometric": 5, "samples": 5, "extra": 2},
    "32-bit RGB": {"bits": (32,) * 3},
    "signed RGB": {"format": (2,) * 3},
    "5, 6, 5 bits": {"bits": (5, 6, 5)},
    "sensor data": {"bits": 16, "photometric": 32803, "samples": 1},
    "16-bit grey and alpha": {"bits": (16,) * 2, "photometric": 1, "samples": 2, "extra": 2},
    "JPEG 2000": {"compression": 34712},
    "LERC": {"compression": 34887},
    "JBIG": {"bits": 1, "compression": 34661, "photometric": 0, "samples": 1},
    "coarse YCbCr": {"photometric": 6, "subsampling": (2, 2)},
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", RARE_TIFFS)
def test_tiffs_of_rare_layouts_are_unsupported(name: str, order: str) -> None:
    data = made.tiff((16, 12), b"\x40" * 16 * 12 * 40, order=order, **RARE_TIFFS[name])
    assert reason_for(data) is Reason.UNSUPPORTED


def test_a_tiff_without_its_palette_is_corrupt() -> None:
    data = made.tiff((16, 12), bytes(16 * 12), photometric=3, bits=8, samples=1)
    assert reason_for(data) is Reason.CORRUPT


def test_a_tiff_that_does_not_tell_where_its_pixels_are_is_corrupt() -> None:
    data = made.tiff((16, 12), bytes(16 * 12 * 3))
    lost = data.replace(struct.pack("<HHL", 273, 4, 1), struct.pack("<HHL", 272, 4, 1))
    assert reason_for(lost) is Reason.CORRUPT


def bmp(bits: int, compression: int, *masks: int, header: int = 40, size: int = 8) -> bytes:
    """8 x 8 pixels of any kind."""
    info = struct.pack("<LllHHL", header, size, size, 1, bits, compression)
    info = info.ljust(40, b"\0") + struct.pack(f"<{len(masks)}L", *masks)
    info = info.ljust(max(header, len(info)), b"\0")
    pixels = bytes(range(256)) * 2
    start = 14 + len(info)
    return struct.pack("<2sLHHL", b"BM", start + len(pixels), 0, 0, start) + info + pixels


RARE_BMPS = {
    "4, 4, 4 bits": bmp(16, 3, 0xF00, 0xF0, 0xF),
    "4, 4, 4, 4 bits": bmp(16, 3, 0xF00, 0xF0, 0xF, 0xF000, header=56),
    "10, 10, 10 bits": bmp(32, 3, 0x3FF00000, 0xFFC00, 0x3FF),
    "blue first": bmp(16, 3, 0x1F, 0x7E0, 0xF800),
    "8 bits in fields": bmp(8, 3, 0xE0, 0x1C, 3),
    "2 bits": bmp(2, 0),
    "64 bits": bmp(64, 0),
    "a JPEG inside": bmp(0, 4),
    "a JPEG of 24 bits inside": bmp(24, 4),
    "a PNG inside": bmp(24, 5),
    "fields with alpha": bmp(32, 6, 0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    "CMYK": bmp(32, 11),
    "a header of 16 bytes": bmp(24, 0, header=16),
}


@pytest.mark.parametrize("name", RARE_BMPS)
def test_bmps_of_rare_kinds_are_unsupported(name: str) -> None:
    assert reason_for(RARE_BMPS[name]) is Reason.UNSUPPORTED


@pytest.mark.parametrize(
    "data",
    [
        bmp(16, 3, 0xF800, 0x7E0, 0x1F),
        bmp(16, 3, 0x7C00, 0x3E0, 0x1F),
        bmp(32, 3, 0xFF0000, 0xFF00, 0xFF),
        bmp(32, 3, 0xFF, 0xFF00, 0xFF0000, 0xFF000000, header=124),
        bmp(24, 0),
        bmp(16, 0),
        bmp(32, 0, header=108),
    ],
)
def test_bmps_of_usual_bit_fields_are_rendered(data: bytes) -> None:
    assert made.rendered(data, width=8, height=8).size == (8, 8)


def palette_png(*chunks: bytes) -> bytes:
    return made.png(4, 4, *chunks, colour=3)


def test_a_palette_png_without_its_palette_is_corrupt() -> None:
    pixels = made.chunk(b"IDAT", zlib.compress((b"\0" + b"\0\1\0\1") * 4))
    palette = made.chunk(b"PLTE", bytes([200, 30, 30, 30, 30, 200]))
    assert made.rendered(palette_png(palette, pixels), width=4, height=4).size == (4, 4)
    for lost in (
        palette_png(pixels),
        palette_png(pixels, palette),
        palette_png(made.chunk(b"PLTE", b""), pixels),
        palette_png(made.chunk(b"tRNS", b"\0"), pixels),
    ):
        assert reason_for(lost) is Reason.CORRUPT


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


@pytest.mark.parametrize("format_", FORMATS)
def test_a_format_is_detected_by_the_first_bytes(format_: str) -> None:
    assert detect_codec(made.source(made.photo(), format_)[:256]) == format_.lower()


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"BM is how bitmaps begin, and this text",
        b"%PDF-1.7",
        b"<svg",
        b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"\xff\xd8",
    ],
)
def test_other_files_have_no_codec(start: bytes) -> None:
    assert detect_codec(start) is None
