"""`fanout doctor`: checks a stage for known causes of broken deployments."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.sizes import SIZES_FILE
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import escape, note, print_json, show
from lib.operations.doctor.diagnosis import diagnose
from lib.operations.doctor.findings import Finding, Level
from lib.plurals import pluralize
from lib.sizes import load_sizes

SizesFileOption = Annotated[
    Path,
    typer.Option(
        "--sizes-file",
        help="The file to compare the deployed sizes with",
        show_default="this project's sizes.yml",
    ),
]


def doctor(
    *,
    stage: StageOption,
    sizes_file: SizesFileOption = SIZES_FILE,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a stage for known causes of broken deployments.

    Exit code 1 if it has a problem.

    Example: ./fanout doctor --stage prod
    """
    target = Stage(stage, region)
    levels, today = Counter[Level](), datetime.now(UTC).date()
    for finding in diagnose(
        target.stack, target.client, load_sizes(sizes_file), today, target.commands
    ):
        levels[finding.level] += 1
        if as_json:
            print_json(asdict(finding))
        elif finding.level is not Level.OK:
            show(_format(finding))
    if not as_json:
        note(
            f"{levels[Level.OK]:,} ok, {pluralize(levels[Level.WARNING], 'warning')}, "
            f"{pluralize(levels[Level.PROBLEM], 'problem')}"
        )
    if levels[Level.PROBLEM]:
        raise typer.Exit(1)


def _format(finding: Finding) -> str:
    return (
        f"{finding.level}: {escape(finding.what)}\n"
        f"    why it matters: {escape(finding.why)}\n"
        f"    cure: {escape(finding.cure)}"
    )
