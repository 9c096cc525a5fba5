"""Upright, whatever a camera wrote and wherever it wrote it."""

import pytest
from PIL import Image

from lib.images import exif
from tests.unit.images import made

# What turns an upright picture into the pixels that a camera of each orientation stores.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
BROKEN = [
    b"",
    b"Exif\0\0",
    b"Exif\0\0II*\0",
    b"Exif\0\0II*\0\xff\xff\xff\xff",
    b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
    b"Exif\0\0XX*\0\x08\0\0\0\1\0",
    b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\x01\x02\0\1\0\0\0\x06\0\0\0",
    b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\x01\x03\0\1\0\0\0\x63\0\0\0",
    b"Exif\0\0II*\0\x08\0\0\0\2\0\x1a\x01\x05\0\1\0\0\0\xf0\xff\xff\xff\x28\x01",
]


def stored(image: Image.Image, orientation: int) -> Image.Image:
    turn = STORED[orientation]
    return image if turn is None else image.transpose(turn)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_upright_and_the_tag_gone(format_: str, orientation: int) -> None:
    tag: bytes | Image.Exif = made.exif(orientation)
    if format_ == "TIFF":
        tag = Image.Exif()
        tag[0x0112] = orientation
    data = made.encoded(stored(made.photo(400, 300), orientation), format_, exif=tag)

    image = made.rendered(data)

    assert made.difference(image, made.photo(64, 48)) < 4
    assert not image.getexif()


def test_heic_is_turned_once() -> None:
    data = made.heic(stored(made.photo(), 6), exif=made.exif(6))
    assert made.difference(made.rendered(data), made.photo(64, 48)) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_off_centre_crop_is_taken_where_it_is_seen(orientation: int) -> None:
    upright = Image.new("RGB", (400, 200), "white")
    upright.paste((200, 20, 20), (0, 0, 200, 200))
    data = made.encoded(stored(upright, orientation), "JPEG", exif=made.exif(orientation))

    left = made.rendered(data, width=50, height=50, position="left")
    right = made.rendered(data, width=50, height=50, position="right")

    assert made.difference(left, Image.new("RGB", (50, 50), (200, 20, 20))) < 4
    assert made.difference(right, Image.new("RGB", (50, 50), "white")) < 4


@pytest.mark.parametrize("block", BROKEN)
def test_broken_exif_is_upright(block: bytes) -> None:
    assert exif.orientation(block) == 1


@pytest.mark.parametrize("block", BROKEN)
def test_a_photo_with_broken_exif_is_a_good_photo(block: bytes) -> None:
    reference = made.photo(64, 48)
    jpeg = made.with_segments(
        made.encoded(made.photo(), "JPEG"), made.segment(0xE1, b"Exif\0\0" + block[6:])
    )
    png = made.with_chunks(made.encoded(made.photo(), "PNG"), made.chunk(b"eXIf", block[6:]))
    for data in (jpeg, png):
        assert made.difference(made.rendered(data), reference) < 4


@pytest.mark.parametrize("format_", ["WEBP", "AVIF", "TIFF"])
def test_broken_exif_in_other_containers(format_: str) -> None:
    good = made.exif(1)
    data = made.encoded(made.photo(), format_, exif=good)
    # The directory's count of entries grows beyond the block.
    assert data.count(good[6:16]) <= 1
    broken = data.replace(good[6:16], good[6:14] + b"\xff\xff")
    assert made.difference(made.rendered(broken), made.photo(64, 48)) < 4
