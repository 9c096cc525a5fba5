"""A batch ends in its time, whatever its photos wait for."""

import math
import threading
from collections.abc import Iterator

import pytest

from lib.errors import NoTimeError
from lib.pipeline.batch import process_groups
from lib.pipeline.deadline import Deadline
from lib.pipeline.messages import SqsMessage
from lib.pipeline.telemetry import Telemetry

# Seconds of a batch that is nearly over when it begins.
SHORT = 2.1


def stand_still() -> float:
    """A clock by which waiting takes no time, however busy the machine is."""
    return 0


def messages(count: int) -> list[SqsMessage]:
    return [SqsMessage(str(number), "", f"receipt-{number}", 1) for number in range(count)]


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "test")
    return Telemetry("40x30")


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What a photo waits for; it comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_all_that_ends_in_time_is_done(telemetry: Telemetry) -> None:
    batch = messages(10)
    done = process_groups(
        [batch], lambda m: m.id != "3", Deadline(lambda: 600), telemetry, max_workers=4
    )
    assert done == [message for message in batch if message.id != "3"]


def test_what_is_stuck_is_abandoned_and_the_rest_is_out_of_time(
    telemetry: Telemetry, stuck: threading.Event
) -> None:
    batch, out_of_time = messages(6), list[str]()
    deadline = Deadline(lambda: SHORT, clock=stand_still)

    def process(message: SqsMessage) -> bool:
        if message.id in ("0", "1"):
            return stuck.wait()
        with pytest.raises(NoTimeError):
            deadline.check()
        out_of_time.append(message.id)
        return message.id == "5"

    assert process_groups(
        [batch[:4], batch[4:5], batch[5:]], process, deadline, telemetry, max_workers=2
    )
    assert sorted(out_of_time) == ["2", "3", "4", "5"]


def test_only_what_was_done_counts(telemetry: Telemetry, stuck: threading.Event) -> None:
    batch = messages(2)

    def process(message: SqsMessage) -> bool:
        return message.id == "1" or stuck.wait()

    deadline = Deadline(lambda: SHORT, clock=stand_still)
    assert process_groups([batch], process, deadline, telemetry, max_workers=2) == batch[1:]
    assert deadline.is_over


def test_an_abandoned_thread_starts_nothing_more(telemetry: Telemetry) -> None:
    deadline = Deadline(lambda: 600)
    process_groups([messages(1)], lambda _: True, deadline, telemetry, max_workers=1)
    assert deadline.left() == -math.inf
    with pytest.raises(NoTimeError):
        deadline.check()


def test_a_bug_costs_its_own_message_alone(telemetry: Telemetry) -> None:
    batch = messages(3)
    done = process_groups(
        [batch], lambda m: 1 // int(m.id) >= 0, Deadline(lambda: 600), telemetry, max_workers=1
    )
    assert done == batch[1:]


def test_a_deadline_passes_though_its_context_stands_still() -> None:
    now = [0.0]
    deadline = Deadline(lambda: 20, clock=lambda: now[0])
    deadline.check()
    now[0] = 15
    assert deadline.left() == 5
    with pytest.raises(NoTimeError):
        deadline.check()


@pytest.mark.parametrize(
    ("reserve", "left", "enough"), [(15, 15, True), (15, 14, False), (2, 9, True), (2, 8, False)]
)
def test_a_photo_is_begun_with_time_for_it_and_for_a_call(
    reserve: float, left: float, enough: bool
) -> None:
    deadline = Deadline(lambda: left, reserve, clock=lambda: 0)
    if enough:
        deadline.check()
    else:
        with pytest.raises(NoTimeError):
            deadline.check()
