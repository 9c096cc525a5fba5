"""A picture as it is answered: what every way of rendering on demand gives."""

from typing import NamedTuple


class Picture(NamedTuple):
    """An encoded picture, its type, and how long whom may keep it."""

    data: bytes
    content_type: str
    cache_control: str
