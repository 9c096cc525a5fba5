"""Decodes pixels with the one decoder that the file's first bytes select.

The plugins' classes are used directly: `Image.open` would load five of them at the first call, try
others, warn about sizes that are checked already, and open a phone's JPEG as an MPO.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from math import ceil

from PIL import Image, ImageChops, ImageFile

from lib.errors import PermanentError
from lib.images import colour, exif, item_transforms, webp_decoder
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Box
from lib.images.header import Codec, Header, truncated, unsupported
from lib.images.splice import Spliced

# Imported on first use: a function that renders only JPEGs does not import the others.
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
# Resampling a crop also reads rows below it: Lanczos' radius is 3 output pixels, and chroma is
# upsampled from the next block.
_LANCZOS_RADIUS, _BLOCK = 3, 16
# Samples that libjpeg fills in if a scan ends early: coefficients of 0 are mid-grey, or its inverse
# in CMYK.
_FILLED = {127, 128}
# Entropy-coded data without a marker that do not decode to mid-grey.
_FILLER = bytes(range(1, 255)) * 16


@contextmanager
def decoding(header: Header) -> Iterator[None]:
    """Raises PermanentError for any error of a decoder, except MemoryError."""
    try:
        yield
    except (MemoryError, PermanentError):
        raise
    except Exception as error:
        raise header.undecodable(_describe(error)) from error


def _describe(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def open_image(header: Header) -> ImageFile.ImageFile:
    """Opens the file in Pillow without decoding pixels."""
    module, name = _PLUGINS[header.codec]
    opener = getattr(import_module(module), name)
    try:
        image: ImageFile.ImageFile = opener(header.stream())
    except SyntaxError as error:
        # A complete TIFF may have a layout of samples that Pillow has no mode for.
        if header.codec is Codec.TIFF and header.complete:
            cause = f"laid out in a rare way ({_describe(error)})"
            raise unsupported(header.codec, cause) from error
        raise
    if header.transparent_colour is not None and not header.deep:
        key = header.transparent_colour
        image.info["transparency"] = key[0] if len(key) == 1 else key
    return image


def load(image: ImageFile.ImageFile, header: Header) -> Image.Image:
    """Decodes the pixels of an opened file.

    Inverts negative grey, turns a transparent colour of 16 bits into alpha, and crops an AVIF.
    """
    image.load()
    if header.visible:
        return image.crop(header.visible)
    if header.negative:
        return ImageChops.invert(colour.to_8_bits(image))
    key = header.transparent_colour
    if key is None or not header.deep:
        return image
    high = colour.to_8_bits(image)
    low = _read_low_bytes(image, header)
    transparent = Image.new("L", image.size, 255)
    for half, shift in ((high, 8), (low, 0)):
        for band, sample in zip(half.split(), key, strict=True):
            transparent = ImageChops.darker(transparent, _equal(band, sample >> shift & 255))
    high.putalpha(ImageChops.invert(transparent))
    return high


def _read_low_bytes(image: Image.Image, header: Header) -> Image.Image:
    """Returns the low byte of each 16-bit sample, which Pillow drops from RGB."""
    if image.mode != "RGB":
        return Image.frombytes("L", image.size, image.tobytes(), "raw", "L;16B")
    again = open_image(header)
    # Read as little-endian, Pillow keeps the other byte.
    again.tile = [tile._replace(args="RGB;16L") for tile in again.tile]
    again.load()
    return again


def load_scaled(
    image: ImageFile.ImageFile, header: Header, shrink: float
) -> tuple[Image.Image, int]:
    """Decodes an opened file for a resize by `shrink`; returns the pixels and their divisor."""
    if header.codec is Codec.WEBP:
        decoded = webp_decoder.decode(image, header.parts[0], shrink)
        if decoded is not None:
            return decoded
    return load(image, header), 1


def _equal(band: Image.Image, value: int) -> Image.Image:
    """Returns a mask: 255 where the band has this value, else 0."""
    return band.point([255 * (sample == value) for sample in range(256)])


def complete_header(image: ImageFile.ImageFile, header: Header) -> Header:
    """Adds the decoder's size, orientation and profile to the header of an AVIF or HEIC."""
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
    """Returns the divisor at which libjpeg decodes for a resize by `shrink`, by sharp's rule.

    The decoded image stays larger than the result, and twice as large if the factor is exact:
    libjpeg's own scaling is coarse.
    """
    scale = next((scale for scale in _SCALES if shrink >= scale), 1)
    return scale // 2 if scale > 1 and int(shrink) == scale else scale


def cut_jpeg(header: JpegHeader, crop: Box, height: int) -> JpegHeader:
    """Returns the header of a JPEG that ends below what a resize of `crop` to `height` reads."""
    shrink = max(1, (crop[3] - crop[1]) / height)
    rows = ceil(crop[3] + _LANCZOS_RADIUS * shrink) + _BLOCK
    rows += -rows % _BLOCK
    return header.first_rows(rows) if header.single_scan and rows < header.height else header


def load_jpeg(header: JpegHeader, crop: Box, height: int, shrink: float) -> tuple[Image.Image, int]:
    """Decodes a JPEG down to what a resize of `crop` to `height` reads.

    Returns the pixels and their divisor, which `shrink` allows.
    """
    scale = jpeg_scale(shrink)
    header = cut_jpeg(header, crop, height)
    image = _decode_jpeg(header, header.stream(), scale)
    if _ends_in_grey(image) and not _is_scan_complete(image, header, scale):
        raise truncated(Codec.JPEG)
    return image, scale


def _decode_jpeg(
    header: JpegHeader, stream: io.BufferedIOBase | io.RawIOBase, scale: int
) -> Image.Image:
    plugin = import_module("PIL.JpegImagePlugin")
    image: ImageFile.ImageFile = plugin.JpegImageFile(stream)
    if scale > 1:
        image.draft(None, (max(1, header.width // scale), max(1, header.height // scale)))
    image.load()
    return image


def _ends_in_grey(image: Image.Image) -> bool:
    """Returns whether the last pixel may be libjpeg's filling for missing data."""
    last = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    return all(sample in _FILLED for sample in last.tobytes())


def _is_scan_complete(image: Image.Image, header: JpegHeader, scale: int) -> bool:
    """Returns whether more data before the end marker changes nothing.

    libjpeg reports missing data as a warning, which Pillow drops: the variant of a photo that was
    truncated and then closed would be half grey.
    """
    head, scan = header.parts
    end = bytes(scan).find(b"\xff\xd9")
    stream = Spliced(head, memoryview(scan)[:end], _FILLER, memoryview(scan)[end:])
    again = _decode_jpeg(header, stream, scale)
    return ImageChops.difference(image, again).getbbox() is None
