"""Groups sizes that show the same picture, of which a page may choose one by its width."""

from collections.abc import Iterable

from lib.sizes.size import Size

# Edges are whole pixels: of two widths of one picture, one edge of the smaller may be rounded.
_ROUNDING = 1


def have_same_ratio(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Returns whether two widths and heights have one ratio, to a pixel of the smaller's edge."""
    (width, height), (wider, higher) = sorted((one, other))
    return (
        abs(height - higher * width / wider) <= _ROUNDING
        or abs(width - wider * height / higher) <= _ROUNDING
    )


def group_by_picture(sizes: Iterable[Size]) -> list[list[Size]]:
    """Groups sizes that differ in pixels only, each group by width; the widest group comes first.

    Sizes with one edge show the whole photo. Two sizes with a box show the same part of it if their
    fit, position and ratio are the same. A size without a width is a group of its own.
    """
    groups: list[list[Size]] = []
    for size in sorted(sizes, key=_width, reverse=True):
        group = next((each for each in groups if _show_same(each[0], size)), None)
        if group is None:
            groups.append([size])
        else:
            group.append(size)
    return [sorted(group, key=_width) for group in groups]


def _width(size: Size) -> int:
    return size.width or 0


def _show_same(widest: Size, size: Size) -> bool:
    if not (widest.width and size.width):
        return False
    if not (widest.height and size.height):
        return widest.height == size.height
    crops = [(each.fit, each.position, each.fallback) for each in (widest, size)]
    return crops[0] == crops[1] and have_same_ratio(
        (widest.width, widest.height), (size.width, size.height)
    )
