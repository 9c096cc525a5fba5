"""`fanout upload`: uploads files and folders through the upload API, as a site does."""

import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.filesize import decimal
from rich.progress import Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from cli.factories import make_status_reader
from cli.spool import Spool
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.status import as_document, is_ready, print_status
from cli.terminal import escape, note, print_json, progress, show
from cli.viewer_urls import note_unsigned
from lib.concurrency import map_as_completed
from lib.errors import ConfigError, FanoutError
from lib.pipeline.focus import FocalPoint, parse_focus
from lib.uploads.local_files import LocalFile, count_files, find_files, has_photo_suffix
from lib.uploads.new_folders import NewFolders, UploadRecord
from lib.uploads.results import Outcome, UploadResult
from lib.uploads.status import Status, StatusPoller, StatusReader
from lib.uploads.summary import MAX_NAMED, UploadSummary
from lib.uploads.uploader import Uploader

# Concurrent waits for photos.
_MAX_WAITS = 8
_RECORDS = Path(__file__).resolve().parent.parent / ".fanout"
# Characters of a command that is shown to be run again; a longer one is only referred to.
_MAX_COMMAND = 500


def upload(
    *,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="The photos to upload, and folders of photos", exists=True, metavar="FILE…"
        ),
    ],
    stage: StageOption,
    path: Annotated[
        str | None,
        typer.Option(help="A folder for all files, which ends in /; or the path of one photo"),
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option(help="The photos' type, such as image/jpeg; by default by name or bytes"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace other photos at the paths")
    ] = False,
    focus: Annotated[
        str | None,
        typer.Option(
            help="The photos' focal point, such as 0.3,0.4: shares of width and height",
            metavar="X,Y",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until each size is ready or has failed")
    ] = False,
    as_json: JsonOption = False,
    region: RegionOption = None,
) -> None:
    """Upload photos and folders, and skip what is there already.

    Without --path, each photo gets a new folder with a random name. After an interruption, the
    same command goes on.

    Exit code 1 if a file is not uploaded, or with --wait if a size is not ready.

    Example: ./fanout upload a.jpg b.jpg --stage prod --path 2026/ --wait
    """
    destination = None if path is None else _choose_destination(files, path)
    target = Stage(stage, region)
    make_uploader = partial(
        Uploader,
        target.api_url,
        target.authorize,
        overwrite=overwrite,
        content_type=content_type,
        focus=_parse_focus(focus),
    )
    record = None
    if destination is None:
        record = UploadRecord.of(_RECORDS, stage, target.region, files)
        folders = _read_folders(record)
    make_path = folders.make_path if destination is None else _place_in(destination)
    options = {
        "--path": destination,
        "--content-type": content_type,
        "--focus": focus,
        "--region": region,
    }
    flags = {"--overwrite": overwrite, "--wait": wait, "--json": as_json}
    again = _format_command(files, {"--stage": stage, **options}, flags)
    job = _Job(files, make_path, make_uploader, again, as_json)
    total, length = _count(job)
    if record:
        record.write(folders)
    with Spool() as paths:
        summary = _upload(job, total, length, paths)
        all_ready = not wait or _wait_for(job, make_status_reader(target), paths)
        if len(paths) and not as_json and (wait or job.show_urls):
            note_unsigned(target)
    if summary.not_uploaded:
        note(f"To try again: {job.again}")
    elif record:
        record.remove()
    if summary.not_uploaded or not all_ready:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Job:
    """Files to upload, their paths, and the command that goes on after an interruption."""

    files: list[Path]
    make_path: Callable[[LocalFile], str]
    make_uploader: Callable[..., Uploader]
    again: str
    as_json: bool

    @cached_property
    def show_urls(self) -> bool:
        """Whether variants' URLs are printed: of a folder, a line for each photo is enough."""
        return not all(file.is_dir() for file in self.files)


def _choose_destination(files: list[Path], path: str) -> str:
    """Returns the folder or the photo's path; asks if the path does not tell which it is."""
    if not path.strip("/"):
        raise typer.BadParameter(f"{path!r} names no folder and no photo", param_hint="--path")
    if path.endswith("/"):
        return path
    is_one = len(files) == 1 and not files[0].is_dir()
    name = path.rpartition("/")[2]
    if has_photo_suffix(name) or name == files[0].name:
        if is_one:
            return path
        raise typer.BadParameter(
            f"{path!r} is the path of one photo, but there may be several: end a folder in /",
            param_hint="--path",
        )
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            f"{path!r} looks like a folder: write {path + '/'!r}, or the path of a photo such as "
            f"{path + '/photo.jpg'!r}",
            param_hint="--path",
        )
    question = f"{escape(path)} does not end in /. Is it a folder?"
    if typer.confirm(question, default=True, err=True) or not is_one:
        return f"{path}/"
    return path


def _parse_focus(text: str | None) -> FocalPoint | None:
    focus = None if text is None else parse_focus(text)
    if text is not None and focus is None:
        raise typer.BadParameter(
            f"{text!r} is no focal point: write two numbers from 0 to 1, with at most four digits "
            "after the point, such as 0.3,0.4",
            param_hint="--focus",
        )
    return focus


def _place_in(destination: str) -> Callable[[LocalFile], str]:
    if destination.endswith("/"):
        return lambda local: destination + local.name
    return lambda _: destination


def _read_folders(record: UploadRecord) -> NewFolders:
    """Returns the folders of an interrupted upload of the same files, or new ones."""
    folders = record.read()
    if folders:
        note(f"Going on with an earlier upload, in the same folders ({record.file})")
    return folders or NewFolders.with_new_key()


