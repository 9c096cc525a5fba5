"""Merging of sorted streams, and concurrent work on a stream, both in constant memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def merge_sorted(
    streams: Sequence[Iterator[tuple[str, T]]],
) -> Iterator[tuple[str, list[T | None]]]:
    """Yields each name in any stream, in order, with each stream's value for it, or None.

    A stream yields (name, value) in ascending order of names, each name once.
    """
    heads = [next(stream, None) for stream in streams]
    while names := [head[0] for head in heads if head is not None]:
        name = min(names)
        row: list[T | None] = []
        for index, head in enumerate(heads):
            if head is not None and head[0] == name:
                row.append(head[1])
                heads[index] = next(streams[index], None)
            else:
                row.append(None)
        yield name, row


def map_concurrently(
    items: Iterable[T], work: Callable[[T], R], *, max_workers: int
) -> Iterator[R]:
    """Yields the results of `work` on each item, in the items' order."""
    with ThreadPoolExecutor(max_workers) as pool:
        pending = deque[Future[R]]()
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                # Twice as many as there are threads: no thread idles while the oldest item runs.
                if len(pending) > 2 * max_workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
