"""Writes animated GIFs.

Pillow's writer compares what is transparent by its colour, and then leaves out pixels; and it
joins equal frames for longer than the format can tell.
"""

import io
import struct
from typing import NamedTuple

from PIL import Image, ImageChops

# Hundredths of a second, and plays after the first, are 16 bits.
LONGEST = 655_350
_MOST_PLAYS = 65_536
_LOCAL_PALETTE = 0x80
# How a frame leaves the canvas for the next one.
_KEEP, _CLEAR = 1, 2
_PIXEL = (0, 0, 1, 1)


class _Frame(NamedTuple):
    """What is drawn of a picture, and for how long."""

    image: Image.Image
    box: tuple[int, int, int, int]
    milliseconds: int


def write_gif(pictures: list[Image.Image], milliseconds: list[int], plays: int) -> bytes:
    """Pictures with palettes as a file; `plays` is how often they are shown, 0 for ever.

    A transparent colour is in each picture's `info`, or in none's.
    """
    transparent = pictures[0].info.get("transparency")
    frames = _frames(pictures, milliseconds, transparent)
    out = [_header(pictures[0]), _loop(plays)]
    for number, frame in enumerate(frames):
        out.append(_frame(frame, transparent, local=number > 0))
    return b"".join([*out, b";"])


def _frames(
    pictures: list[Image.Image], milliseconds: list[int], transparent: int | None
) -> list[_Frame]:
    """What changes from one picture to the next; equal ones are joined as far as time allows."""
    frames: list[_Frame] = []
    before: Image.Image | None = None
    for picture, time in zip(pictures, milliseconds, strict=True):
        # Of a copy: to add alpha, Pillow rewrites the palette.
        shown = picture.copy().convert("RGB" if transparent is None else "RGBA")
        box: tuple[int, int, int, int] | None = (0, 0, *picture.size)
        if before is not None:
            box = ImageChops.difference(shown, before).getbbox(alpha_only=False)
            if box is None and frames[-1].milliseconds + time <= LONGEST:
                frames[-1] = frames[-1]._replace(milliseconds=frames[-1].milliseconds + time)
                continue
            if transparent is not None:
                # What was there is cleared.
                box = shown.getchannel("A").getbbox()
        frames.append(_Frame(picture, box or _PIXEL, time))
        before = shown
    return frames


def _header(first: Image.Image) -> bytes:
    """The screen, with the first picture's palette for all."""
    return b"GIF89a" + _still(first)[0][6:]


def _loop(plays: int) -> bytes:
    """It counts the plays after the first; without it there is one."""
    if plays == 1:
        return b""
    again = max(0, min(plays, _MOST_PLAYS) - 1)
    return b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", again, 0)


def _frame(frame: _Frame, transparent: int | None, *, local: bool) -> bytes:
    head, data = _still(frame.image.crop(frame.box))
    disposal = _KEEP if transparent is None else _CLEAR
    flags = disposal << 2 | (transparent is not None)
    control = (0x21, 0xF9, 4, flags, round(frame.milliseconds / 10), transparent or 0, 0)
    left, top, right, bottom = frame.box
    palette, bits = (head[13:], _LOCAL_PALETTE | head[10] & 7) if local else (b"", 0)
    place = struct.pack("<cHHHHB", b",", left, top, right - left, bottom - top, bits)
    return struct.pack("<BBBBHBB", *control) + place + palette + data


def _still(image: Image.Image) -> tuple[bytes, bytes]:
    """A picture's screen with its palette, and its coded pixels, as Pillow writes them."""
    image.info = {}
    out = io.BytesIO()
    image.save(out, "GIF", interlace=0, optimize=False)
    data = out.getvalue()
    pixels = 13 + (6 << (data[10] & 7))
    return data[:pixels], data[pixels + 10 : -1]
