"""Sizes by query string: `/photo.jpg?w=300&h=200` leads to the size of that box (queries.js)."""

from lib.sizes import Size


def size_table(sizes: list[Size]) -> list[tuple[str, str, str]]:
    """Each size's name, box and own format, in the order of sizes.yml: of one box the first wins.

    An edge that follows the photo is left out of the box: `1200x`, `x90`.
    """
    return [(size.name, f"{size.width or ''}x{size.height or ''}", size.format) for size in sizes]
