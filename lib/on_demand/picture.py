"""A picture as it is answered with."""

from typing import NamedTuple


class Picture(NamedTuple):
    """An encoded picture, its type, and how long it may be kept."""

    data: bytes
    content_type: str
    cache_control: str
