"""Detects a file's format by its first bytes, and reads its header.

Names and Content-Types are ignored. Only the formats listed here can reach a decoder.
"""

from collections.abc import Callable

from lib.errors import PermanentError, Reason
from lib.images.formats import bmp, gif, isobmff, jpeg, png, tiff, webp
from lib.images.header import Header, list_formats
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
# Other files that people upload as photos, for messages.
_OTHERS = {
    b"%PDF": "a PDF document",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"<svg": "an SVG drawing",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
    b"8BPS": "a Photoshop document",
    b"PK\x03\x04": "a ZIP archive",
}


def read_header(source: bytes) -> Header:
    """Reads a photo's header; raises PermanentError for other files and truncated headers."""
    if not source:
        raise PermanentError(Reason.EMPTY, "the file has no bytes: upload it again")
    reader = _find_reader(source)
    if reader is not None:
        return reader(source)
    if any(magic.startswith(source) for magic in _MAGIC):
        raise PermanentError(
            Reason.TRUNCATED,
            f"the file breaks off after {pluralize(len(source), 'byte')}: upload it again",
        )
    raise PermanentError(
        Reason.UNSUPPORTED,
        f"the file is {_describe(source)}: upload a {list_formats()}",
    )


def _find_reader(source: bytes) -> _Reader | None:
    if source[:4] == b"RIFF" and source[8:12] == b"WEBP":
        return webp.read
    if source[4:8] == b"ftyp":
        return isobmff.read if isobmff.is_photo(source) else None
    return next((reader for magic, reader in _MAGIC.items() if source.startswith(magic)), None)


def _describe(source: bytes) -> str:
    start = source[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for magic, name in _OTHERS.items():
        if start.startswith(magic.lower()):
            return name
    return "not a picture that can be read"
