"""Converts between stored and upright images, by EXIF's orientations 1-8.

A crop is planned on the upright photo and taken from the stored pixels; only the small result of
the resize is transposed. Transposing first would need a full decode.
"""

from PIL import Image

from lib.images.geometry import Box

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = {5, 6, 7, 8}
# Orientations that mirror a stored axis when a point of the upright image is mapped back.
_MIRRORED_X = {2, 3, 7, 8}
_MIRRORED_Y = {3, 4, 6, 7}

# Matrices from stored to upright axes: each row has the upright x or y.
_Axes = tuple[tuple[int, int], tuple[int, int]]
_AXES: dict[int, _Axes] = {
    1: ((1, 0), (0, 1)),
    2: ((-1, 0), (0, 1)),
    3: ((-1, 0), (0, -1)),
    4: ((1, 0), (0, -1)),
    5: ((0, 1), (1, 0)),
    6: ((0, -1), (1, 0)),
    7: ((0, -1), (-1, 0)),
    8: ((0, 1), (-1, 0)),
}
_BY_AXES = {axes: orientation for orientation, axes in _AXES.items()}


def combine(first: int, second: int) -> int:
    """Returns the orientation that equals `first` and then `second`."""
    (a, b), (c, d) = _AXES[first]
    (e, f), (g, h) = _AXES[second]
    return _BY_AXES[(e * a + f * c, e * b + f * d), (g * a + h * c, g * b + h * d)]


def auto_orient(image: Image.Image, orientation: int) -> Image.Image:
    """Transposes stored pixels to the upright image."""
    method = _TRANSPOSITIONS.get(orientation)
    return image if method is None else image.transpose(method)


def stored_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Returns the stored width and height of an upright size."""
    return (size[1], size[0]) if orientation in _SIDEWAYS else size


def stored_box(box: Box, orientation: int, stored: tuple[int, int]) -> Box:
    """Returns an upright photo's box in the pixels of the stored one, whose size is `stored`."""
    left, top, right, bottom = box
    if orientation in _SIDEWAYS:
        left, top, right, bottom = top, left, bottom, right
    if orientation in _MIRRORED_X:
        left, right = stored[0] - right, stored[0] - left
    if orientation in _MIRRORED_Y:
        top, bottom = stored[1] - bottom, stored[1] - top
    return left, top, right, bottom
