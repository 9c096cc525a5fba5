"""Pictures made in code, and ways to look at what was made of them."""

import gc
import io
import random
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from lib.images import Rendition, kernel, render
from lib.sizes import Size

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 160, 60), (30, 60, 200), (230, 200, 40)


def size(**options: Any) -> Size:
    return Size.model_validate({"width": 64, "height": 48, **options})


def photo(width: int = 128, height: int = 96) -> Image.Image:
    """Smooth, in four coloured corners, so that any turn or flip shows."""
    corners = Image.new("RGB", (2, 2))
    for at, colour in (((0, 0), RED), ((1, 0), GREEN), ((0, 1), BLUE), ((1, 1), YELLOW)):
        corners.putpixel(at, colour)
    return corners.resize((width, height), Image.Resampling.BILINEAR)


def noise(width: int, height: int) -> Image.Image:
    """The same grain each time."""
    grain = random.Random(1)  # noqa: S311  no secret
    return Image.frombytes("RGB", (width, height), grain.randbytes(width * height * 3))


def disc(width: int, height: int, centre: tuple[int, int], radius: int, colour: Any) -> Image.Image:
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    x, y = centre
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    import pillow_heif  # noqa: PLC0415

    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, **{"quality": 90, **options})
    return out.getvalue()


def source(image: Image.Image, format_: str, **options: Any) -> bytes:
    return heic(image, **options) if format_ == "HEIC" else encoded(image, format_, **options)


def decoded(data: bytes | Rendition) -> Image.Image:
    image = Image.open(io.BytesIO(data if isinstance(data, bytes) else data.data))
    image.load()
    return image


def rendered(data: bytes, **options: Any) -> Image.Image:
    return decoded(render(data, size(**options)))


@contextmanager
def costing_at_most(photos: float) -> Iterator[None]:
    """Fail if this takes more CPU time than it takes here to render so many photos of a megapixel.

    The garbage collector waits meanwhile: it would look through all that the tests have imported.
    """
    limit = photos * _cost_of_a_photo()
    gc.disable()
    start = time.process_time()
    try:
        yield
    finally:
        cost = time.process_time() - start
        gc.enable()
    assert cost < limit


