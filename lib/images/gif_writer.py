"""Writes animated GIFs.

Pillow's writer compares transparent pixels by their colours, and then omits pixels; and it joins
equal frames to a longer duration than the format allows.
"""

import io
import struct
from typing import NamedTuple

from PIL import Image, ImageChops

# Milliseconds, and plays: hundredths of a second and repeats have 16 bits.
LONGEST = 655_350
_MAX_PLAYS = 65_536
_LOCAL_PALETTE = 0x80
# Disposal methods.
_KEEP, _CLEAR = 1, 2
_PIXEL = (0, 0, 1, 1)


class _Frame(NamedTuple):
    """The part of an image that is drawn, and its duration."""

    image: Image.Image
    box: tuple[int, int, int, int]
    milliseconds: int


def write_gif(images: list[Image.Image], milliseconds: list[int], plays: int) -> bytes:
    """Encodes images with palettes as an animation; `plays` 0 is for ever.

    Either all images have a transparent colour in their `info`, or none has.
    """
    transparent = images[0].info.get("transparency")
    frames = _find_changes(images, milliseconds, transparent)
    out = [_header(images[0]), _loop(plays)]
    for number, frame in enumerate(frames):
        out.append(_frame(frame, transparent, local=number > 0))
    return b"".join([*out, b";"])


def _find_changes(
    images: list[Image.Image], milliseconds: list[int], transparent: int | None
) -> list[_Frame]:
    """Reduces images to what changes; joins equal ones up to the longest duration."""
    frames: list[_Frame] = []
    before: Image.Image | None = None
    for image, time in zip(images, milliseconds, strict=True):
        # A copy, because Pillow rewrites the palette to add alpha.
        shown = image.copy().convert("RGB" if transparent is None else "RGBA")
        box: tuple[int, int, int, int] | None = (0, 0, *image.size)
        if before is not None:
            box = ImageChops.difference(shown, before).getbbox(alpha_only=False)
            if box is None and frames[-1].milliseconds + time <= LONGEST:
                frames[-1] = frames[-1]._replace(milliseconds=frames[-1].milliseconds + time)
                continue
            if transparent is not None:
                # The frame before is cleared.
                box = shown.getchannel("A").getbbox()
        frames.append(_Frame(image, box or _PIXEL, time))
        before = shown
    return frames


def _header(first: Image.Image) -> bytes:
    """Returns the screen descriptor, with the first image's palette as the global one."""
    return b"GIF89a" + _encode(first)[0][6:]


def _loop(plays: int) -> bytes:
    """Returns the extension with the repeats after the first play; empty for one play."""
    if plays == 1:
        return b""
    repeats = max(0, min(plays, _MAX_PLAYS) - 1)
    return b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", repeats, 0)


def _frame(frame: _Frame, transparent: int | None, *, local: bool) -> bytes:
    head, data = _encode(frame.image.crop(frame.box))
    disposal = _KEEP if transparent is None else _CLEAR
    flags = disposal << 2 | (transparent is not None)
    control = (0x21, 0xF9, 4, flags, round(frame.milliseconds / 10), transparent or 0, 0)
    left, top, right, bottom = frame.box
    palette, bits = (head[13:], _LOCAL_PALETTE | head[10] & 7) if local else (b"", 0)
    descriptor = struct.pack("<cHHHHB", b",", left, top, right - left, bottom - top, bits)
    return struct.pack("<BBBBHBB", *control) + descriptor + palette + data


def _encode(image: Image.Image) -> tuple[bytes, bytes]:
    """Returns Pillow's screen descriptor with the palette, and its coded pixels."""
    image.info = {}
    out = io.BytesIO()
    image.save(out, "GIF", interlace=0, optimize=False)
    data = out.getvalue()
    pixels = 13 + (6 << (data[10] & 7))
    return data[:pixels], data[pixels + 10 : -1]
