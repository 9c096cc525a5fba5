"""Upright, whatever a camera wrote and wherever it wrote it."""

import struct

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


def with_exif(format_: str, *blocks: bytes) -> bytes:
    """The photo as a camera of orientation 6 stores it, with these EXIF blocks in turn."""
    data = made.encoded(stored(made.photo(), 6), format_)
    if format_ == "JPEG":
        return made.with_segments(data, *(made.segment(0xE1, block) for block in blocks))
    if format_ == "PNG":
        return made.with_chunks(data, *(made.chunk(b"eXIf", block[6:]) for block in blocks))
    extended = made.encoded(stored(made.photo(), 6), "WEBP", exif=b"x")
    at = extended.index(b"EXIF")
    chunks = b"".join(
        b"EXIF" + struct.pack("<L", len(block)) + block + bytes(len(block) % 2) for block in blocks
    )
    return b"RIFF" + struct.pack("<L", at - 8 + len(chunks)) + extended[8:at] + chunks


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_of_two_exif_blocks_the_first_counts(format_: str) -> None:
    image = made.rendered(with_exif(format_, made.exif(6), made.exif(3), made.exif(1)))
    assert made.difference(image, made.rendered(made.encoded(made.photo(), format_))) < 4


@pytest.mark.parametrize("broken", [block for block in BROKEN if b"\x12\x01" not in block])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_an_exif_block_that_cannot_be_read_does_not_count(format_: str, broken: bytes) -> None:
    block = b"Exif\0\0" + broken[6:]
    image = made.rendered(with_exif(format_, block, made.exif(6), made.exif(3)))
    assert made.difference(image, made.rendered(made.encoded(made.photo(), format_))) < 4


@pytest.mark.parametrize("directory_at", [8, 70_000, 130_000])
def test_exif_of_more_than_one_segment_is_one_block(directory_at: int) -> None:
    directory = struct.pack("<HHHLHHL", 1, 0x0112, 3, 1, 6, 0, 0)
    block = struct.pack("<2sHL", b"II", 42, directory_at).ljust(directory_at, b"\0") + directory
    block = block.ljust(150_000, b"x")
    pieces = [b"Exif\0\0" + block[at : at + 65_000] for at in range(0, len(block), 65_000)]
    image = made.rendered(with_exif("JPEG", *pieces, made.exif(3)))
    assert made.difference(image, made.photo(64, 48)) < 4


def test_of_two_orientations_in_a_tiff_the_first_counts() -> None:
    data = made.encoded(stored(made.photo(), 6), "TIFF", tiffinfo={274: 6, 305: "x"})
    second = struct.pack("<HHL", 305, 2, 2)
    assert data.count(second) == 1
    twice = data.replace(second, struct.pack("<HHL", 274, 3, 1))
    assert made.difference(made.rendered(twice), made.photo(64, 48)) < 4


@pytest.mark.parametrize("format_", ["WEBP", "AVIF", "TIFF"])
def test_broken_exif_in_other_containers(format_: str) -> None:
    good = made.exif(1)
    data = made.encoded(made.photo(), format_, exif=good)
    # The directory's count of entries grows beyond the block.
    assert data.count(good[6:16]) <= 1
    broken = data.replace(good[6:16], good[6:14] + b"\xff\xff")
    assert made.difference(made.rendered(broken), made.photo(64, 48)) < 4
