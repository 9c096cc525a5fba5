"""Concurrent work whose results come as soon as they are known."""

import signal
import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from lib.concurrency import map_as_completed


def test_results_come_when_they_are_known_not_in_order() -> None:
    second_is_out = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert second_is_out.wait(30)
        return number

    results = map_as_completed([0, 1], work, max_workers=2)
    assert next(results) == 1
    second_is_out.set()
    assert list(results) == [0]


def test_no_more_is_begun_than_there_are_workers() -> None:
    begun: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1_000_000):
            begun.append(number)
            yield number

    results = map_as_completed(numbers(), lambda number: number, max_workers=4)
    assert len(list(islice(results, 3))) == 3
    assert len(begun) < 10
    results.close()


@pytest.mark.parametrize("weights", [[5, 5, 5, 5], [9, 2, 9, 2], [50, 1, 50, 1], [1] * 20])
def test_what_is_worked_on_at_once_weighs_no_more_than_allowed(weights: list[int]) -> None:
    """All that was asked for and not given back is being worked on, except the last one."""
    begun = list[int]()
    given_back = list[int]()

    def items() -> Iterator[int]:
        for weight in weights:
            at_once = sum(begun) - sum(given_back)
            assert at_once <= 10 or at_once == 50
            yield weight
            begun.append(weight)

    for weight in map_as_completed(
        items(), lambda weight: weight, max_workers=8, weigh=lambda weight: weight, max_weight=10
    ):
        given_back.append(weight)
    assert sorted(given_back) == sorted(weights)


def test_an_error_of_the_work_ends_it() -> None:
    def work(number: int) -> int:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(map_as_completed(range(1000), work, max_workers=1))


def test_an_abandoned_thread_does_not_keep_the_process_alive() -> None:
    held = threading.Event()
    results = map_as_completed([1, 2], lambda number: number == 1 or held.wait(30), max_workers=2)
    assert next(results) is True
    results.close()
    alive = [thread for thread in threading.enumerate() if "run" in thread.name]
    assert all(thread.daemon for thread in alive)
    held.set()


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(map_as_completed([], len, max_workers=3)) == []


def test_a_signal_that_does_not_end_the_wait_for_a_result_is_seen_before_that() -> None:
    held, ended = threading.Event(), list[bool]()

    def work(_: int) -> None:
        # In this thread, so that the system does not wake the main one.
        signal.raise_signal(signal.SIGINT)
        ended.append(held.wait(30))

    with pytest.raises(KeyboardInterrupt):
        list(map_as_completed([1], work, max_workers=1))
    assert ended == []
    held.set()
