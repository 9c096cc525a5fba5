"""Pictures made as they are asked for, by the renderer and the protocol of the queues' workers.

`declared` makes variants of declared sizes that are missing; `signed` makes pictures of any
dimensions for whoever has a signed URL; `posted` renders what a request brings along.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from lib.errors import PermanentError, ProblemKind, RequestError, TransientError

# What metrics and logs have for a size: what is made as it is asked for counts as one.
ON_DEMAND = "on-demand"

# Where attempts are on record, beside failure records: no size's name begins with an underscore.
ATTEMPTS = "_attempts"

# What a function can answer with, in bytes: of Lambda's 6 MB a third goes to base64, and some to
# headers.
MAX_IMAGE_BYTES = 4_400_000


class ImageResponse(NamedTuple):
    """An encoded picture, its type, and how long whom may keep it."""

    data: bytes
    content_type: str
    cache_control: str


@contextmanager
def map_render_errors(length: int) -> Iterator[None]:
    """Raise for callers what is raised inside, where a photo of `length` bytes is rendered."""
    try:
        yield
    except PermanentError as error:
        raise RequestError(422, ProblemKind.NOT_RENDERED, f"{error.reason}: {error}") from error
    except MemoryError as error:
        # It was within the limits, so nothing is wrong with it: the container's memory may be
        # in pieces, and another try will meet another container.
        raise TransientError(
            "out_of_memory", f"rendering {length:,} bytes took more memory than the function has"
        ) from error
