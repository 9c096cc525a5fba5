"""`fanout verify`: tests a deployed stage step by step, and removes its test data."""

import json
import secrets
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from cli.factories import make_signing_keys, make_token_store, make_viewer_signer
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import escape, note, print_json, progress, show
from lib.auth.tokens import Token
from lib.interrupts import uninterrupted
from lib.operations.doctor.sizes import read_deployed
from lib.operations.verify import STEPS
from lib.operations.verify.cleanup import clean_up
from lib.operations.verify.folders import choose_folder
from lib.operations.verify.steps import Result, Verification
from lib.operations.verify.target import Target, read_features
from lib.operations.verify.web import Web
from lib.uploads.client import Authorize, make_bearer_auth

# 128 bits: nobody can guess the folder, and no photo is in it.
_FOLDER_BYTES = 16
# Longer than a run's deadlines together; a token that was not revoked expires.
_LIFETIME = timedelta(hours=2)

KeepOption = Annotated[
    bool, typer.Option("--keep", help="Keep the photos and dead letters for inspection")
]


def verify(
    *,
    stage: StageOption,
    keep: KeepOption = False,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Test a deployed stage with photos of its own.

    Uploads, reads, overwrites, replays and deletes photos in a new folder, and removes it at the
    end, also after Ctrl-C. Exit code 1 if a step failed, or if something could not be removed.

    Example: ./fanout verify --stage prod
    """
    deployed = Stage(stage, region)
    with _authorize(deployed) as (authorize, has_new_token):
        target = _make_target(deployed, authorize, has_new_token=has_new_token)
        note(f"Verifying {stage} in the folder {target.folder}")
        if untested := target.deployed.keys() - target.sizes.keys():
            note(f"Not tested, as they are made of other photos: {', '.join(sorted(untested))}")
        left: list[str] = []
        try:
            results = _verify(target, as_json=as_json)
        finally:
            if keep:
                note(f"Kept the folder {target.folder}. {_how_to_remove(target)}")
            else:
                left = _remove(target)
    states = Counter(result.state for result in results)
    if as_json:
        print_json({"folder": target.folder, "kept": keep, "left": left, **states})
    else:
        show(", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.items()))
    if states["failed"] or left:
        raise typer.Exit(1)


@contextmanager
def _authorize(stage: Stage) -> Iterator[tuple[Authorize | None, bool]]:
    """Yields the authorization for the API, and whether its token is new.

    Creates a token if there is none, and revokes it at the end.
    """
    if stage.stack.outputs["Auth"] != "token" or stage.has_token:
        yield stage.authorize, False
        return
    tokens, created = make_token_store(stage), list[Token]()
    try:
        with uninterrupted():
            text, token = tokens.create("verify", lifetime=_LIFETIME)
            created.append(token)
        yield make_bearer_auth(text), True
    finally:
        with uninterrupted():
            for token in created:
                tokens.revoke(token.id)


def _make_target(stage: Stage, authorize: Authorize | None, *, has_new_token: bool) -> Target:
    signer = make_viewer_signer(stage) if "ViewerKeysSecret" in stage.stack.outputs else None
    return Target(
        commands=stage.commands,
        stack=stage.stack,
        folder=choose_folder(
            list(read_deployed(stage.stack).values()), f"verify-{secrets.token_hex(_FOLDER_BYTES)}"
        ),
        images_url=stage.images_url,
        features=read_features(stage.stack),
        upload_types=json.loads(stage.upload_settings["UPLOAD_TYPES"]),
        s3=stage.client("s3"),
        sqs=stage.client("sqs"),
        web=Web(
            stage.api_url,
            authorize,
            (lambda url: signer.sign_url(url, signer.now() + _LIFETIME)) if signer else None,
        ),
        signing_keys=make_signing_keys(stage) if "SigningKeysArn" in stage.stack.outputs else None,
        viewer_signer=signer,
        has_new_token=has_new_token,
    )


def _verify(target: Target, *, as_json: bool) -> list[Result]:
    verification, results = Verification(target), list[Result]()
    with progress(as_json=as_json) as bar:
        task = bar.add_task("", total=len(STEPS))
        for step in STEPS:
            bar.update(task, description=step.name)
            result = verification.take(step)
            if as_json:
                print_json(_as_document(result))
            else:
                show(_format(result))
            bar.advance(task)
            results.append(result)
    return results


def _as_document(result: Result) -> dict[str, Any]:
    document = asdict(result) | {"seconds": round(result.seconds, 3)}
    return document | {"requests": [request._asdict() for request in result.requests]}


def _format(result: Result) -> str:
    """Formats a line; after a failure also its requests and where to look."""
    time = f"{result.seconds:6.1f} s" if result.seconds else ""
    line = f"{result.state.replace('_', ' '):<9} {time:8}  {result.step:<11}"
    lines = [f"{line}  {escape(result.detail)}"]
    for request in result.requests:
        lines.append(
            f"    {request.method} {escape(request.url)} {request.status} "
            f"request id: {request.id or 'none'}"
        )
    if result.look_at:
        lines.append(f"    look at: {escape(result.look_at)}")
    return "\n".join(lines)


def _remove(target: Target) -> list[str]:
    """Removes the folder, deferring Ctrl-C; returns what could not be removed."""
    note("Removing the uploads (press Ctrl-C twice to keep them)")
    try:
        with uninterrupted():
            left = clean_up(target)
    except BaseException:
        note(f"Some uploads remain. {_how_to_remove(target)}")
        raise
    if left:
        note(f"Not removed: {', '.join(left)}. {_how_to_remove(target)}")
    return left


def _how_to_remove(target: Target) -> str:
    originals = f"s3://{target.originals}{target.folder}/"
    return (
        f"To remove it: aws s3 rm --recursive {shlex.quote(originals)}; "
        + target.commands.fanout("dlq purge", "--prefix", f"{target.folder}/", "--yes")
    )
