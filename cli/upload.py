"""fanout upload: files through the upload API, as a site uploads them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import requests
import typer
from rich.progress import Progress, TaskID

from cli.factories import make_status_reader
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.status import as_document, is_ready, print_status
from cli.terminal import escape, note, print_json, progress, show
from lib.concurrency import map_concurrently
from lib.errors import FanoutError
from lib.uploads.client import ask_for_ticket, post_form
from lib.uploads.status import Status, StatusPoller

# Uploads, and photos that are waited for, at once.
_ABREAST = 8
# What the API takes, by what the files are called; the bytes decide what they are rendered as.
_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
}
_NOT_ALLOWED = (401, 403)


class Uploaded(NamedTuple):
    """A file and its ticket, or why it was not taken."""

    file: Path
    ticket: dict[str, Any] | None = None
    error: str = ""


def upload(
    *,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="The photos", exists=True, dir_okay=False, readable=True, metavar="FILE…"
        ),
    ],
    stage: StageOption,
    path: Annotated[
        str | None,
        typer.Option(help="Upload under this path; one that ends in / is a folder for all files"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is at the path")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until each size is ready or has failed")
    ] = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Upload photos, and tell the URL of each variant.

    Without --path each goes to a new folder that nobody can guess.

    Exit code 1 if a file was not taken, or with --wait if a size is not ready.

    Example: ./fanout upload a.jpg b.jpg --stage prod --path 2026/ --wait
    """
    paths = _paths(files, path)
    place = Stage(stage, region)
    with progress(as_json=as_json) as bar:
        task = bar.add_task("Uploading", total=sum(file.stat().st_size for file in files))
        sender = _Sender(place, bar, task, overwrite=overwrite)
        uploads = list(
            map_concurrently(zip(files, paths, strict=True), sender.send, max_workers=_ABREAST)
        )
    good = True
    for done, told in _waited_for(place, uploads) if wait else ((each, None) for each in uploads):
        _print(done, told, as_json=as_json)
        good = good and done.ticket is not None and (told is None or is_ready(told))
    if not good:
        raise typer.Exit(1)


def _paths(files: list[Path], path: str | None) -> list[str | None]:
    """Each file's path, None for one that the API chooses; wrong use if two have the same."""
    if path is None:
        return [None] * len(files)
    if not path.endswith("/"):
        if len(files) > 1:
            raise typer.BadParameter(
                f"{path!r} is the path of one photo; a folder for {len(files)} ends in /",
                param_hint="--path",
            )
        return [path]
    name, times = Counter(file.name for file in files).most_common(1)[0]
    if times > 1:
        raise typer.BadParameter(f"{times} files are called {name!r}", param_hint="FILE")
    return [path + file.name for file in files]


class _Sender:
    """Uploads one file after another, from several threads; draws the bar."""

    def __init__(self, place: Stage, bar: Progress, task: TaskID, *, overwrite: bool) -> None:
        self._api_url, self._authorize = place.api_url, place.authorize
        self._bar, self._task, self._overwrite = bar, task, overwrite

    def send(self, what: tuple[Path, str | None]) -> Uploaded:
        file, path = what
        try:
            with file.open("rb") as opened:
                length = file.stat().st_size
                ticket = self._ticket(file, path, length)
                answer = post_form(ticket, opened, length, self._advance)
                _check(answer, "S3 did not take it")
        except (FanoutError, OSError, requests.RequestException) as error:
            return Uploaded(file, error=str(error))
        return Uploaded(file, ticket)

    def _ticket(self, file: Path, path: str | None, length: int) -> dict[str, Any]:
        name = {"path": path} if path else {"filename": file.name}
        kind = _TYPES.get(file.suffix.lower(), "application/octet-stream")
        wish = {**name, "content_type": kind, "bytes": length, "overwrite": self._overwrite}
        answer = ask_for_ticket(self._api_url, self._authorize, wish)
        if answer.status_code in _NOT_ALLOWED:
            raise FanoutError(
                "this token, or these credentials, may not upload: docs/operations.md lists what "
                f"the command line needs. The API says: {answer.text}"
            )
        _check(answer, "no ticket for it")
        ticket: dict[str, Any] = answer.json()
        return ticket

    def _advance(self, sent: int) -> None:
        self._bar.advance(self._task, sent)


def _check(answer: requests.Response, what: str) -> None:
    if answer.ok:
        return
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = answer.text
    raise FanoutError(f"{what} ({answer.status_code}): {detail}")


def _waited_for(place: Stage, uploads: list[Uploaded]) -> Iterator[tuple[Uploaded, Status | None]]:
    """Each upload, in order, with what it came to."""
    watch = StatusPoller(make_status_reader(place).get)

    def settled(done: Uploaded) -> tuple[Uploaded, Status | None]:
        return done, watch.wait(done.ticket["path"]) if done.ticket else None

    return map_concurrently(uploads, settled, max_workers=_ABREAST)


def _print(done: Uploaded, told: Status | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(done, told))
    elif done.ticket is None:
        note(escape(f"{done.file}: {done.error}"))
    else:
        show(escape(f"{done.file} is at {done.ticket['path']}"))
        if told:
            print_status(told)
        else:
            for size, url in done.ticket["variants"].items():
                show(f"{size}  {url}")


def _document(done: Uploaded, told: Status | None) -> dict[str, Any]:
    if done.ticket is None:
        return {"file": str(done.file), "error": done.error}
    path = done.ticket["path"]
    found = as_document(path, told) if told else {"path": path, "variants": done.ticket["variants"]}
    return {"file": str(done.file), **found}
