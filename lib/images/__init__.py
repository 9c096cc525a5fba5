"""Pixels: a photo's bytes in, a rendition's bytes out. Knows no AWS, no clock, no environment."""

from lib.images.geometry import Focus
from lib.images.renderer import (
    RENDERER_VERSION,
    Rendition,
    content_type_of,
    render,
    render_all,
)

__all__ = ["RENDERER_VERSION", "Focus", "Rendition", "content_type_of", "render", "render_all"]
