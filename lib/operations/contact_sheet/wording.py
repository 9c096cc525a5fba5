"""Formats sizes, lengths and pixels alike on the page, in the picture and in the terminal."""

from collections.abc import Sequence

from lib.operations.contact_sheet.columns import Side
from lib.operations.contact_sheet.rendering import Cell, SheetImage
from lib.sizes import Size

_NAMES = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WebP", "avif": "AVIF"}
_MINUS = "\N{MINUS SIGN}"
# Bytes of a unit, as file managers count.
_KB, _MB = 1_000, 1_000_000


def format_length(length: int) -> str:
    """Formats a number of bytes: `812 B`, `56.1 KB`, `3.2 MB`."""
    if length < _KB:
        return f"{length} B"
    # 999,950 bytes would be 1000.0 KB.
    return f"{length / _KB:.1f} KB" if length < _MB - 50 else f"{length / _MB:.1f} MB"


def format_total(length: int) -> str:
    """Formats the bytes of a total: a dash for a side that makes no such image."""
    return format_length(length) if length else "-"


def find_change(before: int, after: int) -> float:
    """Returns by how many per cent a number of bytes differs from that before."""
    return round(100 * (after - before) / before, 1)


def format_change(before: int, after: int) -> str:
    """Formats the difference of two numbers of bytes in per cent, such as `+4.5 %`."""
    if before == after:
        return "±0 %"
    sign = "+" if after > before else _MINUS
    return f"{sign}{abs(find_change(before, after)):,} %"


def name_format(format_: str) -> str:
    """Returns a format's name for people; in capitals, if it is one of originals alone."""
    return _NAMES.get(format_, format_.upper())


def describe_format(image: SheetImage) -> str:
    """Names an image's format and quality, such as `JPEG 80`."""
    quality = "" if image.quality is None else f" {image.quality}"
    if image.quality is None and image.format == "webp":
        quality = " lossless"
    return name_format(image.format) + quality


def describe_absence(cell: Cell, pair: Sequence[SheetImage | None]) -> str:
    """Says why a side of a pair has no image."""
    formats = [name_format(image.format) for image in pair if image]
    return cell.note or f"no {', '.join(formats)}"


def describe_pixels(width: int, height: int) -> str:
    """Formats pixels as `800 x 600`."""
    return f"{width} x {height}"


def describe_side(side: Side) -> str:
    """Describes a size as a file has it: box, fit, formats, and how crops are placed."""
    if side.size is None:
        return f"not in {side.file}"
    size = side.size
    own = "the photo's format" if size.format == "keep" else name_format(size.format)
    facts = [_describe_box(size), ", ".join([own, *map(name_format, size.formats)])]
    if size.position != "center":
        facts.append(_describe_position(size))
    if size.watermark:
        facts.append("watermark")
    return "; ".join(facts)


def _describe_box(size: Size) -> str:
    if size.width and size.height:
        return f"{describe_pixels(size.width, size.height)}, {size.fit}"
    return f"width {size.width}" if size.width else f"height {size.height}"


def _describe_position(size: Size) -> str:
    """Names the position, and what takes its place on a sheet."""
    if size.crops_to_faces:
        return f"position {size.position}: here as attention, without Rekognition"
    if size.has_focus:
        return f"position focus, or {size.own_position} without a focal point"
    return f"position {size.position}"