def _format_command(
    files: list[Path], options: dict[str, str | None], flags: dict[str, bool]
) -> str:
    # A name that begins with a hyphen would be an option.
    names = [f"./{file}" if str(file).startswith("-") else str(file) for file in files]
    words = ["./fanout", "upload", *names]
    for name, value in options.items():
        words += [] if value is None else [name, value]
    words += [name for name, is_set in flags.items() if is_set]
    command = shlex.join(words)
    return escape(command) if len(command) <= _MAX_COMMAND else "run the same command again"


def _upload(job: _Job, total: int, length: int, paths: Spool) -> UploadSummary:
    """Uploads the files, printing each result; adds the photos' paths to `paths`."""
    summary = UploadSummary()
    columns = TextColumn("{task.fields[files]}"), TransferSpeedColumn(), TimeRemainingColumn()
    with progress(*columns, as_json=job.as_json) as bar:
        task = bar.add_task("Uploading", total=length, files=f"0 of {total:,}")
        uploader = job.make_uploader(on_sent=partial(bar.advance, task))
        results = uploader.upload_all(find_files(job.files), job.make_path)
        try:
            for result in results:
                summary.add(result)
                if result.is_stored:
                    paths.add(result.path)
                if result.outcome is not Outcome.UPLOADED:
                    # Nothing of it is sent, so the time that is left must not include it.
                    length -= result.length
                bar.update(task, total=length, files=f"{summary.total:,} of {total:,}")
                _print(job, result, bar)
        except BaseException:
            results.close()
            # A lost terminal shows nothing more.
            with suppress(OSError):
                bar.stop()
                _print_summary(job, summary, total, uploader.begun)
            raise
    _print_summary(job, summary, total, uploader.begun)
    return summary


def _count(job: _Job) -> tuple[int, int]:
    with progress(as_json=job.as_json) as bar:
        bar.add_task("Looking for photos", total=None)
        try:
            total, length = count_files(job.files, job.make_path)
        except ConfigError as error:
            raise typer.BadParameter(str(error), param_hint="FILE") from error
    if not total:
        raise FanoutError(f"There are no files in {', '.join(map(str, job.files))}")
    return total, length


def _print(job: _Job, result: UploadResult, bar: Progress) -> None:
    file, path = escape(str(result.file)), escape(result.path)
    if job.as_json:
        print_json(_as_document(result))
    elif result.error:
        note(f"{file}: {escape(result.error)}", beside=bar)
    elif result.outcome is Outcome.THERE:
        show(f"{file}: there already, at {path}", beside=bar)
    elif result.outcome is Outcome.UPLOADED:
        # Of a folder, a line for each photo is enough.
        is_named = result.file in job.files
        urls = [f"{size}  {url}" for size, url in result.variants.items() if is_named]
        show("\n".join([f"{file}: path {path}", *urls]), beside=bar)


def _as_document(result: UploadResult) -> dict[str, Any]:
    fields = {
        "path": result.path if result.is_stored else "",
        "variants": result.variants,
        "reason": result.reason,
        "error": result.error,
    }
    given = {name: value for name, value in fields.items() if value}
    return {"file": str(result.file), "result": result.outcome, **given}


def _print_summary(job: _Job, summary: UploadSummary, total: int, begun: int) -> None:
    under_way, not_begun = begun - summary.total, max(0, total - begun)
    is_complete = not under_way and not not_begun
    if not job.as_json:
        rest = "" if is_complete else f"; {under_way:,} under way, {not_begun:,} not begun"
        note(f"{_format_counts(summary)}{rest}")
        if summary.total > MAX_NAMED:
            _print_named(summary)
    if not is_complete:
        note(f"What is uploaded is not sent again. To go on: {job.again}")
    if job.as_json:
        unfinished = {"under_way": under_way, "not_begun": not_begun}
        print_json({"summary": summary.as_document() | unfinished})


def _format_counts(summary: UploadSummary) -> str:
    parts = [
        f"{summary.counts[Outcome.UPLOADED]:,} uploaded ({decimal(summary.bytes_sent)})",
        f"{summary.counts[Outcome.THERE]:,} there already",
    ]
    for outcome in (Outcome.REFUSED, Outcome.FAILED, Outcome.SKIPPED):
        if count := summary.counts[outcome]:
            reasons = summary.reasons[outcome].most_common()
            listed = ", ".join(f"{each} {times:,}" for each, times in reasons)
            parts.append(f"{count:,} {outcome} ({listed})")
    return ", ".join(parts)


def _print_named(summary: UploadSummary) -> None:
    for result in summary.named:
        note(f"  {escape(str(result.file))}: {escape(result.error)}")
    if more := summary.not_uploaded - len(summary.named):
        note(f"  and {more:,} more")


def _wait_for(job: _Job, reader: StatusReader, paths: Spool) -> bool:
    """Prints each photo's final status as soon as it is known; returns whether all are ready."""
    poller, ended, ready = StatusPoller(reader.get), 0, True

    def wait(path: str) -> tuple[str, Status]:
        return path, poller.wait(path)

    try:
        with progress(as_json=job.as_json) as bar:
            task = bar.add_task("Waiting for the sizes", total=len(paths))
            for path, status in map_as_completed(paths, wait, max_workers=_MAX_WAITS):
                if job.as_json:
                    print_json(as_document(path, status))
                else:
                    show(f"{escape(path)}:", beside=bar)
                    print_status(status, beside=bar)
                bar.advance(task)
                ended, ready = ended + 1, ready and is_ready(status)
    except KeyboardInterrupt:
        with suppress(OSError):
            note(f"Stopped waiting: {ended:,} of {len(paths):,} are done; all go on by themselves.")
        raise
    return ready
