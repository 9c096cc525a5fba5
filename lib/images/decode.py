"""From a header to pixels, with exactly one decoder: the one that the file's first bytes name.

The plugins' classes are used directly. `Image.open` would load five of them at the first call,
try others, warn about sizes that are checked here already, and make an MPO of a phone's JPEG.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from math import ceil

from PIL import Image, ImageChops, ImageFile

from lib.errors import PermanentError
from lib.images import colour, exif, item_transforms
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Box
from lib.images.header import Codec, Header, truncated, unsupported
from lib.images.splice import Spliced

# Loaded on first use: a function that only sees JPEGs never pays for the others.
_PLUGINS = {
    Codec.JPEG: ("PIL.JpegImagePlugin", "JpegImageFile"),
    Codec.PNG: ("PIL.PngImagePlugin", "PngImageFile"),
    Codec.GIF: ("PIL.GifImagePlugin", "GifImageFile"),
    Codec.WEBP: ("PIL.WebPImagePlugin", "WebPImageFile"),
    Codec.TIFF: ("PIL.TiffImagePlugin", "TiffImageFile"),
    Codec.BMP: ("PIL.BmpImagePlugin", "BmpImageFile"),
    Codec.AVIF: ("PIL.AvifImagePlugin", "AvifImageFile"),
    Codec.HEIC: ("pillow_heif", "HeifImageFile"),
}
_SCALES = (8, 4, 2)
# Rows below a crop that its last ones are still resampled from: Lanczos reaches 3 output pixels
# far, and chroma is upsampled from the next block.
_REACH, _BLOCK = 3, 16
# What libjpeg fills in where a scan ends too early: all coefficients 0, which is mid-grey, or its
# inverse where ink is stored.
_FILLED = {127, 128}
# Entropy-coded bytes that decode to anything but mid-grey, without a marker in them.
_FILLER = bytes(range(1, 255)) * 16


@contextmanager
def decoding(header: Header) -> Iterator[None]:
    """Make whatever a decoder throws a PermanentError; MemoryError says nothing of the file."""
    try:
        yield
    except (MemoryError, PermanentError):
        raise
    except Exception as error:
        raise header.undecodable(_told(error)) from error


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def open_image(header: Header) -> ImageFile.ImageFile:
    """The file as Pillow sees it, pixels still undecoded."""
    module, name = _PLUGINS[header.codec]
    opener = getattr(import_module(module), name)
    try:
        image: ImageFile.ImageFile = opener(header.stream())
    except SyntaxError as error:
        # A TIFF whose tags are all there can be laid out in more ways than Pillow has modes for.
        if header.codec is Codec.TIFF and header.complete:
            raise unsupported(header.codec, f"laid out in a rare way ({_told(error)})") from error
        raise
    if header.transparent_colour is not None and not header.deep:
        key = header.transparent_colour
        image.info["transparency"] = key[0] if len(key) == 1 else key
    return image


def load(image: ImageFile.ImageFile, header: Header) -> Image.Image:
    """The pixels of a file that is open, as they are seen.

    Grey that is stored as a negative is inverted; a transparent colour of 16 bits becomes alpha;
    an AVIF is cropped.
    """
    image.load()
    if header.visible:
        return image.crop(header.visible)
    if header.negative:
        return ImageChops.invert(colour.in_8_bits(image))
    key = header.transparent_colour
    if key is None or not header.deep:
        return image
    high = colour.in_8_bits(image)
    low = _low_bytes(image, header)
    hidden = Image.new("L", image.size, 255)
    for picture, shift in ((high, 8), (low, 0)):
        for band, sample in zip(picture.split(), key, strict=True):
            hidden = ImageChops.darker(hidden, _equal(band, sample >> shift & 255))
    high.putalpha(ImageChops.invert(hidden))
    return high


def _low_bytes(image: Image.Image, header: Header) -> Image.Image:
    """The lesser half of each 16-bit sample, which Pillow drops where there are three."""
    if image.mode != "RGB":
        return Image.frombytes("L", image.size, image.tobytes(), "raw", "L;16B")
    again = open_image(header)
    # Samples are stored with their high byte first; as if it were last, Pillow keeps the other.
    again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]
    again.load()
    return again


def _equal(band: Image.Image, value: int) -> Image.Image:
    """255 where the band has this value, else 0."""
    return band.point([255 * (sample == value) for sample in range(256)])


def as_told_by(image: ImageFile.ImageFile, header: Header) -> Header:
    """The header with what only a decoder could tell: AVIF's and HEIC's sizes and profiles."""
    orientation, visible = header.orientation, None
    width, height = image.size
    if header.transforms:
        visible, orientation = item_transforms.apply(header.transforms, image.size)
        width, height = visible[2] - visible[0], visible[3] - visible[1]
    elif header.codec is Codec.AVIF:
        orientation = exif.orientation(image.info.get("exif", b""))
    return replace(
        header,
        width=width,
        height=height,
        visible=visible,
        orientation=orientation,
        profile=header.profile or image.info.get("icc_profile"),
    )


def jpeg_scale(shrink: float) -> int:
    """At which part (its divisor) libjpeg may decode for a resize by `shrink`, by sharp's rule.

    What is decoded stays larger than what is made of it, and where the factor is met exactly
    twice as large: libjpeg's own scaling is a coarse one.
    """
    scale = next((scale for scale in _SCALES if shrink >= scale), 1)
    return scale // 2 if scale > 1 and int(shrink) == scale else scale


def load_jpeg(header: JpegHeader, crop: Box, shrink: float) -> tuple[Image.Image, int]:
    """The pixels of a JPEG down to the bottom of `crop`, and the divisor they were decoded at."""
    scale = jpeg_scale(shrink)
    rows = ceil(crop[3] + _REACH * shrink) + _BLOCK
    rows += -rows % _BLOCK
    if header.single_scan and rows < header.height:
        header = header.first_rows(rows)
    image = _drafted(header, header.stream(), scale)
    if _ends_in_grey(image) and not _same_with_more_data(image, header, scale):
        raise truncated(Codec.JPEG)
    return image, scale


def _drafted(
    header: JpegHeader, stream: io.BufferedIOBase | io.RawIOBase, scale: int
) -> Image.Image:
    plugin = import_module("PIL.JpegImagePlugin")
    image: ImageFile.ImageFile = plugin.JpegImageFile(stream)
    if scale > 1:
        image.draft(None, (max(1, header.width // scale), max(1, header.height // scale)))
    image.load()
    return image


def _ends_in_grey(image: Image.Image) -> bool:
    """Whether the last pixel is what libjpeg makes up for data that is missing."""
    last = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    return all(sample in _FILLED for sample in last.tobytes())


def _same_with_more_data(image: Image.Image, header: JpegHeader, scale: int) -> bool:
    """Whether the scan was complete: then data in front of the end marker changes nothing.

    libjpeg reports missing data as a warning, and Pillow passes none on. A photo that was cut
    and closed again would come out half grey.
    """
    head, scan = header.parts
    end = bytes(scan).find(b"\xff\xd9")
    stream = Spliced(head, memoryview(scan)[:end], _FILLER, memoryview(scan)[end:])
    again = _drafted(header, stream, scale)
    return ImageChops.difference(image, again).getbbox() is None
