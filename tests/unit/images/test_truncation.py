"""A file that was cut is refused; a half-grey picture is never made."""

import re
from collections.abc import Callable
from functools import cache

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import render
from tests.unit.images import made

PHOTO = Image.blend(made.photo(256, 192), made.noise(256, 192), 0.3)


def ycck(data: bytes) -> bytes:
    """A CMYK JPEG whose Adobe marker says YCCK."""
    at = data.index(b"Adobe") + 11
    return data[:at] + b"\2" + data[at + 1 :]


SOURCES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: made.encoded(PHOTO, "JPEG"),
    "progressive jpeg": lambda: made.encoded(PHOTO, "JPEG", progressive=True),
    "jpeg with restarts": lambda: made.encoded(PHOTO, "JPEG", restart_marker_rows=2),
    "grey jpeg": lambda: made.encoded(PHOTO.convert("L"), "JPEG"),
    "cmyk jpeg": lambda: made.encoded(PHOTO.convert("CMYK"), "JPEG"),
    "ycck jpeg": lambda: ycck(made.encoded(PHOTO.convert("CMYK"), "JPEG")),
    "rgb jpeg": lambda: made.encoded(PHOTO, "JPEG", keep_rgb=True),
    "png": lambda: made.encoded(PHOTO, "PNG"),
    "gif": lambda: made.encoded(PHOTO, "GIF"),
    "webp": lambda: made.encoded(PHOTO, "WEBP"),
    "lossless webp": lambda: made.encoded(PHOTO, "WEBP", lossless=True),
    "tiff": lambda: made.encoded(PHOTO, "TIFF"),
    "lzw tiff": lambda: made.encoded(PHOTO, "TIFF", compression="tiff_lzw"),
    "bmp": lambda: made.encoded(PHOTO, "BMP"),
    "avif": lambda: made.encoded(PHOTO, "AVIF"),
    "moving avif": lambda: made.encoded(
        PHOTO, "AVIF", save_all=True, append_images=[PHOTO.rotate(9)]
    ),
    "heic": lambda: made.heic(PHOTO),
}


@cache
def source(name: str) -> bytes:
    return SOURCES[name]()


BASELINE = [name for name in SOURCES if "jpeg" in name and "progressive" not in name]


def reason_for(data: bytes) -> Reason:
    with pytest.raises(PermanentError) as caught:
        render(data, made.size())
    return caught.value.reason


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_cut_anywhere_is_truncated(name: str, share: float) -> None:
    data = source(name)
    assert reason_for(data[: int(len(data) * share)]) is Reason.TRUNCATED


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("length", [1, 2, 3, 8, 12, 16, 20, 30])
def test_header_only_is_truncated_or_too_little_to_tell(name: str, length: int) -> None:
    reason = reason_for(source(name)[:length])
    assert reason is Reason.TRUNCATED or (length < 13 and reason is Reason.UNSUPPORTED)


def closed(data: bytes, share: float) -> bytes:
    """A JPEG that was cut, and given an end all the same."""
    return data[: int(len(data) * share)].rstrip(b"\xff") + b"\xff\xd9"


@pytest.mark.parametrize("name", BASELINE)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97, 0.99])
def test_a_jpeg_that_was_cut_and_closed_again_is_truncated(name: str, share: float) -> None:
    assert reason_for(closed(source(name), share)) is Reason.TRUNCATED


def test_a_progressive_jpeg_may_miss_no_scan_but_the_end_of_its_finest() -> None:
    data = source("progressive jpeg")
    finest = data.rindex(b"\xff\xda") / len(data)
    for share in (0.1, 0.3, finest - 0.01):
        assert reason_for(closed(data, share)) is Reason.TRUNCATED
    # As PNG: a JPEG that lacks something is not rendered in planes.
    image = made.rendered(closed(data, (finest + 1) / 2), format="png")
    assert made.difference(image, made.rendered(data, format="png")) < 1


@pytest.mark.parametrize("scans", range(1, 10))
def test_a_progressive_jpeg_without_its_last_scans_is_told_to_lack_them(scans: int) -> None:
    data = source("progressive jpeg")
    starts = [found.start() for found in re.finditer(b"\xff\xda", data)]
    assert len(starts) == 10
    with pytest.raises(PermanentError, match="ends without the scans") as caught:
        render(data[: starts[scans]] + b"\xff\xd9", made.size())
    assert caught.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_photo_that_is_grey_at_its_end_is_a_photo(mode: str, options: dict[str, object]) -> None:
    ink = (0, 0, 0, 127)
    grey = Image.new(mode, (100, 80), ink if mode == "CMYK" else "#808080")
    for size in ((100, 80), (64, 48), (10, 10)):
        image = made.rendered(made.encoded(grey.resize(size), "JPEG", **options))
        assert image.convert("RGB").getpixel((4, 4)) == (128, 128, 128)


def test_a_gif_without_its_last_byte_is_whole() -> None:
    assert made.rendered(source("gif")[:-1]).size == (64, 48)


@pytest.mark.parametrize("name", ["png", "lossless webp", "lzw tiff"])
def test_whole_but_wrong_is_corrupt(name: str) -> None:
    data = bytearray(source(name))
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xa5" * 40
    try:
        render(bytes(data), made.size())
    except PermanentError as error:
        assert error.reason is Reason.CORRUPT
