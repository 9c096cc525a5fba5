"""The local CDN answers each request, also if the emulator behind it does not."""

from collections.abc import Callable
from threading import Event

from local.cdn import Distribution
from tests.web_server import WebServer, answer

PATH = "/400x300/a.jpg"


def test_a_failed_function_is_the_answer_and_breaks_nothing_off() -> None:
    statuses = iter(["404 Not Found", "503 Service Unavailable"])

    def respond(send: Callable[[bytes], None], _stop: Event) -> None:
        send(answer(b"", next(statuses)))

    with WebServer() as emulator:
        emulator.pages[PATH] = respond
        response = Distribution(emulator.port, "cdn.example", "function").get("GET", PATH, {})
    assert response.status == 503
    assert next(statuses, None) is None
