"""Detects a file's format by its first bytes, and reads its header.

Names and Content-Types are ignored. Only the formats listed here can reach a decoder.
"""

from collections.abc import Callable

from lib.errors import PermanentError, Reason
from lib.images.formats import bmp, gif, isobmff, jpeg, others, png, tiff, webp
from lib.images.header import Codec, Header
from lib.plurals import pluralize

_Reader = Callable[[bytes], Header]

_MAGIC: dict[bytes, Codec] = {
    b"\xff\xd8\xff": Codec.JPEG,
    b"\x89PNG\r\n\x1a\n": Codec.PNG,
    b"GIF87a": Codec.GIF,
    b"GIF89a": Codec.GIF,
    b"II*\0": Codec.TIFF,
    b"MM\0*": Codec.TIFF,
    b"II+\0": Codec.TIFF,
    b"MM\0+": Codec.TIFF,
    b"BM": Codec.BMP,
}
_READERS: dict[Codec, _Reader] = {
    Codec.JPEG: jpeg.read,
    Codec.PNG: png.read,
    Codec.GIF: gif.read,
    Codec.WEBP: webp.read,
    Codec.TIFF: tiff.read,
    Codec.BMP: bmp.read,
    Codec.AVIF: isobmff.read,
    Codec.HEIC: isobmff.read,
}


def read_header(source: bytes) -> Header:
    """Reads a photo's header; raises PermanentError for other files and truncated headers."""
    if not source:
        raise PermanentError(Reason.EMPTY, "the file is empty, it has no bytes: upload it again")
    codec = _find_codec(source)
    if codec is not None:
        return _READERS[codec](source)
    if any(magic.startswith(source) for magic in _MAGIC):
        raise PermanentError(
            Reason.TRUNCATED,
            f"the file breaks off after {pluralize(len(source), 'byte')}: upload it again",
        )
    raise PermanentError(Reason.UNSUPPORTED, f"the file is {others.describe(source)}")


def detect_codec(start: bytes) -> Codec | None:
    """Returns the format of a photo by the first 256 bytes of its file; None for other files."""
    codec = _find_codec(start)
    # Two letters alone would make a BMP of every text that begins with them.
    return None if codec is Codec.BMP and not bmp.has_known_header(start) else codec


def _find_codec(source: bytes) -> Codec | None:
    if source[:4] == b"RIFF" and source[8:12] == b"WEBP":
        return Codec.WEBP
    if source[4:8] == b"ftyp":
        return isobmff.find_codec(source)
    return next((codec for magic, codec in _MAGIC.items() if source.startswith(magic)), None)
