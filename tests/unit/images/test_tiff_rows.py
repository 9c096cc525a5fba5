"""A TIFF's rows, decoded as they are needed, beside Pillow's decoder."""

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import decode, kernel, render
from lib.images.formats import read_header
from lib.images.formats.tiff import TiffHeader
from lib.images.inflate import Inflater
from lib.images.resample import resample
from lib.images.rows import Rows
from lib.images.tiff_rows import open_rows
from tests.unit.images import made
from tests.unit.images.test_mutations import EDITS, mutated

MODES = ("L", "LA", "RGB", "RGBA", "CMYK")
ORIENTATION, ROWS_PER_STRIP, PREDICTOR = 274, 278, 317
RAW, DEFLATE, OLD_DEFLATE = 1, 8, 32946
KINDS: dict[str, tuple[str, int]] = {
    "raw": ("raw", 1),
    "deflate": ("tiff_adobe_deflate", 1),
    "deflated differences": ("tiff_adobe_deflate", 2),
    "lzw": ("tiff_lzw", 1),
    "lzw of differences": ("tiff_lzw", 2),
    "old deflate": ("tiff_deflate", 2),
}
SIZE = 37, 29


def picture(mode: str, size: tuple[int, int] = SIZE) -> Image.Image:
    image = Image.blend(made.photo(*size), made.noise(*size), 0.2)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.linear_gradient("L").resize(size))
    return image.convert(mode)


def tiff(image: Image.Image, kind: str, rows: int, **tags: int) -> bytes:
    compression, predictor = KINDS[kind]
    facts = {ROWS_PER_STRIP: rows, ORIENTATION: tags.get("orientation", 1)}
    if compression != "raw":
        facts[PREDICTOR] = predictor
    # Pillow chooses the rows of a strip by its bytes.
    length = rows * image.width * len(image.getbands())
    return made.encoded(image, "TIFF", compression=compression, strip_size=length, tiffinfo=facts)


def opened(data: bytes) -> Rows | None:
    header = read_header(data)
    return open_rows(decode.open_image(header), header)


def rows_of(data: bytes) -> Rows:
    rows = opened(data)
    assert rows
    return rows


