"""The model of a size, and sizes.yml."""

from lib.sizes.file import SizesFile, load_sizes, map_watermarks, parse_sizes, read_sizes
from lib.sizes.packed import pack_sizes, unpack_sizes
from lib.sizes.pictures import group_by_picture, have_same_ratio
from lib.sizes.size import (
    MAX_EDGE,
    MEGABYTE,
    OUTPUT_BYTES_PER_PIXEL,
    RENDERER_VERSION,
    ExtraFormat,
    Quality,
    Size,
    recipe_id,
)
from lib.sizes.watermark import (
    MAX_WATERMARK_PIXELS,
    MIN_WATERMARK_EDGE,
    Watermark,
)

__all__ = [
    "MAX_EDGE",
    "MAX_WATERMARK_PIXELS",
    "MEGABYTE",
    "MIN_WATERMARK_EDGE",
    "OUTPUT_BYTES_PER_PIXEL",
    "RENDERER_VERSION",
    "ExtraFormat",
    "Quality",
    "Size",
    "SizesFile",
    "Watermark",
    "group_by_picture",
    "have_same_ratio",
    "load_sizes",
    "map_watermarks",
    "pack_sizes",
    "parse_sizes",
    "read_sizes",
    "recipe_id",
    "unpack_sizes",
]
