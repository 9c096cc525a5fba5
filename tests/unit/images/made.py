"""Pictures made in code, and ways to look at what was made of them."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageStat

from lib.images import Rendition, render
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
    state, values = 1, bytearray()
    for _ in range(width * height * 3):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        values.append(state >> 16 & 255)
    return Image.frombytes("RGB", (width, height), bytes(values))


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


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of samples, of the worst band, of 255."""
    assert one.size == other.size
    bands = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(bands).mean)


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