@cache
def _cost_of_a_photo() -> float:
    photo = encoded(noise(1000, 1000), "PNG")
    costs = []
    for _ in range(3):
        start = time.process_time()
        render(photo, size())
        costs.append(time.process_time() - start)
    return min(costs)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of samples, of the worst band, of 255."""
    assert one.size == other.size
    bands = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(bands).mean)


def paletted(size: tuple[int, int], index: int, *boxes: tuple[Any, int]) -> Image.Image:
    """Indices into a palette: one all over, others in boxes."""
    image = Image.new("P", size, index)
    for box, other in boxes:
        image.paste(other, box)
    return image


def gif(
    size: tuple[int, int],
    *frames: tuple[Image.Image, dict[str, Any]],
    loop: int | None = None,
    palette: Sequence[tuple[int, int, int]] = (RED, GREEN, BLUE, YELLOW),
) -> bytes:
    """A GIF of frames of indices, written as they are.

    Each has `at`, `disposal`, `transparent`, `time` (in hundredths of a second) and a `palette`.
    """
    out = [struct.pack("<6sHHBBB", b"GIF89a", *size, *_table(palette)[:1], 0, 0)]
    out += [_table(palette)[1]]
    if loop is not None:
        out += [b"!\xff\x0bNETSCAPE2.0\x03\x01", struct.pack("<HB", loop, 0)]
    for image, facts in frames:
        hidden, own = facts.get("transparent"), facts.get("palette")
        flags, table = _table(own) if own else (0, b"")
        first = facts.get("disposal", 0) << 2 | (hidden is not None)
        out += [struct.pack("<3sBHBB", b"!\xf9\4", first, facts.get("time", 5), hidden or 0, 0)]
        out += [struct.pack("<cHHHHB", b",", *facts.get("at", (0, 0)), *image.size, flags), table]
        # One bit more than the indices have, and no code longer: an LZW that never grows.
        codes = [index for pixel in image.tobytes() for index in (_CLEAR, pixel)] + [_CLEAR + 1]
        bits = sum(code << 9 * place for place, code in enumerate(codes))
        data = bits.to_bytes((9 * len(codes) + 7) // 8, "little")
        blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
        out += [b"\x08", *(bytes([len(block)]) + block for block in blocks), b"\0"]
    return b"".join(out) + b";"


_CLEAR = 256


def _table(palette: Sequence[tuple[int, int, int]]) -> tuple[int, bytes]:
    """Flags that announce a palette of a power of two colours, and its bytes."""
    flags = 0x80 | len(palette).bit_length() - 2
    return flags, b"".join(bytes(colour) for colour in palette)


def apng(
    size: tuple[int, int], *frames: tuple[Image.Image, dict[str, Any]], plays: int = 0
) -> bytes:
    """An APNG of frames of one mode, written as they are.

    Each has `at`, `disposal`, `blend` and `time` (a fraction of a second).
    """
    out, number = [chunk(b"acTL", struct.pack(">LL", len(frames), plays))], 0
    shared = b""
    for image, facts in frames:
        chunks = split(encoded(image, "PNG"))
        if not number:
            header = chunks[0][1][8:13]
            shared = b"".join(chunk(name, data) for name, data in chunks if name in _SHARED)
        control = struct.pack(
            ">LLLLLHHBB",
            *(number, *image.size, *facts.get("at", (0, 0)), *facts.get("time", (50, 1000))),
            *(facts.get("disposal", 0), facts.get("blend", 0)),
        )
        out += [chunk(b"fcTL", control)]
        number += 1
        pixels = b"".join(data for name, data in chunks if name == b"IDAT")
        if number == 1:
            out += [chunk(b"IDAT", pixels)]
        else:
            out += [chunk(b"fdAT", struct.pack(">L", number) + pixels)]
            number += 1
    first = chunk(b"IHDR", struct.pack(">LL", *size) + header)
    return b"\x89PNG\r\n\x1a\n" + first + shared + b"".join(out) + chunk(b"IEND", b"")


_SHARED = {b"PLTE", b"tRNS"}


def split(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and data of a PNG's chunks."""
    found, at = [], 8
    while at < len(data):
        length, name = struct.unpack_from(">L4s", data, at)
        found.append((name, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", checksum)


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of any header, with chunks in front of what may not be pixels at all."""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """A PNG with more chunks behind its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def tiff(
    size: tuple[int, int], *strips: bytes, order: str = "<", **tags: int | Sequence[int]
) -> bytes:
    """A TIFF of any tags, by name, with a strip for each plane; of 8-bit RGB unless they differ."""
    offsets = [8 + sum(map(len, strips[:number])) for number in range(len(strips))]
    facts: dict[int, int | Sequence[int]] = {256: size[0], 257: size[1], 278: size[1]}
    facts |= {_TIFF_TAGS[name]: value for name, value in {**_RGB, **tags}.items()}
    facts |= {273: offsets, 279: [len(strip) for strip in strips]}
    body = b"".join(strips)
    values_at = 8 + len(body) + 2 + 12 * len(facts) + 4
    entries = values = b""
    for tag, value in sorted(facts.items()):
        numbers = [value] if isinstance(value, int) else value
        packed = struct.pack(f"{order}{len(numbers)}L", *numbers)
        if len(packed) > 4:
            packed, values = struct.pack(order + "L", values_at + len(values)), values + packed
        entries += struct.pack(order + "HHL", tag, 4, len(numbers)) + packed
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, 8 + len(body))
    return head + body + struct.pack(order + "H", len(facts)) + entries + bytes(4) + values


_TIFF_TAGS = {
    **{"bits": 258, "compression": 259, "photometric": 262, "samples": 277, "planes": 284},
    **{
        "fill_order": 266,
        "predictor": 317,
        "palette": 320,
        "extra": 338,
        "format": 339,
        "subsampling": 530,
    },
}
_RGB: dict[str, int | Sequence[int]] = {
    "bits": (8, 8, 8),
    "compression": 1,
    "photometric": 2,
    "samples": 3,
}


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments behind its start."""
    return data[:2] + b"".join(segments) + data[2:]


def exif(orientation: int) -> bytes:
    """An EXIF block that says how a photo lies, and where it was taken."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "SECRET CAMERA"
    block.get_ifd(0x8825)[1] = "N"
    return block.tobytes()


def count_decoded_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns a list that gets the number of pixels each time that the kernel reads rows."""
    pixels: list[int] = []
    read = kernel.read_rows

    def recorded(*given: Any) -> None:
        pixels.append(given[-1].width * given[-1].height)
        read(*given)

    monkeypatch.setattr(kernel, "read_rows", recorded)
    return pixels
