"""Composes the partial frames of GIF and APNG to whole images.

Pillow composes them in the mode of the first frame: if that has no alpha, alpha is lost, and if
that is grey, a GIF's colours are. So each part is decoded as a file of its own.
"""

from collections.abc import Iterator

from PIL import Image

from lib.images import colour, decode
from lib.images.parts import Disposal, Part, Parts


def compose(parts: Parts) -> Iterator[tuple[Image.Image, int]]:
    """Yields each whole image and its milliseconds; the next step overwrites the image."""
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
    image = colour.to_8_bits(image).convert(canvas.mode)
    if part.blend and canvas.mode == "RGBA":
        canvas.alpha_composite(image, part.corner)
    else:
        canvas.paste(image, part.corner)


def _box(part: Part) -> tuple[int, int, int, int]:
    left, top = part.corner
    return left, top, left + part.header.width, top + part.header.height
