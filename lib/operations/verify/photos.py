"""Makes photos of one colour, and checks an image's colour."""

import io

from PIL import Image, ImageStat

from lib.errors import StepError

# Names of the photos in a verification's folder. The second has spaces, `+` and what else is
# spelled differently by browsers, S3, CloudFront and us; nobody requests the last one before the
# step that renders it on demand, so that no cache has it.
PHOTO, ODD_NAME = "photo", "a (1)+é~'!.jpg"
FETCHED, BROKEN = "fetched", "broken"
UNSEEN = f"unseen {ODD_NAME}"
NAMES = (PHOTO, ODD_NAME, FETCHED, BROKEN, UNSEEN)
RED, BLUE = 0, 2
# Larger than most sizes, and some tens of kilobytes.
_PIXELS = (1600, 1200)
# Types to make photos as: the first that the stage accepts is used.
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def make_photo(colour: int, content_type: str) -> bytes:
    """Makes a photo in which one channel is the brightest everywhere."""
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
    """Decodes an image completely; StepError if that fails."""
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    # Decoders raise any exception for bytes that are no image.
    except Exception as error:
        raise StepError(f"{len(data):,} bytes that are no picture: {error}") from error
    return image


def has_colour(image: Image.Image, colour: int) -> bool:
    """Returns whether the image shows the photo of this colour."""
    means = ImageStat.Stat(image.convert("RGB")).mean
    return means[colour] == max(means)
