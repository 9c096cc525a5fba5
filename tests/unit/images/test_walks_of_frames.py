"""Taking an animation apart, and an AVIF's transforms, costs as much as their header allows."""

import struct
import tracemalloc

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import render
from lib.images.formats import apng, read_header
from tests.unit.images import made
from tests.unit.images.test_isobmff import box, boxes, clap, seen_through, turn

MUCH = 52_000_000
# In photos of a megapixel.
GENEROUS = 30
SMALL = Image.new("P", (4, 4), 1)
GIF = made.gif((4, 4), (SMALL, {}), (SMALL, {}))


def palettes(*more: bytes) -> bytes:
    """An APNG of 200 frames in colours of a palette, with chunks between that and its pixels."""
    image = made.photo(8, 8).quantize(4)
    data = made.apng((8, 8), *[(image, {})] * 200)
    at = data.index(b"acTL") - 4
    return data[:at] + b"".join(more) + data[at:]


@pytest.mark.parametrize(
    "unit", [b"\0", b"!\xfe\0", b"!\xfe\1.\0", b"!\xf9\4\0\5\0\0\0", b"!\xff\1.\0", b"\1.\0"]
)
@pytest.mark.parametrize("between", [False, True])
def test_a_gif_is_refused_before_its_frames_are_taken(unit: bytes, between: bool) -> None:
    at = GIF.rindex(b"!\xf9") if between else len(made.gif((4, 4))) - 1
    data = GIF[:at] + unit * (MUCH // len(unit)) + GIF[at:]
    with made.costing_at_most(GENEROUS), pytest.raises(PermanentError) as caught:
        render(data, made.size(animated=True))
    assert caught.value.reason is Reason.METADATA_BOMB


@pytest.mark.parametrize("name", [b"PLTE", b"tRNS"])
@pytest.mark.parametrize(("number", "length"), [(40_000, 3), (1, MUCH), (1, 3_000)])
def test_frames_of_an_apng_share_one_palette(name: bytes, number: int, length: int) -> None:
    header = read_header(palettes(made.chunk(name, bytes(length)) * number))
    for part in apng.read(header).frames:
        assert len(part.header.parts) < 10
        assert sum(map(len, part.header.parts)) < 2_000


def test_an_apng_keeps_its_palette_whatever_follows() -> None:
    expected = render(palettes(), made.size(animated=True))
    more = [made.chunk(b"PLTE", bytes(length)) for length in (12, 3_000)]
    assert render(palettes(*more), made.size(animated=True)).data == expected.data


def test_frames_that_an_apng_does_not_declare_cost_nothing() -> None:
    data = palettes()
    control = data[(at := data.index(b"fcTL") - 4) : at + 38]
    header = read_header(data[:-12] + control * 40_000 + data[-12:])
    tracemalloc.start()
    try:
        assert len(apng.read(header).frames) == 200
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_many_chunks_of_a_frame_are_one_frame() -> None:
    data = palettes()
    at = data.index(b"IDAT") - 4
    empty = made.chunk(b"IDAT", b"") * 40_000
    with made.costing_at_most(6 * GENEROUS):
        rendition = render(data[:at] + empty + data[at:], made.size(animated=True))
    assert rendition.data == render(data, made.size(animated=True)).data


def test_a_transform_as_long_as_the_file_is_read_as_far_as_it_counts() -> None:
    still = made.encoded(made.photo(), "AVIF")
    long = box(b"irot", b"\1" + bytes(MUCH))
    data = seen_through(still, long)
    tracemalloc.start()
    try:
        (transform,) = read_header(data).transforms
        # The header keeps the meta box itself, and looks through it.
        assert tracemalloc.get_traced_memory()[1] < 4 * MUCH
    finally:
        tracemalloc.stop()
    assert transform.data[:1] == b"\1"
    assert len(transform.data) <= 32


@pytest.mark.parametrize("kind", ["irot", "imir"])
def test_of_several_transforms_of_a_kind_the_first_counts(kind: str) -> None:
    still = made.encoded(made.photo(), "AVIF")
    once, again = turn(kind, 1), turn(kind, 0)
    assert len(read_header(seen_through(still, once, *[again] * 100)).transforms) == 1
    several = render(seen_through(still, once, again, once), made.size())
    assert several.data == render(seen_through(still, once), made.size()).data


def test_transforms_are_as_many_as_there_are_kinds() -> None:
    still = made.encoded(made.photo(), "AVIF")
    some = [clap(60, 40), turn("irot", 1), turn("imir", 0)]
    transforms = read_header(seen_through(still, *some * 60)).transforms
    assert [transform.name for transform in transforms] == ["clap", "irot", "imir"]


def test_a_movie_without_a_sample_entry_is_none() -> None:
    moving = made.encoded(made.photo(), "AVIF", save_all=True, append_images=[made.photo()])
    at = moving.index(b"stsd") - 4
    (length,) = struct.unpack_from(">L", moving, at)
    # Its entries, renamed with all that is around them, are one box that nobody knows.
    rest = struct.pack(">L4s", length - 16, b"free")
    entry = struct.pack(">L4sLL", 16, b"stsd", 0, 0) + rest
    data = moving[:at] + entry + moving[at + len(entry) :]
    assert boxes(data)
    with pytest.raises(PermanentError):
        render(data, made.size(animated=True))


def test_a_frame_behind_a_webp_of_one_picture_changes_no_bit_of_it() -> None:
    plain = made.encoded(made.photo(), "WEBP", lossless=True)
    stray = b"ANMF" + struct.pack("<L", 16) + bytes(15) + b"\1"
    body = plain[8:] + stray
    data = b"RIFF" + struct.pack("<L", len(body)) + body
    assert b"".join(map(bytes, read_header(data).parts)) == data


def test_grey_and_alpha_as_jpeg_in_a_tiff_is_rendered() -> None:
    data = made.encoded(made.photo().convert("LA"), "TIFF", compression="jpeg")
    assert made.difference(made.rendered(data), made.photo(64, 48).convert("L")) < 12
