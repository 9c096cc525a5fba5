"""Sorted streams side by side, and slow work on a stream, both in constant memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def merge_sorted(
    streams: Sequence[Iterator[tuple[str, T]]],
) -> Iterator[tuple[str, list[T | None]]]:
    """Each name that any stream has, in order, with what each stream has under it.

    A stream gives (name, thing) in ascending order of names, each name once.
    """
    heads = [next(stream, None) for stream in streams]
    while there := [head[0] for head in heads if head is not None]:
        name = min(there)
        row: list[T | None] = []
        for index, head in enumerate(heads):
            if head is not None and head[0] == name:
                row.append(head[1])
                heads[index] = next(streams[index], None)
            else:
                row.append(None)
        yield name, row


def map_concurrently(items: Iterable[T], work: Callable[[T], R], *, abreast: int) -> Iterator[R]:
    """The results of `work` on each item in the items' order, `abreast` of them under way."""
    with ThreadPoolExecutor(abreast) as pool:
        waiting = deque[Future[R]]()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                # Twice as many as there are threads: none idles while the first is waited for.
                if len(waiting) > 2 * abreast:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
