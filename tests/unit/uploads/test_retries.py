"""When requests are repeated, how long, and when not."""

from collections.abc import Callable
from threading import Event

import pytest
import requests

from lib.uploads.retries import Retries, StoppedError


class Waits(Event):
    """Records waits instead of waiting; the clock moves with them."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def retries(waits: Waits) -> Retries:
    return Retries(waits, clock=lambda: waits.now)


def response(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


def fail(error: Exception) -> Callable[[], requests.Response]:
    def request() -> requests.Response:
        raise error

    return request


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 403, 404, 409, 413, 422])
def test_an_answer_that_stays_is_returned_at_once(
    retries: Retries, waits: Waits, status: int
) -> None:
    assert retries.send(lambda: response(status)).status_code == status
    assert waits.waits == []


def test_waits_become_longer_and_are_random(retries: Retries, waits: Waits) -> None:
    assert retries.send(lambda: response(503)).status_code == 503
    assert len(waits.waits) == 7
    for wait, longest in zip(waits.waits, (0.25, 0.5, 1, 2, 4, 8, 8), strict=True):
        assert longest / 2 <= wait <= longest


def test_a_throttled_request_is_repeated_until_nothing_succeeds_for_a_minute(
    retries: Retries, waits: Waits
) -> None:
    assert retries.send(lambda: response(429)).status_code == 429
    assert 60 < waits.now < 69


def test_success_of_another_request_gives_a_throttled_one_more_time(
    retries: Retries, waits: Waits
) -> None:
    def request() -> requests.Response:
        if waits.now < 200:
            retries.send(lambda: response(200))
        return response(429)

    retries.send(request)
    assert 250 < waits.now < 280


@pytest.mark.parametrize(
    ("header", "least"), [("3", 3), ("0", 0), ("100000", 60), ("Fri, 31 Dec 1999", 0), ("-5", 0)]
)
def test_a_server_may_say_how_long_to_wait(
    retries: Retries, waits: Waits, header: str, least: float
) -> None:
    answers = [response(200), response(503, Retry_After=header)]
    assert retries.send(answers.pop).status_code == 200
    assert least <= waits.waits[0] <= least + 0.25


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(),
        requests.ReadTimeout(),
        requests.exceptions.ChunkedEncodingError(),
    ],
)
def test_no_answer_is_raised_after_the_last_attempt(
    retries: Retries, waits: Waits, error: Exception
) -> None:
    with pytest.raises(type(error)):
        retries.send(fail(error))
    assert len(waits.waits) == 7


def test_another_error_is_not_repeated(retries: Retries, waits: Waits) -> None:
    with pytest.raises(requests.exceptions.InvalidURL):
        retries.send(fail(requests.exceptions.InvalidURL()))
    assert waits.waits == []


def test_an_interrupt_ends_a_wait(retries: Retries, waits: Waits) -> None:
    waits.set()
    with pytest.raises(StoppedError):
        retries.send(lambda: response(429))
