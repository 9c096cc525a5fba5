"""Photos of one colour, made in code, and which colour a picture has."""

import io

from PIL import Image, ImageStat

from lib.errors import StepError

RED, BLUE = 0, 2
# Larger than most sizes, and some tens of kilobytes.
_PIXELS = (1600, 1200)
# What photos can be made as: the first that a stage takes is used.
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def make_photo(colour: int, content_type: str) -> bytes:
    """Make a photo in which one channel is the brightest everywhere."""
    bright = (
        Image.radial_gradient("L").resize(_PIXELS).point(lambda value: 155 + value * 100 // 255)
    )
    dark = Image.linear_gradient("L").resize(_PIXELS).point(lambda value: value * 100 // 255)
    bands = [dark, dark, dark]
    bands[colour] = bright
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, FORMATS[content_type])
    return out.getvalue()


def read_picture(data: bytes) -> Image.Image:
    """Decode a picture whole; StepError if it is none."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    # Decoders throw what they like at bytes that are no picture.
    except Exception as error:
        raise StepError(f"{len(data):,} bytes that are no picture: {error}") from error
    return image


def has_colour(image: Image.Image, colour: int) -> bool:
    """Whether a picture was made of the photo of this colour."""
    means = ImageStat.Stat(image.convert("RGB")).mean
    return means[colour] == max(means)
