"""Renders photos: encoded bytes in, encoded bytes out, without AWS, clock or environment."""

from lib.images.geometry import Focus
from lib.images.placeholder import Placeholder
from lib.images.renderer import (
    Rendition,
    content_type_of,
    render,
    render_all,
)
from lib.images.watermark import WatermarkImage, read_watermark_image

__all__ = [
    "Focus",
    "Placeholder",
    "Rendition",
    "WatermarkImage",
    "content_type_of",
    "read_watermark_image",
    "render",
    "render_all",
]
