"""All frames of an animation, each one finished like a still.

Pillow puts the frames together (what stays of the one before, what is wiped); we take each as a
whole picture, so that scaling cannot open seams between their parts.
"""

from typing import NamedTuple

from PIL import ImageFile

from lib.images import decode, geometry, limits
from lib.images.geometry import Focus
from lib.images.header import Codec, Header
from lib.images.picture import Picture, attended, finished
from lib.sizes import Size


class Film(NamedTuple):
    """Finished frames, how long each is shown, and how often all are (0: for ever)."""

    pictures: list[Picture]
    milliseconds: list[int]
    plays: int


def film(header: Header, size: Size, focus: Focus | None = None) -> Film:
    """Decode, resize and finish every frame; PermanentError for more than the budget allows.

    A crop is laid around `focus` in all of them.
    """
    plan = geometry.fit(size, *header.upright)
    limits.check(header, size, plan.canvas)
    limits.check_frames(header, size, plan.canvas)
    with decode.decoding(header):
        image = decode.open_image(header, moving=True)
        header = decode.as_told_by(image, header)
        plan = geometry.fit(size, *header.upright)
        limits.check(header, size, plan.canvas)
        return _film(image, header, plan, size, focus)


def _film(
    image: ImageFile.ImageFile,
    header: Header,
    plan: geometry.Geometry,
    size: Size,
    focus: Focus | None,
) -> Film:
    made = Film([], [], _plays(image, header))
    # A PNG may hold a picture for viewers that show no animation; it is not part of that.
    first = 1 if header.codec is Codec.PNG and image.info.get("default_image") else 0
    for number in range(first, first + header.frames):
        image.seek(number)
        image.load()
        if number == first:
            # One crop for all frames, or what is shown would jump.
            plan = attended(image, header, plan, size, focus)
        made.pictures.append(finished(image, header, plan))
        made.milliseconds.append(round(image.info.get("duration", 0)))
    return made


def _plays(image: ImageFile.ImageFile, header: Header) -> int:
    """How often it plays: a GIF counts the times after the first, and says nothing for once."""
    loop = image.info.get("loop")
    if header.codec is Codec.GIF:
        return 1 if loop is None else loop + 1 if loop else 0
    return int(loop or 0)
