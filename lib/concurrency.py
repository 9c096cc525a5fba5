"""Merging of sorted streams, and concurrent work on a stream, both in constant memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# A signal that comes as a wait begins does not end it: Python sees it when the wait is over.
_WAIT_SECONDS = 1.0


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


def map_as_completed(
    items: Iterable[T],
    work: Callable[[T], R],
    *,
    max_workers: int,
    weigh: Callable[[T], int] = lambda _: 0,
    max_weight: int = 0,
) -> Generator[R, None, None]:
    """Yields the results of `work` as soon as each is known.

    Items that are worked on at once weigh at most `max_weight`; one alone may weigh more. After an
    error or an interrupt, the work that has begun is abandoned: its threads do not keep the process
    alive, as those of a ThreadPoolExecutor do.
    """
    begun, done = SimpleQueue[T | None](), SimpleQueue[tuple[T, Future[R]]]()

    def run() -> None:
        while (item := begun.get()) is not None:
            future = Future[R]()
            try:
                future.set_result(work(item))
            except BaseException as error:  # noqa: BLE001  raised by `result` in the main thread
                future.set_exception(error)
            done.put((item, future))

    threads = running = weight = 0
    try:
        for item in items:
            while running and (running == max_workers or weight + weigh(item) > max_weight):
                finished, future = _take(done)
                running, weight = running - 1, weight - weigh(finished)
                yield future.result()
            if running == threads:
                Thread(target=run, daemon=True).start()
                threads += 1
            begun.put(item)
            running, weight = running + 1, weight + weigh(item)
        while running:
            _, future = _take(done)
            running -= 1
            yield future.result()
    finally:
        for _ in range(threads):
            begun.put(None)


def _take(queue: SimpleQueue[T]) -> T:
    """Waits for an item, and for signals, however long it takes."""
    while True:
        with suppress(Empty):
            return queue.get(timeout=_WAIT_SECONDS)
