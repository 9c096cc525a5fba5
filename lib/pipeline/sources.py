"""Sources of variants.

A source is the original's ETag and, for sizes that are cropped to it, the focal point in the
original's metadata: that may change without the ETag.
"""

from typing import TYPE_CHECKING

from lib.pipeline.focus import format_focus, read_focus
from lib.pipeline.metadata_keys import FOCUS, ORIGINAL_ETAG

if TYPE_CHECKING:
    from lib.aws.s3 import Download, StoredObject


def source_of(original: "StoredObject | Download", *, has_focus: bool) -> str:
    """Returns the source that an original is; `has_focus` is that of the size."""
    focus = read_focus(original.metadata) if has_focus else None
    return f"{original.etag} {format_focus(focus)}" if focus else original.etag


def find_source(variant: "StoredObject", *, has_focus: bool) -> str | None:
    """Returns the source that a variant was rendered from, by whatever recipe."""
    etag, focus = (variant.metadata.get(key) for key in (ORIGINAL_ETAG, FOCUS))
    return f"{etag} {focus}" if etag and focus and has_focus else etag


def is_of(variant: "StoredObject", original: "StoredObject", *, has_focus: bool) -> bool:
    """Returns whether a variant was rendered from this original, by whatever recipe."""
    return find_source(variant, has_focus=has_focus) == source_of(original, has_focus=has_focus)
