"""Checks that an alarm watches each queue that should be empty."""

from collections.abc import Iterator

from lib.aws.alarms import Alarm
from lib.operations.doctor.findings import Finding, ok, warning
from lib.operations.doctor.queues import DEPLOY


def check_alarm(queue_name: str, alarms: list[Alarm]) -> Iterator[Finding]:
    """Checks that a message in the dead-letter queue raises an alarm with an action."""
    watching = [alarm for alarm in alarms if alarm.queue_name == queue_name]
    if not watching:
        yield warning(
            f"{queue_name}: no alarm watches it",
            "letters are deleted after fourteen days unseen",
            DEPLOY,
        )
    elif not any(alarm.has_action for alarm in watching):
        yield warning(
            f"{queue_name}: its alarm tells nobody",
            "its actions are switched off, or it has none",
            "aws cloudwatch enable-alarm-actions --alarm-names …, or deploy again",
        )
    else:
        yield ok(f"{queue_name}: an alarm watches it")
