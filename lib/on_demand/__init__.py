"""Renders images per request, with the renderer that the queues' workers use.

`variants` makes missing variants of declared sizes, `signed_images` renders at the dimensions of a
signed URL, and `direct` renders the image in a request's body.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from lib.errors import PermanentError, ProblemKind, RequestError, TransientError

# The size in metrics and logs: all images rendered on demand count as one.
ON_DEMAND = "on-demand"

# The folder of attempts, beside failure records: no size's name begins with an underscore.
ATTEMPTS = "_attempts"

# The largest body in a request or response: a third of Lambda's 6 MB goes to base64, and some to
# headers.
MAX_IMAGE_BYTES = 4_400_000


class ImageResponse(NamedTuple):
    """An encoded image, its type and its Cache-Control header."""

    data: bytes
    content_type: str
    cache_control: str


@contextmanager
def map_render_errors(length: int) -> Iterator[None]:
    """Maps errors of rendering a photo of `length` bytes to RequestError or TransientError."""
    try:
        yield
    except PermanentError as error:
        raise RequestError(422, ProblemKind.NOT_RENDERED, f"{error.reason}: {error}") from error
    except MemoryError as error:
        # The photo is within the limits, so the container's memory may be fragmented: a retry
        # may reach another container.
        raise TransientError(
            "out_of_memory", f"rendering {length:,} bytes took more memory than the function has"
        ) from error
