"""Bounds responses about many photos by what Lambda can return."""

from collections.abc import Sequence

from lib.errors import ProblemKind, RequestError

# Characters of a response's texts. Lambda returns 6 MB, and a sixth is reserved for names and
# quotes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
MAX_RESPONSE = 5_000_000


def require_returnable(lengths: Sequence[int], subject: str, advice: str) -> None:
    """Raises RequestError if all results together are too long; `lengths` has each one's.

    `subject` and `advice` surround the numbers of the message.
    """
    characters = sum(lengths)
    if characters > MAX_RESPONSE:
        fewer = len(lengths) * MAX_RESPONSE // characters
        raise RequestError(
            413,
            ProblemKind.TOO_MANY_BYTES,
            f"{subject} {characters:,} characters, and a response may have {MAX_RESPONSE:,}: "
            f"{advice} {fewer} at once",
        )
