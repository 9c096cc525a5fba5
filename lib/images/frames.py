"""Composes the frames of GIF and APNG, which hold parts of pictures, into whole pictures.

Pillow composes them in the mode of the first frame: alpha is lost where that has none, and the
colours of a GIF where that is grey. So each part is decoded by itself, as a file of its own.
"""

from collections.abc import Iterator

from PIL import Image

from lib.images import colour, decode
from lib.images.parts import Disposal, Part, Parts


def composed(parts: Parts) -> Iterator[tuple[Image.Image, int]]:
    """Each whole picture, valid until the next is asked for, with its milliseconds."""
    mode = "RGBA" if len(parts.background) == 4 else "RGB"  # noqa: PLR2004  with alpha
    canvas = Image.new(mode, parts.size, parts.background)
    for part in parts.frames:
        before = canvas.copy() if part.disposal is Disposal.RESTORE else None
        _draw(part, canvas)
        yield canvas, part.milliseconds
        if part.disposal is Disposal.CLEAR:
            canvas.paste(parts.background, _box(part))
        elif before is not None:
            canvas = before


def _draw(part: Part, canvas: Image.Image) -> None:
    if not part.header.width or not part.header.height:
        return
    image = decode.load(decode.open_image(part.header), part.header)
    image = colour.in_8_bits(image).convert(canvas.mode)
    if part.over and canvas.mode == "RGBA":
        canvas.alpha_composite(image, part.corner)
    else:
        canvas.paste(image, part.corner)


def _box(part: Part) -> tuple[int, int, int, int]:
    left, top = part.corner
    return left, top, left + part.header.width, top + part.header.height
