"""Nothing that came with the pixels ends in a variant, and none of it can do harm."""

import zlib
from collections.abc import Callable
from functools import cache

import pytest
from PIL import Image, PngImagePlugin

from lib.errors import PermanentError, Reason
from lib.images import render
from tests.unit.images import made

SECRET = b"SECRET"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET</x:xmpmeta>"


def jpeg() -> bytes:
    data = made.encoded(made.photo(), "JPEG", exif=made.exif(1), comment=SECRET, xmp=XMP)
    iptc = made.segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x06SECRET")
    return made.with_segments(data, iptc) + b"SECRET<script>"


def png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRET")
    info.add_text("Packed", "SECRET", zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP)
    return made.encoded(made.photo(), "PNG", pnginfo=info, exif=made.exif(1)) + SECRET


SOURCES: dict[str, Callable[[], bytes]] = {
    "jpeg": jpeg,
    "png": png,
    "webp": lambda: made.encoded(made.photo(), "WEBP", exif=made.exif(1), xmp=XMP),
    "gif": lambda: made.encoded(made.photo(), "GIF", comment=SECRET),
    "tiff": lambda: made.encoded(made.photo(), "TIFF", description="SECRET"),
    "avif": lambda: made.encoded(made.photo(), "AVIF", exif=made.exif(1), xmp=XMP),
    "heic": lambda: made.heic(made.photo(), exif=made.exif(1), xmp=XMP),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("format_", ["keep", "jpeg", "png", "webp", "avif"])
def test_nothing_of_it_is_left(name: str, format_: str) -> None:
    source = SOURCES[name]()
    assert b"SECRET" in source
    data = render(source, made.size(format=format_)).data

    assert b"SECRET" not in data
    assert b"Exif" not in data
    image = made.decoded(data)
    assert not image.getexif()
    assert not {"comment", "xmp", "icc_profile", "exif"} & image.info.keys()


@cache
def zeros(length: int) -> bytes:
    return zlib.compress(bytes(length))


BOMBS: dict[str, Callable[[], bytes]] = {
    "iCCP": lambda: made.chunk(b"iCCP", b"p\0\0" + zeros(50_000_000)),
    "zTXt": lambda: made.chunk(b"zTXt", b"t\0\0" + zeros(50_000_000)),
    "iTXt": lambda: made.chunk(b"iTXt", b"t\0\1\0en\0t\0" + zeros(50_000_000)),
    "many zTXt": lambda: made.chunk(b"zTXt", b"t\0\0" + zeros(1_000_000)) * 20,
    "many chunks": lambda: made.chunk(b"tEXt", b"") * 100_001,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_png_metadata_bomb_is_refused(name: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(made.with_chunks(made.encoded(made.photo(), "PNG"), BOMBS[name]()), made.size())
    assert caught.value.reason is Reason.METADATA_BOMB


def test_a_jpeg_metadata_bomb_is_refused() -> None:
    chunks = [
        made.segment(0xE2, b"ICC_PROFILE\0" + bytes((number, 255)) + bytes(65_000))
        for number in range(1, 256)
    ]
    jpeg = made.encoded(made.photo(), "JPEG")
    for bomb in (chunks, [made.segment(0xFE, b"")] * 5000):
        with pytest.raises(PermanentError) as caught:
            render(made.with_segments(jpeg, *bomb), made.size())
        assert caught.value.reason is Reason.METADATA_BOMB


def test_a_gif_metadata_bomb_is_refused() -> None:
    gif = made.encoded(Image.new("L", (8, 8)), "GIF")
    at = gif.index(b",")
    comment = b"!\xfe" + b"\1x" * 100_000 + b"\0"
    with pytest.raises(PermanentError) as caught:
        render(gif[:at] + comment + gif[at:], made.size())
    assert caught.value.reason is Reason.METADATA_BOMB


def test_a_tiff_metadata_bomb_is_refused_or_ignored() -> None:
    tiff = made.encoded(made.photo(), "TIFF", description="x" * 500)
    start = int.from_bytes(tiff[4:8], "little")
    many = tiff[:start] + b"\xff\xff" + tiff[start + 2 :] + bytes(65_535 * 12)
    with pytest.raises(PermanentError) as caught:
        render(many, made.size())
    assert caught.value.reason is Reason.METADATA_BOMB


def test_a_long_but_honest_profile_is_fine() -> None:
    chunks = [
        made.segment(0xE2, b"ICC_PROFILE\0" + bytes((number, 40)) + bytes(65_000))
        for number in range(1, 41)
    ]
    data = made.with_segments(made.encoded(made.photo(), "JPEG"), *chunks)
    assert made.rendered(data).size == (64, 48)