def by_pillow(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 7, 29])
def test_rows_are_the_pixels_that_pillow_decodes(mode: str, kind: str, rows: int) -> None:
    data = tiff(picture(mode), kind, rows)
    whole = by_pillow(data)
    assert len(whole.tag_v2[273]) == -(-29 // rows)  # type: ignore[attr-defined]
    assert rows_of(data).crop((0, 0, *SIZE)).tobytes() == whole.tobytes()
    some = rows_of(data)
    for top in range(2, 29, 8):
        box = (3, top, 30, min(top + 8, 29))
        assert some.crop(box).tobytes() == whole.crop(box).tobytes()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_rows_may_be_read_twice_and_be_passed_over(mode: str, kind: str) -> None:
    data = tiff(picture(mode), kind, 5)
    rows, whole = rows_of(data), by_pillow(data)
    for top, bottom in ((1, 4), (2, 9), (5, 9), (5, 10), (17, 28), (28, 29)):
        box = (0, top, 37, bottom)
        assert rows.crop(box).tobytes() == whole.crop(box).tobytes()


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", kind) for kind in KINDS] + [(mode, "deflate") for mode in MODES]
)
def test_rows_are_resized_as_the_whole_picture_is(mode: str, kind: str) -> None:
    data = tiff(picture(mode, (1100, 950)), kind, 13)
    whole = by_pillow(data)
    for box in ((0, 0, 1100, 950), (300.5, 410.25, 1044, 949)):
        for size in ((90, 70), (900, 700), (1200, 1000)):
            assert resample(rows_of(data), box, size).tobytes() == (
                resample(whole, box, size).tobytes()
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [200, 1600])
def test_a_large_tiff_is_never_whole_in_memory(
    kind: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 100 if "lzw" in kind else 2000
    data = tiff(Image.linear_gradient("L").resize((3000, 2000)).convert("RGB"), kind, rows)
    pixels = made.count_decoded_rows(monkeypatch)
    render(data, made.size(width=width, height=width // 2))
    assert sum(pixels) >= 3000 * 1500
    assert max(pixels) <= 1_100_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_turned_tiff_is_rendered_upright(kind: str) -> None:
    image = made.photo(64, 48)
    upright = made.rendered(tiff(image, kind, 7), format="png", width=48, height=64)
    turned = tiff(image.transpose(Image.Transpose.ROTATE_90), kind, 7, orientation=6)
    assert made.difference(made.rendered(turned, format="png", width=48, height=64), upright) < 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [RAW, DEFLATE, OLD_DEFLATE])
def test_both_byte_orders_are_read(order: str, compression: int) -> None:
    pixels = picture("RGB").tobytes()
    strip = pixels if compression == RAW else zlib.compress(pixels)
    data = made.tiff(SIZE, strip, order=order, compression=compression)
    assert rows_of(data).crop((0, 0, *SIZE)).tobytes() == pixels


def test_a_big_tiff_is_read() -> None:
    data = made.encoded(picture("RGB"), "TIFF", big_tiff=True)
    assert rows_of(data).crop((0, 0, *SIZE)).tobytes() == picture("RGB").tobytes()


def outcome(data: bytes, *, by_rows: bool) -> bytes | None:
    """The pixels, or None if they cannot be decoded."""
    header = read_header(data)
    try:
        with decode.decoding(header):
            image = decode.open_image(header)
            rows = open_rows(image, header) if by_rows else None
            if rows:
                return rows.crop((0, 0, *image.size)).tobytes()
            return decode.load(image, header).tobytes()
    except PermanentError:
        return None


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(edits=EDITS, byte=st.integers(0, 255))
def test_a_damaged_tiff_has_the_pixels_that_pillow_finds(
    kind: str, edits: list[tuple[int, str]], byte: int
) -> None:
    data = tiff(picture("RGB", (17, 13)), kind, 7)
    damaged = mutated(data, edits, byte)
    try:
        read_header(damaged)
    except PermanentError:
        return
    expected = outcome(damaged, by_rows=False)
    (directory,) = struct.unpack_from("<L", data, 4)
    # ISA-L tolerates a few tables of codes that zlib does not.
    if expected is not None or kind == "raw" or damaged[8:directory] == data[8:directory]:
        assert outcome(damaged, by_rows=True) == expected


FIELDS: dict[str, dict[str, Any]] = {
    "two planes": {"planes": 2},
    "white is 0": {"photometric": 0, "bits": 8, "samples": 1},
    "palette": {"photometric": 3, "bits": 8, "samples": 1, "palette": (0,) * 768},
    "Lab": {"photometric": 8},
    "a sample too many": {"bits": (8,) * 4, "samples": 4, "extra": 0},
    "premultiplied": {"bits": (8,) * 4, "samples": 4, "extra": 1},
    "16 bits": {"photometric": 1, "bits": 16, "samples": 1},
    "predictor of floats": {"compression": 8, "predictor": 3},
    "reversed bits": {"fill_order": 2},
}


@pytest.mark.parametrize("name", FIELDS)
def test_rare_layouts_are_left_to_pillow(name: str) -> None:
    assert opened(made.tiff(SIZE, bytes(37 * 29 * 4), **FIELDS[name])) is None


@pytest.mark.parametrize("samples", [0, 2**31, 2**32 - 1])
def test_a_number_of_samples_without_their_bits_has_no_strips(samples: int) -> None:
    header = read_header(made.tiff(SIZE, bytes(37 * 29 * 4), samples=samples))
    assert isinstance(header, TiffHeader)
    assert header.strips is None


def test_lzw_of_large_strips_or_of_the_old_order_of_bits_is_left_to_pillow() -> None:
    image = Image.new("L", (2048, 520))
    assert opened(tiff(image, "lzw", 512))
    assert opened(tiff(image, "lzw", 513)) is None
    assert opened(made.tiff((1, 1), b"\x00\x01" * 4, compression=5)) is None


def test_the_usual_alphas_are_read() -> None:
    pixels = picture("RGBA").tobytes()
    for extra in (2, 999):
        data = made.tiff(SIZE, pixels, bits=(8,) * 4, samples=4, extra=extra)
        assert rows_of(data).crop((0, 0, *SIZE)).tobytes() == pixels


BYTES = 37 * 29 * 3
STRIPS = {
    "beyond the end": (300, BYTES),
    "in the header": (4, BYTES),
    "fewer bytes than rows": (8, BYTES - 1),
    "no bytes": (8, 0),
}


@pytest.mark.parametrize("name", STRIPS)
def test_strips_at_odd_places_are_left_to_pillow(name: str) -> None:
    data = made.tiff(SIZE, bytes(BYTES))
    at, size = STRIPS[name]
    for tag, old, new in ((273, 8, at), (279, BYTES, size)):
        field = struct.pack("<HHL", tag, 4, 1)
        data = data.replace(field + struct.pack("<L", old), field + struct.pack("<L", new))
    assert opened(data) is None


def test_strips_may_share_their_bytes_and_lie_in_any_order() -> None:
    strips = [bytes([value]) * 3 * 37 for value in (9, 8, 7)]
    data = made.tiff((37, 3), *strips).replace(
        struct.pack("<HHLL", 278, 4, 1, 3), struct.pack("<HHLL", 278, 4, 1, 1)
    )
    first, second, third = (8 + number * 111 for number in range(3))
    order = struct.pack("<3L", third, first, third)
    data = data.replace(struct.pack("<3L", first, second, third), order)
    found = rows_of(data).crop((0, 0, 37, 3))
    assert found.tobytes() == by_pillow(data).tobytes() == strips[2] + strips[0] + strips[2]


def test_no_more_is_inflated_than_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strip that would inflate to 64 MB."""
    read = []
    inflate = Inflater.read

    def recorded(inflater: Inflater, length: int) -> bytes:
        read.append(len(data := inflate(inflater, length)))
        return data

    monkeypatch.setattr(Inflater, "read", recorded)
    compressor = zlib.compressobj(1)
    strip = b"".join(compressor.compress(bytes(1 << 24)) for _ in range(4))
    data = made.tiff(SIZE, strip + compressor.flush(), compression=8)
    assert made.decoded(render(data, made.size())).getextrema() == ((0, 0),) * 3
    assert sum(read) == 37 * 29 * 3


@pytest.mark.parametrize(
    "strip",
    [zlib.compress(bytes(3 * 37 * 28)), zlib.compress(bytes(3 * 37 * 29))[:-12], b"no deflate"],
    ids=["short", "cut", "other"],
)
def test_broken_strips_are_a_permanent_error(strip: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        render(made.tiff(SIZE, strip, compression=8), made.size())
    assert caught.value.reason is Reason.CORRUPT


def test_without_the_kernel_pillow_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "is_available", lambda: False)
    assert opened(tiff(picture("RGB"), "raw", 7)) is None
