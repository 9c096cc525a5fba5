"""Commands that are told to stop, by real signals to a real process.

They let go of what they hold, and end with a sentence.
"""

import json
import signal
from typing import Any, Self

import pytest

from tests.forked import FORKS, Forked
from tests.integration.signalled import LETTERS, run

pytestmark = FORKS
SHOW = ["dlq", "show", "--json"]


class Command:
    """A command that runs until it comes to a call of AWS."""

    def __init__(
        self,
        moment: str,
        operation: str,
        *command: str,
        hangups: signal.Handlers = signal.SIG_DFL,
    ) -> None:
        self._process = Forked(run, hangups, moment, operation, command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__()

    def comes_there(self) -> None:
        """Wait until the process is at the call; all that it has printed before is data."""
        while (line := self._process.stdout.readline()) != "there\n":
            assert line, "the process has ended"

    def gets(self, *numbers: signal.Signals) -> None:
        for number in numbers:
            self._process.send_signal(number)

    def goes_on(self) -> None:
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def left(self) -> dict[str, Any]:
        """What it left behind; from here on it waits no more."""
        self._process.stdin.close()
        _, out, self.err = self._process.finish()
        told: dict[str, Any] = json.loads(out.splitlines()[-1])
        return told


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("before-call", signal.SIGTERM),
        ("after-call", signal.SIGINT),
        ("after-call", signal.SIGTERM),
        ("after-call", signal.SIGHUP),
    ],
)
def test_letters_are_visible_again_whenever_the_signal_comes(
    moment: str, number: signal.Signals
) -> None:
    """After the call SQS has handed letters out that the command does not know of yet."""
    with Command(moment, "sqs.ReceiveMessage", *SHOW) as command:
        for _ in range(2):  # one batch is in hand
            command.comes_there()
            command.goes_on()
        command.comes_there()
        command.gets(number)
        left = command.left()
    assert (left["code"], left["hidden"], left["parked"]) == (130, 0, LETTERS)
    assert command.err == "Interrupted.\n"


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
    ],
)
def test_another_signal_while_they_become_visible_hides_none(
    numbers: tuple[signal.Signals, ...],
) -> None:
    """A shell sends another SIGHUP to what its terminal has sent one."""
    with Command("before-call", "sqs.ChangeMessageVisibilityBatch", *SHOW) as command:
        command.comes_there()
        command.gets(*numbers)
        assert command.left()["hidden"] == 0


@pytest.mark.parametrize("operation", ["sqs.SendMessageBatch", "sqs.DeleteMessageBatch"])
def test_a_replay_that_is_stopped_loses_and_hides_no_letter(operation: str) -> None:
    with Command("after-call", operation, "dlq", "replay", "--yes") as command:
        command.comes_there()
        command.gets(signal.SIGTERM)
        left = command.left()
    assert (left["code"], left["hidden"]) == (130, 0)
    # At most one batch is in both queues.
    assert LETTERS <= left["parked"] + left["replayed"] <= LETTERS + 10


def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    replay = ("dlq", "replay", "--yes")
    with Command("before-call", "sqs.SendMessageBatch", *replay, hangups=signal.SIG_IGN) as command:
        command.comes_there()
        command.gets(signal.SIGHUP)
        left = command.left()
    assert left == {"code": 0, "hidden": 0, "parked": 0, "replayed": LETTERS}


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        ("sqs.ReceiveMessage", "dlq list"),
        ("sqs.SendMessageBatch", "dlq replay --yes"),
        ("sqs.DeleteMessageBatch", "dlq purge --yes"),
        ("s3.HeadObject", "audit --deep"),
        ("sqs.SendMessageBatch", "audit --repair --yes"),
        ("s3.ListObjectsV2", "backfill --size 40x30"),
        ("sqs.SendMessageBatch", "backfill --size 40x30 --stale --yes"),
    ],
)
def test_ctrl_c_ends_a_command_with_one_sentence(operation: str, line: str) -> None:
    """In the main thread and in others; test_interrupts.py has the commands' first calls."""
    with Command("before-call", operation, *line.split()) as command:
        command.comes_there()
        command.gets(signal.SIGINT)
        left = command.left()
    assert left["code"] == 130, command.err
    assert command.err.endswith("Interrupted.\n")
    assert "Traceback" not in command.err
