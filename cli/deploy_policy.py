"""`fanout deploy-policy`: the IAM policy of the identity that deploys a stage."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer

from cli.compiled import ParameterOption, RegionOption, compile_stage
from cli.stage import JsonOption, StageOption
from cli.terminal import note
from lib.operations.deploy_policy import POLICY_LIMIT, Target, make_documents

# Matches any account in an ARN.
_ANY_ACCOUNT = "*"
_ACCOUNT = re.compile(r"[0-9]{12}")

AccountOption = Annotated[
    str | None,
    typer.Option("--account", help="The account's 12 digits; narrows the ARNs to it"),
]
BoundaryOption = Annotated[
    str | None,
    typer.Option(
        "--boundary",
        help="ARN of the permissions boundary that every role must have; the deploy needs it too, "
        "as --param permissions_boundary=ARN",
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", help="Write each document to a file in this folder"),
]


def deploy_policy(
    *,
    stage: StageOption,
    param: ParameterOption = None,
    account: AccountOption = None,
    boundary: BoundaryOption = None,
    folder: FolderOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the IAM policy of a stage's deployer.

    It allows deploying, updating and removing the stage. Derived from the compiled template,
    without calls to AWS.

    Example: ./fanout deploy-policy --stage prod --account 123456789012
    """
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise typer.BadParameter(
            f"{account!r} is not an account: give its 12 digits", param_hint="--account"
        )
    parameters = [*(param or ())]
    if boundary is not None:
        parameters.append(f"permissions_boundary={boundary}")
    compiled = compile_stage(stage, region, parameters)
    target = Target(
        service=compiled.service,
        stage=stage,
        region=compiled.region,
        account=account or _ANY_ACCOUNT,
        partition=boto3.Session().get_partition_for_region(compiled.region),
    )
    documents = make_documents(compiled.template, target)
    if folder is None:
        for document in documents:
            typer.echo(json.dumps(document, indent=None if as_json else 2))
    else:
        for path in write_documents(documents, folder, f"{target.stack}-deploy"):
            typer.echo(json.dumps(str(path)) if as_json else path)
    if len(documents) > 1:
        note(
            f"{len(documents)} documents, because IAM takes {POLICY_LIMIT:,} characters in one: "
            "make a policy of each and attach them all."
        )
    if account is None:
        note("With --account the ARNs are those of your account alone.")


def write_documents(documents: list[dict[str, Any]], folder: Path, name: str) -> list[Path]:
    """Writes each document to its own file; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, document in enumerate(documents, 1):
        path = folder / f"{name}-{number}.json"
        path.write_text(json.dumps(document, indent=2) + "\n")
        paths.append(path)
    return paths
