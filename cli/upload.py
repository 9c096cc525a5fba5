"""`fanout upload`: uploads files through the upload API, as a site does."""

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

# Concurrent uploads, and concurrent waits for photos.
_CONCURRENCY = 8
# Content types by file suffix, for the ticket; the renderer detects the format from the bytes.
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
    """A file and its ticket, or why its upload failed."""

    file: Path
    ticket: dict[str, Any] | None = None
    error: str = ""


def upload(
    *,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="The photos to upload", exists=True, dir_okay=False, readable=True, metavar="FILE…"
        ),
    ],
    stage: StageOption,
    path: Annotated[
        str | None,
        typer.Option(help="The photo's path, or a folder for all files if it ends in /"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Retarget a photo at the path")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until each size is ready or has failed")
    ] = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Upload photos, and print the URL of each variant.

    Without --path, each photo gets a new folder with a random name.

    Exit code 1 if an upload fails, or with --wait if a size is not ready.

    Example: ./fanout upload a.jpg b.jpg --stage prod --path 2026/ --wait
    """
    paths = _choose_paths(files, path)
    target = Stage(stage, region)
    with progress(as_json=as_json) as bar:
        task = bar.add_task("Uploading", total=sum(file.stat().st_size for file in files))
        uploader = _Uploader(target, bar, task, overwrite=overwrite)
        uploads = list(
            map_concurrently(
                zip(files, paths, strict=True), uploader.upload, max_workers=_CONCURRENCY
            )
        )
    succeeded = True
    results = _wait_for(target, uploads) if wait else ((each, None) for each in uploads)
    for uploaded, status in results:
        _print(uploaded, status, as_json=as_json)
        succeeded = succeeded and uploaded.ticket is not None and (not status or is_ready(status))
    if not succeeded:
        raise typer.Exit(1)


def _choose_paths(files: list[Path], path: str | None) -> list[str | None]:
    """Returns each file's path, None if the API chooses it; BadParameter if two are equal."""
    if path is None:
        return [None] * len(files)
    if not path.endswith("/"):
        if len(files) > 1:
            raise typer.BadParameter(
                f"{path!r} is the path of one photo, but there are {len(files)}: end a folder in /",
                param_hint="--path",
            )
        return [path]
    name, times = Counter(file.name for file in files).most_common(1)[0]
    if times > 1:
        raise typer.BadParameter(f"{times} files have the name {name!r}", param_hint="FILE")
    return [path + file.name for file in files]


class _Uploader:
    """Uploads files from several threads, and advances the progress bar."""

    def __init__(self, target: Stage, bar: Progress, task: TaskID, *, overwrite: bool) -> None:
        self._api_url, self._authorize = target.api_url, target.authorize
        self._bar, self._task, self._overwrite = bar, task, overwrite

    def upload(self, item: tuple[Path, str | None]) -> Uploaded:
        file, path = item
        try:
            with file.open("rb") as opened:
                length = file.stat().st_size
                ticket = self._ticket(file, path, length)
                response = post_form(ticket, opened, length, self._advance)
                _check(response, "S3 refused it")
        except (FanoutError, OSError, requests.RequestException) as error:
            return Uploaded(file, error=str(error))
        return Uploaded(file, ticket)

    def _ticket(self, file: Path, path: str | None, length: int) -> dict[str, Any]:
        name = {"path": path} if path else {"filename": file.name}
        kind = _TYPES.get(file.suffix.lower(), "application/octet-stream")
        request = {**name, "content_type": kind, "bytes": length, "overwrite": self._overwrite}
        response = ask_for_ticket(self._api_url, self._authorize, request)
        if response.status_code in _NOT_ALLOWED:
            raise FanoutError(
                "this token, or these credentials, may not upload: see the permissions in "
                f"docs/operations.md. The API's response: {response.text}"
            )
        _check(response, "no ticket")
        ticket: dict[str, Any] = response.json()
        return ticket

    def _advance(self, sent: int) -> None:
        self._bar.advance(self._task, sent)


def _check(response: requests.Response, failure: str) -> None:
    if response.ok:
        return
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text
    raise FanoutError(f"{failure} ({response.status_code}): {detail}")


def _wait_for(target: Stage, uploads: list[Uploaded]) -> Iterator[tuple[Uploaded, Status | None]]:
    """Yields each upload, in order, with its final status."""
    poller = StatusPoller(make_status_reader(target).get)

    def wait(uploaded: Uploaded) -> tuple[Uploaded, Status | None]:
        return uploaded, poller.wait(uploaded.ticket["path"]) if uploaded.ticket else None

    return map_concurrently(uploads, wait, max_workers=_CONCURRENCY)


def _print(uploaded: Uploaded, status: Status | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(uploaded, status))
    elif uploaded.ticket is None:
        note(escape(f"{uploaded.file}: {uploaded.error}"))
    else:
        show(escape(f"{uploaded.file}: path {uploaded.ticket['path']}"))
        if status:
            print_status(status)
        else:
            for size, url in uploaded.ticket["variants"].items():
                show(f"{size}  {url}")


def _document(uploaded: Uploaded, status: Status | None) -> dict[str, Any]:
    if uploaded.ticket is None:
        return {"file": str(uploaded.file), "error": uploaded.error}
    path = uploaded.ticket["path"]
    if status:
        return {"file": str(uploaded.file), **as_document(path, status)}
    return {"file": str(uploaded.file), "path": path, "variants": uploaded.ticket["variants"]}
