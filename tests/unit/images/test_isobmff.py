"""AVIF and HEIC: the item decides the decoder, and its properties how it is seen."""

import itertools
import struct
from fractions import Fraction
from typing import Any

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import content_type_of, orient, render
from tests.unit.images import made

PHOTO = made.photo(120, 80)
AVIF = made.encoded(PHOTO, "AVIF", quality=90, speed=10)
HEIC = made.heic(PHOTO)
ALPHA = made.encoded(PHOTO.convert("RGBA"), "AVIF", quality=90, speed=10)
Turn = Image.Transpose
TURNS: dict[str, list[Any]] = {
    "irot": [None, Turn.ROTATE_90, Turn.ROTATE_180, Turn.ROTATE_270],
    "imir": [Turn.FLIP_TOP_BOTTOM, Turn.FLIP_LEFT_RIGHT],
}


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L4s", len(body) + 8, name) + body


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        length, name = struct.unpack_from(">L4s", data, at)
        found.append((name, data[at + 8 : at + length]))
        at += length
    return found


def seen_through(data: bytes, *properties: bytes) -> bytes:
    """An AVIF or HEIC of libavif or libheif, with more properties of its first item."""
    top = dict(boxes(data))
    meta = top[b"meta"]
    grown = sum(map(len, properties)) + len(properties)
    parts = []
    for name, body in boxes(meta[4:]):
        if name == b"iloc":
            body = moved(body, grown)  # noqa: PLW2901
        elif name == b"iprp":
            inner = dict(boxes(body))
            first = len(boxes(inner[b"ipco"])) + 1
            ipma = bytearray(inner[b"ipma"])
            assert ipma[:4] == bytes(4)
            count = ipma[10]
            ipma[10] += len(properties)
            places = bytes(0x80 | place for place in range(first, first + len(properties)))
            ipma[11 + count : 11 + count] = places
            ipco = inner[b"ipco"] + b"".join(properties)
            body = box(b"ipco", ipco) + box(b"ipma", bytes(ipma))  # noqa: PLW2901
        parts.append(box(name, body))
    top[b"meta"] = meta[:4] + b"".join(parts)
    return b"".join(box(name, body) for name, body in top.items())


def moved(iloc: bytes, by: int) -> bytes:
    """Extents of an `iloc` that lie further back."""
    version, sizes, count = struct.unpack_from(">B3xHH", iloc)
    assert sizes in (0x4400, 0x4440)
    out, at = bytearray(iloc), 8
    for _ in range(count):
        at += 2 + (2 if version else 0) + 2 + (4 if sizes == 0x4440 else 0)
        (extents,) = struct.unpack_from(">H", iloc, at)
        at += 2
        for _ in range(extents):
            struct.pack_into(">L", out, at, struct.unpack_from(">L", iloc, at)[0] + by)
            at += 8
    return bytes(out)


def clap(width: Any, height: Any, right: Any = 0, down: Any = 0) -> bytes:
    numbers = [Fraction(number) for number in (width, height, right, down)]
    pairs = [(number.numerator, number.denominator) for number in numbers]
    return box(b"clap", struct.pack(">lLlLlLlL", *itertools.chain(*pairs)))


def turn(name: str, value: int) -> bytes:
    return box(name.encode(), bytes([value]))


def shown(data: bytes, **options: Any) -> Image.Image:
    """The whole picture at its own size."""
    size = made.size(width=400, height=None, fit="inside", format="png", **options)
    rendition = render(data, size)
    image = made.decoded(rendition)
    assert image.size == (rendition.source_width, rendition.source_height)
    return image


@pytest.mark.parametrize("source", [AVIF, ALPHA, HEIC], ids=["AVIF", "with alpha", "HEIC"])
@pytest.mark.parametrize(
    ("aperture", "crop"),
    [
        (clap(60, 40), (30, 20, 90, 60)),
        (clap(60, 40, -30, -20), (0, 0, 60, 40)),
        (clap(60, 40, 30, 20), (60, 40, 120, 80)),
        (clap(61, 41, Fraction(1, 2), Fraction(-1, 2)), (30, 19, 91, 60)),
        (clap(120, 80), (0, 0, 120, 80)),
    ],
)
def test_a_clean_aperture_is_all_that_is_seen(
    source: bytes, aperture: bytes, crop: tuple[int, int, int, int]
) -> None:
    image = shown(seen_through(source, aperture))
    assert made.difference(image, PHOTO.crop(crop)) < 4


@pytest.mark.parametrize(
    "aperture",
    [
        clap(0, 40),
        clap(121, 80),
        clap(60, 40, 31, 0),
        clap(60, 40, 0, -21),
        clap(61, 40),
        clap(Fraction(121, 2), 40),
        clap(-60, 40),
        box(b"clap", struct.pack(">8L", 60, 0, 40, 1, 0, 1, 0, 1)),
        box(b"clap", struct.pack(">8L", *[2**32 - 1] * 8)),
        box(b"clap", b"short"),
    ],
)
def test_a_clean_aperture_that_is_none_does_not_count(aperture: bytes) -> None:
    try:
        image = shown(seen_through(AVIF, aperture))
    except PermanentError as error:
        # libavif itself refuses some.
        assert error.reason is Reason.CORRUPT
    else:
        assert made.difference(image, PHOTO) < 4


