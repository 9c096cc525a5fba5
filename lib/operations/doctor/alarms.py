"""Checks that an alarm watches each queue that should be empty."""

from lib.aws.alarms import Alarm
from lib.operations.doctor.findings import Finding, ok, warning
from lib.operations.stage_commands import StageCommands


def check_alarm(queue_name: str, alarms: list[Alarm], commands: StageCommands) -> Finding:
    """Checks that a message in the dead-letter queue raises an alarm with an action."""
    watching = [alarm for alarm in alarms if alarm.queue_name == queue_name]
    names = " ".join(alarm.name for alarm in watching)
    if not watching:
        return warning(
            f"{queue_name}: no alarm watches it",
            "its dead letters are deleted after 14 days, and nobody is notified",
        )
    if not any(alarm.has_action for alarm in watching):
        return warning(
            f"{queue_name}: its alarm notifies nobody",
            "its actions are switched off, or it has none",
            f"{commands.aws(f'cloudwatch enable-alarm-actions --alarm-names {names}')}; "
            f"if it has none, {commands.deploy_again}",
        )
    return ok(f"{queue_name}: an alarm watches it")
