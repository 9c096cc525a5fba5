"""Renders photos: encoded bytes in, encoded bytes out, without AWS, clock or environment."""

from lib.images.geometry import Focus
from lib.images.renderer import (
    RENDERER_VERSION,
    Rendition,
    content_type_of,
    render,
    render_all,
)

__all__ = ["RENDERER_VERSION", "Focus", "Rendition", "content_type_of", "render", "render_all"]
