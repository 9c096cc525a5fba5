"""`fanout logs`: what a size's workers have done, and what they say went wrong."""

import re
from contextlib import nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import print_json, show, shown
from lib.log_lines import LogLine, read_log

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is not a number with s, m, h or d, such as 90s or 2h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


SizeOption = Annotated[str, typer.Option("--size", help="The size whose workers wrote it")]
TailOption = Annotated[bool, typer.Option("--tail", help="Go on with what comes, until Ctrl-C")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Only of this reason or kind, such as crashed")
]
SinceOption = Annotated[
    timedelta, typer.Option("--since", parser=_duration, help="How far back: 90s, 15m, 2h, 3d")
]


def logs(
    *,
    stage: StageOption,
    size: SizeOption,
    reason: ReasonOption = None,
    since: SinceOption = "1h",  # type: ignore[assignment]  # Typer parses defaults too
    tail: TailOption = False,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the log of a size's workers, without Lambda's own lines.

    Example: ./fanout logs --stage prod --size 400x300 --since 2h --reason crashed
    """
    here = Stage(stage, region)
    here.chosen_sizes([size])
    function = here.stack.sizes[size].function
    start = datetime.now(UTC) - since
    # Ctrl-C is how a tail ends.
    with suppress(KeyboardInterrupt) if tail else nullcontext():
        for line in read_log(here.client("logs"), function, start, reason=reason, follow=tail):
            if as_json:
                print_json(asdict(line))
            else:
                show(_described(line))


def _described(line: LogLine) -> str:
    """One line of text, and a crash's traceback below it."""
    why = f"{line.reason}: {line.error}" if line.error else line.reason
    more = " ".join(f"{name}={value}" for name, value in line.more.items())
    parts = (f"{line.at:%Y-%m-%d %H:%M:%S}", line.level, line.said, line.path, why, more)
    text = "  ".join(shown(part) for part in parts if part)
    trace = [f"    {shown(each)}" for each in line.trace.splitlines()]
    return "\n".join([text, *trace])
