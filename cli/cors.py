"""`fanout cors`: lets browsers post upload forms to a bucket that exists."""

import json
from typing import Annotated

import typer

from cli.stage import RegionOption, Stage, StageOption
from cli.terminal import YesOption, confirm, note, print_json
from lib.errors import ConfigError
from lib.operations.originals.cors import apply_cors, plan_cors

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only print the resulting rules")]
RemoveOption = Annotated[bool, typer.Option("--remove", help="Take the stage's rule away again")]


def cors(
    *,
    stage: StageOption,
    remove: RemoveOption = False,
    dry_run: DryRunOption = False,
    region: RegionOption = None,
    yes: YesOption = False,
) -> None:
    """Let browsers post upload forms to a bucket that exists.

    Adds one CORS rule for the stage's upload_origins, or changes it; the other rules of the bucket
    stay. A bucket that the stack created has the rule already.

    Example: ./fanout cors --stage prod --dry-run
    """
    target = Stage(stage, region)
    if target.stack.originals_keys is None:
        raise ConfigError(
            f"The originals of stage {stage} are in a bucket that its stack created and configures:"
            " deploy with another upload_origins to change who may post there"
        )
    s3, bucket = target.client("s3"), target.stack.originals.bucket
    origins = None if remove else json.loads(target.stack.outputs["UploadOrigins"])
    plan = plan_cors(s3, bucket, target.prefix, origins)
    if dry_run:
        for rule in plan.after:
            print_json(rule)
    elif not plan.changes:
        note(f"The CORS rules of {bucket} are as they should be already.")
    else:
        what = "Remove the CORS rule" if remove else "Add or change the CORS rule"
        confirm(f"{what} {target.prefix} of the bucket {bucket}?", yes=yes)
        apply_cors(s3, bucket, plan)
        note(f"The bucket {bucket} has {len(plan.after)} CORS rules now.")
