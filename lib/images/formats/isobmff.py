"""Reads AVIF and HEIC headers: boxes of the ISO base media file format."""

import struct
from collections.abc import Iterator

from lib.errors import PermanentError, Reason
from lib.images.formats import avif, avif_movie, isobmff_items
from lib.images.header import (
    Codec,
    Header,
    Transform,
    corrupt,
    has_heic_decoder,
    list_formats,
    metadata_bomb,
    truncated,
    unsupported,
)

_AVIF = {b"avif", b"avis"}
_HEVC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_HEIC = {*_HEVC, b"mif1", b"msf1"}
# First brands that each decoder accepts for stills, and its most common one.
_BRANDS = {Codec.AVIF: {b"avif"}, Codec.HEIC: _HEVC}
_BRAND = {Codec.AVIF: b"avif", Codec.HEIC: b"heic"}
# Types of coded items that can be rendered.
_CODECS = {b"av01": Codec.AVIF, b"hvc1": Codec.HEIC}
# Types of items that are derived from others: 23008-12, 6.6.2.
_DERIVED = {b"grid", b"iden", b"iovl", b"tmap"}
# Boxes read at the top of a file; no photo has as many.
_MAX_BOXES = 1000
# A photo declares a dozen sizes, one for each type of its items; each is read in Python.
_MAX_OCCURRENCES = 1000


def find_codec(source: bytes) -> Codec | None:
    """Returns the codec that the brands name; None for the container's videos and raw files."""
    brands = _brands(source)
    if brands & _AVIF:
        return Codec.AVIF
    return Codec.HEIC if brands & _HEIC else None


def read(source: bytes) -> Header:
    """Reads the header; the largest size that the meta box declares counts, shown or not.

    For AVIF, the sizes in its AV1 data count too: a decoder makes these, whatever is declared. A
    HEIC's decoder applies its orientation; an AVIF's is in its transforms, if it has any.
    """
    boxes = list(_boxes(source))
    complete = all(end <= len(source) for _, _, end in boxes)
    meta = next(((start, end) for name, start, end in boxes if name == b"meta"), None)
    codec = find_codec(source) or Codec.HEIC
    # The first brand decides whether libavif decodes tracks or items.
    moving = source[8:12] == b"avis" and any(name == b"moov" for name, _, _ in boxes)
    primary = None
    if meta is not None and meta[1] <= len(source) and not moving:
        primary = isobmff_items.read(source, (meta[0] + 8, meta[1]))
    codec = _codec(primary, codec) if primary else codec
    if codec is Codec.HEIC and not has_heic_decoder():
        raise PermanentError(
            Reason.UNSUPPORTED,
            f"the file is HEIC, and there is no decoder for that here: upload a {list_formats()}",
        )
    if meta is None or meta[1] > len(source):
        raise corrupt(codec, "it has no meta box") if complete and boxes else truncated(codec)
    sizes = list(_sizes(source, *meta))
    if not sizes:
        raise corrupt(codec, "it declares no size")
    size = max(sizes, key=lambda size: size[0] * size[1])
    movie = avif_movie.Movie()
    if moving:
        movie = avif_movie.read(source, _bodies(source, boxes)[b"moov"])
    work = _measure_work(source, boxes) if codec is Codec.AVIF else avif.Work([])
    return Header(
        codec=codec,
        width=max(width for width, _ in (size, *work.sizes)),
        height=max(height for _, height in (size, *work.sizes)),
        decoded=work.pixels,
        reference_bytes=work.reference_bytes,
        parts=_parts(source, *meta, codec, moving=moving),
        complete=complete,
        frames=_frames(source) if moving else 1,
        plays=movie.plays,
        transforms=_transforms(primary, movie) if codec is Codec.AVIF else (),
    )


def _codec(primary: isobmff_items.Primary, branded: Codec) -> Codec:
    """Returns the codec of the primary item or, if that is derived, of the other items.

    If they have none or several, the brands decide.
    """
    kinds = {primary.kind} & _CODECS.keys() or primary.kinds & _CODECS.keys()
    codecs = {_CODECS[kind] for kind in kinds}
    if not codecs and primary.kind not in _DERIVED:
        kind = primary.kind.decode("ascii", "replace")
        raise unsupported(branded, f"one of pictures that are coded in {kind!r}")
    return codecs.pop() if len(codecs) == 1 else branded


def _brands(source: bytes) -> set[bytes]:
    end = min(int.from_bytes(source[:4], "big"), len(source), 256)
    return {source[8:12], *(source[at : at + 4] for at in range(16, end - 3, 4))}


def _boxes(source: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yields the name, start and end of each top-level box; the end may exceed the file."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at >= len(source):
            return
        if at + 8 > len(source):
            yield b"", at, at + 8
            return
        length, name = struct.unpack_from(">L4s", source, at)
        if length == 1:
            length = int.from_bytes(source[at + 8 : at + 16], "big")
        end = at + length if length else len(source)
        if end < at + 8:
            return
        yield name, at, end
        at = end


def _measure_work(source: bytes, boxes: list[tuple[bytes, int, int]]) -> avif.Work:
    """Measures the work of decoding; decoders read the first box of a name."""
    bodies = _bodies(source, boxes)
    movie = bodies.get(b"moov")
    if movie and movie[1] > len(source):
        raise truncated(Codec.AVIF)
    return avif.measure_work(source, bodies[b"meta"], movie)


def _bodies(source: bytes, boxes: list[tuple[bytes, int, int]]) -> dict[bytes, tuple[int, int]]:
    bodies: dict[bytes, tuple[int, int]] = {}
    for name, start, end in boxes:
        long = source[start : start + 4] == b"\0\0\0\1"
        bodies.setdefault(name, (start + (16 if long else 8), end))
    return bodies


def _transforms(
    primary: isobmff_items.Primary | None, movie: avif_movie.Movie
) -> tuple[Transform, ...]:
    return primary.transforms if primary else movie.transforms


def _sizes(source: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields the width and height of each `ispe` property."""
    for at in _find_name(source, b"ispe", start, end - 12):
        width, height = struct.unpack_from(">LL", source, at + 8)
        if width and height:
            yield width, height


def _find_name(source: bytes, name: bytes, start: int, end: int) -> Iterator[int]:
    """Yields each offset of a box's name, even if it is not that of a box."""
    at = start
    for _ in range(_MAX_OCCURRENCES):
        at = source.find(name, at, end)
        if at < 0:
            return
        yield at
        at += 4
    codec = find_codec(source) or Codec.HEIC
    raise metadata_bomb(codec, f"more than {_MAX_OCCURRENCES} {name.decode()} boxes")


def _parts(
    source: bytes, start: int, end: int, codec: Codec, *, moving: bool
) -> list[bytes | memoryview]:
    """Returns the file with its EXIF item renamed and a brand that the decoder accepts.

    Decoders parse EXIF on opening, and fail if it is broken, although these formats ignore its
    orientation. They reject files without a brand of theirs.
    """
    view = memoryview(source)
    meta = source[start:end].replace(b"Exif", b"free")
    brand = view[8:12] if moving or bytes(view[8:12]) in _BRANDS[codec] else _BRAND[codec]
    return [view[:8], brand, view[12:start], meta, view[end:]]


def _frames(source: bytes) -> int:
    """Returns the number of samples of the longest track, 1 for a still."""
    tables = _find_name(source, b"stsz", 0, len(source))
    return max((int.from_bytes(source[at + 12 : at + 16], "big") for at in tables), default=1) or 1
