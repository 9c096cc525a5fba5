"""Converts pixel modes to a few working modes, and colours to sRGB.

Before a resize, samples are reduced to 8 bits and premultiplied with alpha, which avoids dark
fringes around transparent parts. Profiles are applied after it, to far fewer pixels.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from lib.images import kernel

if TYPE_CHECKING:
    from PIL import ImageCms

# Modes that are resampled as they are. A lower-case "a" means premultiplied alpha.
WORKING = {"L", "RGB", "CMYK", "La", "RGBa"}
_STRAIGHT = {"La": "LA", "RGBa": "RGBA"}
_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
_DEEP = {"I;16": "L;16", "I;16L": "L;16", "I;16B": "L;16B"}
# Ranges of 32-bit and float samples; an image is taken to use the smallest that it fits into.
_RANGES = (1.0, 255.0, 65535.0, 2.0**31 - 1, 2.0**32 - 1)
# Rounding differences between sRGB profiles.
_TOLERANCE = 2
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def white_of(image: Image.Image) -> float:
    """Returns the sample value of white: of 32-bit or float samples estimated, else 255."""
    if image.mode not in ("I", "F"):
        return 255.0
    brightest = image.getextrema()[1]
    if not isinstance(brightest, (int, float)):
        return 255.0
    if image.mode == "I" and brightest <= 1:
        return 255.0
    return next((white for white in _RANGES if brightest <= white), brightest)


def to_working_mode(image: Image.Image, white: float = 255.0) -> Image.Image:
    """Converts an image to one of the WORKING modes."""
    image = to_8_bits(image)
    mode = image.mode
    if mode in ("I", "F"):
        image = image.convert("F").point(lambda sample: sample * (255.0 / white) + 0.5)
        image = image.convert("L")
    elif mode == "LAB":
        image = _from_lab(image)
    elif image.has_transparency_data:
        image = image.convert("LA" if mode in ("1", "L", "LA") else "RGBA")
    elif mode == "1":
        image = image.convert("L")
    elif mode not in WORKING:
        image = image.convert("RGB")
    if image.mode == "RGBA" and kernel.is_available():
        return kernel.premultiply(image)
    return image.convert(_PREMULTIPLIED[image.mode]) if image.mode in _PREMULTIPLIED else image


def to_8_bits(image: Image.Image) -> Image.Image:
    """Converts 16-bit grey to 8 bits; Pillow's own conversion would clip at 255."""
    if image.mode not in _DEEP:
        return image
    return Image.frombytes("L", image.size, image.tobytes(), "raw", _DEEP[image.mode])


def unpremultiply(image: Image.Image) -> Image.Image:
    """Converts premultiplied alpha to straight alpha; drops an alpha that is opaque throughout."""
    if image.mode not in _STRAIGHT:
        return image
    image = image.convert(_STRAIGHT[image.mode])
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("L" if image.mode == "LA" else "RGB")
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Converts colours of `profile` to sRGB, in L, RGB, LA or RGBA.

    A profile that is broken, or of another colour space than the pixels, is ignored.
    """
    colours, alpha = _split(image)
    transform = _transform(profile, colours.mode) if profile else None
    if transform is not None:
        converted = transform.apply(colours)
        colours = converted.convert("L") if colours.mode == "L" else converted
    elif colours.mode == "CMYK":
        colours = colours.convert("RGB")
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def is_srgb(profile: bytes | None) -> bool:
    """Returns whether `to_srgb` leaves colours of a profile, in RGB, as they are."""
    return not profile or _transform(profile, "RGB") is None


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if image.mode not in _PREMULTIPLIED:
        return image, None
    return image.convert("L" if image.mode == "LA" else "RGB"), image.getchannel("A")


# Photos of one camera share a profile; building a transform from a CMYK one takes 10 ms.
@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> "ImageCms.ImageCmsTransform | None":
    """Builds a transform from a profile to sRGB; None if it is not needed or not possible."""
    from PIL import ImageCms  # noqa: PLC0415  a photo without a profile needs no lcms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode]:
            return None
        transform = ImageCms.ImageCmsTransform(source, _srgb(), mode, "RGB")
    except (OSError, ImageCms.PyCMSError, ValueError):
        return None
    return None if mode == "RGB" and _is_identity(transform) else transform


def _srgb() -> "ImageCms.ImageCmsProfile":
    from PIL import ImageCms  # noqa: PLC0415  as above

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _is_identity(transform: "ImageCms.ImageCmsTransform") -> bool:
    """Returns whether the profile is sRGB, whatever its name: many photos have one."""
    steps = range(0, 256, 51)
    colours = bytes(value for r in steps for g in steps for b in steps for value in (r, g, b))
    chart = Image.frombytes("RGB", (len(colours) // 3, 1), colours)
    difference = ImageChops.difference(chart, transform.apply(chart)).getextrema()
    return all(isinstance(band, tuple) and band[1] <= _TOLERANCE for band in difference)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415  as above

    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return ImageCms.ImageCmsTransform(lab, _srgb(), "LAB", "RGB").apply(image)
