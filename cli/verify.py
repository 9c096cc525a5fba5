"""`fanout verify`: what a stage should do, done once, step after step, and removed again."""

import json
import secrets
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

import typer

from cli.factories import make_signing_keys, make_token_store
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import escape, note, print_json, progress, show
from lib.auth.tokens import Token
from lib.operations.interrupts import uninterrupted
from lib.operations.verify import STEPS, Result, Target, Verification, Web, clean_up, read_features
from lib.uploads.client import Authorize, make_bearer_auth

# 128 bits: nobody guesses the folder, and no photo is in one of this name.
_FOLDER_BYTES = 16
# Longer than every deadline in a run together; a token that could not be revoked ends by itself.
_LIFETIME = timedelta(hours=2)

KeepOption = Annotated[
    bool, typer.Option("--keep", help="Leave photos and dead letters there, to be looked at")
]


class _Caller(NamedTuple):
    """Who calls the API: with a token that was made just now, or with what there was."""

    authorize: Authorize | None
    has_new_token: bool


def verify(
    *,
    stage: StageOption,
    keep: KeepOption = False,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that a stage works: upload, look, overwrite, fail, replay, delete, step by step.

    All of it happens in a folder of its own, which is removed at the end, also after Ctrl-C.
    Exit code 1 if a step failed, or something could not be removed.

    Example: ./fanout verify --stage prod
    """
    at = Stage(stage, region)
    with _caller(at) as caller:
        target = _target(at, caller)
        note(f"Verifying {stage} in the folder {target.folder}")
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
def _caller(at: Stage) -> Iterator[_Caller]:
    """Who calls the API; a token that is made for that is revoked at the end."""
    if at.stack.outputs["Auth"] != "token" or at.has_token:
        yield _Caller(at.authorize, has_new_token=False)
        return
    tokens, made = make_token_store(at), list[Token]()
    try:
        with uninterrupted():
            text, token = tokens.create("verify", lifetime=_LIFETIME)
            made.append(token)
        yield _Caller(make_bearer_auth(text), has_new_token=True)
    finally:
        with uninterrupted():
            for token in made:
                tokens.revoke(token.id)


def _target(at: Stage, caller: _Caller) -> Target:
    return Target(
        stage=at.name,
        stack=at.stack,
        folder=f"verify-{secrets.token_hex(_FOLDER_BYTES)}",
        images_url=at.images_url,
        features=read_features(at.stack),
        upload_types=json.loads(at.upload_settings["UPLOAD_TYPES"]),
        s3=at.client("s3"),
        sqs=at.client("sqs"),
        web=Web(at.api_url, caller.authorize),
        signing_keys=make_signing_keys(at) if "SigningKeysArn" in at.stack.outputs else None,
        has_new_token=caller.has_new_token,
    )


def _verify(target: Target, *, as_json: bool) -> list[Result]:
    """Take each step, and print what came of it."""
    verification, results = Verification(target), list[Result]()
    with progress(as_json=as_json) as bar:
        task = bar.add_task("", total=len(STEPS))
        for step in STEPS:
            bar.update(task, description=step.name)
            result = verification.take(step)
            if as_json:
                print_json(_as_document(result))
            else:
                show(_described(result))
            bar.advance(task)
            results.append(result)
    return results


def _as_document(result: Result) -> dict[str, Any]:
    told = asdict(result) | {"seconds": round(result.seconds, 3)}
    return told | {"requests": [request._asdict() for request in result.requests]}


def _described(result: Result) -> str:
    """A line, and below a failure where it happened and where to look."""
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
    """Remove the folder, whatever comes in between; what is left of it."""
    note("Removing what was uploaded (Ctrl-C twice leaves it)")
    try:
        with uninterrupted():
            left = clean_up(target)
    except BaseException:
        note(f"Not all is removed. {_how_to_remove(target)}")
        raise
    if left:
        note(f"Not removed: {', '.join(left)}. {_how_to_remove(target)}")
    return left


def _how_to_remove(target: Target) -> str:
    originals = f"s3://{target.bucket('Originals')}/originals/{target.folder}/"
    return (
        f"To remove it: aws s3 rm --recursive {shlex.quote(originals)}; "
        f"./fanout dlq purge --stage {target.stage} --prefix {target.folder}/ --yes"
    )
