"""Recognizes files that people upload as photos and that are none, for messages."""

from typing import NamedTuple

from lib.images.header import list_formats


class _Kind(NamedTuple):
    name: str
    cure: str


_SVG = _Kind("an SVG drawing", "export it as an image and upload")
_PDF = _Kind("a PDF document", "export the page as an image and upload")
_POSTSCRIPT = _Kind("PostScript", "export it as an image and upload")
_WEB_PAGE = _Kind("a web page", "it may have been saved in place of the photo; upload")
_VIDEO = _Kind("a video", "take a still from it and upload")
_ARCHIVE = _Kind("an archive", "unpack it and upload each photo as")
_OTHER_FORMAT = "export it anew and upload"
# In lower case: texts may have any.
_KINDS = {
    b"%pdf": _PDF,
    b"%!ps": _POSTSCRIPT,
    b"\xc5\xd0\xd3\xc6": _POSTSCRIPT,
    b"<svg": _SVG,
    b"<!doctype svg": _SVG,
    b"<!doctype html": _WEB_PAGE,
    b"<html": _WEB_PAGE,
    b"<?xml": _Kind("XML", "upload"),
    b"8bps": _Kind("a Photoshop document", _OTHER_FORMAT),
    b"\xff\x0a": _Kind("JPEG XL", _OTHER_FORMAT),
    b"\0\0\0\x0cjxl ": _Kind("JPEG XL", _OTHER_FORMAT),
    b"\0\0\0\x0cjp  ": _Kind("JPEG 2000", _OTHER_FORMAT),
    b"\xff\x4f\xff\x51": _Kind("JPEG 2000", _OTHER_FORMAT),
    b"\0\0\1\0": _Kind("an icon", _OTHER_FORMAT),
    b"pk\x03\x04": _ARCHIVE,
    b"\x1f\x8b": _ARCHIVE,
    b"rar!": _ARCHIVE,
    b"7z\xbc\xaf\x27\x1c": _ARCHIVE,
    b"\x1ae\xdf\xa3": _VIDEO,
}
# Brands of the container that HEIC and AVIF share with video and camera raw files.
_RAW_BRANDS = (b"crx ",)
_UNKNOWN = _Kind("not a picture that can be read", "upload")
# A text's own start may follow a byte order mark, white space, a declaration and comments.
_TEXT_BYTES = 1024


def describe(source: bytes) -> str:
    """Says what a file is and what to upload in its place; completes "the file is"."""
    name, cure = _find_kind(source)
    return f"{name}: {cure} a {list_formats()}"


def _find_kind(source: bytes) -> _Kind:
    if source[4:8] == b"ftyp":
        if source[8:12] in _RAW_BRANDS:
            return _Kind("a camera's raw file", "develop it and upload")
        return _VIDEO
    text = source[:_TEXT_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<?xml", b"<!--")) and b"<svg" in text:
        return _SVG
    return next((kind for magic, kind in _KINDS.items() if text.startswith(magic)), _UNKNOWN)
