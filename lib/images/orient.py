"""Between a photo as it is stored and as it is seen: EXIF orientations 1-8.

A crop is planned upright and taken from the stored pixels; what comes out of the resize, which
is small, is then turned. Turning first would cost a full decode.
"""

from PIL import Image

from lib.images.geometry import Box

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = {5, 6, 7, 8}
# Which of them mirror the stored axis when a point is taken back from the upright picture.
_MIRRORED_X = {2, 3, 7, 8}
_MIRRORED_Y = {3, 4, 6, 7}


# Where stored x and y go: each row is what is seen along x and along y.
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


def then(first: int, second: int) -> int:
    """The one orientation that does what two do, one after the other."""
    (a, b), (c, d) = _AXES[first]
    (e, f), (g, h) = _AXES[second]
    return _BY_AXES[(e * a + f * c, e * b + f * d), (g * a + h * c, g * b + h * d)]


def auto_orient(image: Image.Image, orientation: int) -> Image.Image:
    """Turn stored pixels the way they are seen."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def stored_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """An upright width and height, as they lie in the file."""
    return (size[1], size[0]) if orientation in _SIDEWAYS else size


def stored_box(box: Box, orientation: int, stored: tuple[int, int]) -> Box:
    """A box of the upright photo, in the pixels of the stored one (`stored` wide and high)."""
    left, top, right, bottom = box
    if orientation in _SIDEWAYS:
        left, top, right, bottom = top, left, bottom, right
    if orientation in _MIRRORED_X:
        left, right = stored[0] - right, stored[0] - left
    if orientation in _MIRRORED_Y:
        top, bottom = stored[1] - bottom, stored[1] - top
    return left, top, right, bottom
