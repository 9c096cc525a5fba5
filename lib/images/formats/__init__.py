"""Detects a file's format by its first bytes, and reads its header.

Names and Content-Types are ignored. Only the formats listed here can reach a decoder.
"""

from collections.abc import Callable

from lib.errors import PermanentError, Reason
from lib.images.formats import bmp, gif, isobmff, jpeg, others, png, tiff, webp
from lib.images.header import Header
from lib.plurals import pluralize

_Reader = Callable[[bytes], Header]

_MAGIC: dict[bytes, _Reader] = {
    b"\xff\xd8\xff": jpeg.read,
    b"\x89PNG\r\n\x1a\n": png.read,
    b"GIF87a": gif.read,
    b"GIF89a": gif.read,
    b"II*\0": tiff.read,
    b"MM\0*": tiff.read,
    b"II+\0": tiff.read,
    b"MM\0+": tiff.read,
    b"BM": bmp.read,
}


def read_header(source: bytes) -> Header:
    """Reads a photo's header; raises PermanentError for other files and truncated headers."""
    if not source:
        raise PermanentError(Reason.EMPTY, "the file is empty, it has no bytes: upload it again")
    reader = _find_reader(source)
    if reader is not None:
        return reader(source)
    if any(magic.startswith(source) for magic in _MAGIC):
        raise PermanentError(
            Reason.TRUNCATED,
            f"the file breaks off after {pluralize(len(source), 'byte')}: upload it again",
        )
    raise PermanentError(Reason.UNSUPPORTED, f"the file is {others.describe(source)}")


def _find_reader(source: bytes) -> _Reader | None:
    if source[:4] == b"RIFF" and source[8:12] == b"WEBP":
        return webp.read
    if source[4:8] == b"ftyp":
        return isobmff.read if isobmff.is_photo(source) else None
    return next((reader for magic, reader in _MAGIC.items() if source.startswith(magic)), None)