@pytest.mark.parametrize("angle", range(4))
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("order", list(itertools.permutations(["clap", "irot", "imir"])))
def test_transforms_are_applied_in_their_order(
    order: tuple[str, ...], axis: int | None, angle: int
) -> None:
    expected: Image.Image = PHOTO
    properties: list[bytes] = []
    for name in order:
        if name == "clap":
            width, height = expected.size
            properties.append(clap(width // 2, height // 2, -10, 5))
            left, top = width // 4 - 10, height // 4 + 5
            expected = expected.crop((left, top, left + width // 2, top + height // 2))
        elif name == "irot" or axis is not None:
            value = angle if name == "irot" else axis or 0
            properties.append(turn(name, value))
            transpose: Any = TURNS[name][value]
            expected = expected if transpose is None else expected.transpose(transpose)
    image = shown(seen_through(AVIF, *properties))
    assert made.difference(image, expected) < 4


def test_a_movie_is_cropped_and_turned_too() -> None:
    pictures = [PHOTO, PHOTO.transpose(Turn.ROTATE_180)]
    moving = made.encoded(pictures[0], "AVIF", save_all=True, append_images=pictures[1:])
    added = clap(60, 40, 30, -20) + turn("irot", 1)
    # libavif allots the boxes of a movie and behind it the data: all that hold the entry grow.
    at = moving.index(b"av01", moving.index(b"stsd")) - 4
    data = bytearray(moving)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"av01"):
        start = moving.index(name, moving.index(b"moov")) - 4
        struct.pack_into(">L", data, start, struct.unpack_from(">L", data, start)[0] + len(added))
    (offset,) = struct.unpack_from(">L", data, moving.index(b"stco") + 12)
    struct.pack_into(">L", data, moving.index(b"stco") + 12, offset + len(added))
    end = at + struct.unpack_from(">L", moving, at)[0]
    data[end:end] = added

    rendition = render(bytes(data), made.size(width=40, height=60, format="png", animated=True))

    for number, picture in enumerate(pictures):
        image = made.decoded(rendition)
        image.seek(number)
        expected = picture.crop((60, 0, 120, 40)).transpose(Turn.ROTATE_90)
        assert made.difference(image, expected) < 4


@pytest.mark.parametrize("first", range(1, 9))
@pytest.mark.parametrize("second", range(1, 9))
def test_two_orientations_are_one(first: int, second: int) -> None:
    both = orient.auto_orient(orient.auto_orient(PHOTO, first), second)
    assert orient.auto_orient(PHOTO, orient.combine(first, second)).tobytes() == both.tobytes()


def branded(data: bytes, major: bytes, *others: bytes) -> bytes:
    """The file under other brands, as many as it had."""
    length = int.from_bytes(data[:4], "big")
    brands = [*others, *[others[0]] * 8][: (length - 16) // 4]
    return data[:8] + major + data[12:16] + b"".join(brands) + data[length:]


@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize(
    ("data", "type_"),
    [
        (branded(AVIF, b"mif1", b"miaf"), "image/avif"),
        (branded(AVIF, b"heic", b"mif1"), "image/avif"),
        (branded(AVIF, b"msf1", b"mif1", b"heic"), "image/avif"),
        (branded(AVIF, b"avis", b"mif1"), "image/avif"),
        (branded(HEIC, b"avif", b"mif1"), "image/heic"),
        (branded(HEIC, b"mif1", b"avif"), "image/heic"),
        (branded(HEIC, b"mif1", b"mif1"), "image/heic"),
    ],
)
def test_what_an_item_is_coded_in_decides_not_the_brands(
    data: bytes, type_: str, animated: bool
) -> None:
    assert content_type_of(data) == type_
    assert made.difference(shown(data, animated=animated), PHOTO) < 4


@pytest.mark.parametrize("kind", [b"jpeg", b"avc1", b"vvc1", b"j2k1", b"unci", b"\xff\xff\xff\xff"])
@pytest.mark.parametrize("data", [AVIF, HEIC], ids=["AVIF", "HEIC"])
def test_items_of_other_codings_are_unsupported(data: bytes, kind: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        render(data.replace(b"av01", kind).replace(b"hvc1", kind), made.size())
    assert caught.value.reason is Reason.UNSUPPORTED


def test_an_animation_that_is_branded_as_a_still_is_its_picture() -> None:
    moving = made.encoded(PHOTO, "AVIF", save_all=True, append_images=[PHOTO.rotate(180)])
    for brand in (b"avif", b"mif1", b"msf1"):
        data = branded(moving, brand, b"mif1", b"avif")
        assert made.difference(shown(data, animated=True), PHOTO) < 4
