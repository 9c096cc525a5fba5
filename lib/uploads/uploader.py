"""Uploads files of this machine through the upload API, from several threads."""

import hashlib
import os
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from io import BufferedReader
from typing import Any

import requests

from lib.concurrency import map_as_completed
from lib.errors import ConfigError, FanoutError
from lib.pipeline.focus import FocalPoint
from lib.uploads.client import Authorize, ShorterFileError, ask_for_ticket, post_form
from lib.uploads.local_files import (
    START_BYTES,
    LocalFile,
    Unusable,
    describe_unreadable,
    find_content_type,
)
from lib.uploads.results import (
    NotUploadedError,
    Outcome,
    UploadResult,
    make_api_error,
    make_s3_error,
)
from lib.uploads.retries import Retries, StoppedError

# Of small files: each takes some 0.2 s, and the API issues 100 tickets a second by default.
_MAX_WORKERS = 32
# Of large files together: at 1 Mbit/s these take less than the 15 minutes that a ticket is valid.
_MAX_BYTES = 64_000_000
_CREATED = 201
_NOT_ALLOWED = (401, 403)


class Uploader:
    """Uploads files; `on_sent` gets the bytes of each part, less than 0 if they are sent again."""

    def __init__(
        self,
        api_url: str,
        authorize: Authorize | None,
        *,
        overwrite: bool,
        content_type: str | None,
        on_sent: Callable[[int], None],
        focus: FocalPoint | None = None,
    ) -> None:
        self._api_url, self._authorize = api_url, authorize
        self._overwrite, self._content_type = overwrite, content_type
        self._on_sent = on_sent
        self._focus = {"focus": focus} if focus else {}
        self._begun, self._lock = 0, threading.Lock()
        self._stop = threading.Event()
        self._retries = Retries(self._stop)
        self._of_thread = threading.local()

    @property
    def begun(self) -> int:
        """Number of files whose upload has begun."""
        with self._lock:
            return self._begun

    def upload_all(
        self, found: Iterable[LocalFile | Unusable], make_path: Callable[[LocalFile], str]
    ) -> Generator[UploadResult, None, None]:
        """Uploads each file to its path; yields each result as soon as it is known.

        If it is closed earlier, the uploads that are under way end. Raises ConfigError if the
        caller may not upload, and FanoutError if the API does not answer: both concern every file.
        """

        def try_one(each: LocalFile | Unusable) -> UploadResult:
            with self._lock:
                self._begun += 1
            if isinstance(each, Unusable):
                return UploadResult.of_unusable(each)
            return self._upload(each, make_path(each))

        try:
            yield from map_as_completed(
                found,
                try_one,
                max_workers=_MAX_WORKERS,
                weigh=lambda each: each.length if isinstance(each, LocalFile) else 0,
                max_weight=_MAX_BYTES,
            )
        finally:
            self._stop.set()

    def _upload(self, local: LocalFile, path: str) -> UploadResult:
        """Uploads one file unless the photo is there with the same bytes."""
        result = UploadResult(local.file, Outcome.UPLOADED, path, length=local.length)
        try:
            with local.file.open("rb") as opened:
                length = os.fstat(opened.fileno()).st_size
                ticket, is_new = self._get_ticket(local, path, opened, length)
                if is_new:
                    self._send(ticket, opened, length)
        except NotUploadedError as error:
            return replace(result, outcome=error.outcome, reason=error.reason, error=str(error))
        except OSError as error:
            message = describe_unreadable(error)
            return replace(result, outcome=Outcome.FAILED, reason="unreadable", error=message)
        outcome = Outcome.UPLOADED if is_new else Outcome.THERE
        return replace(result, outcome=outcome, variants=ticket["variants"])

    def _get_ticket(
        self, local: LocalFile, path: str, opened: BufferedReader, length: int
    ) -> tuple[dict[str, Any], bool]:
        """Returns a ticket, or the stored photo, and which of both it is."""
        request = {
            "path": path,
            "content_type": self._find_content_type(local, opened),
            "bytes": length,
            "sha256": hashlib.file_digest(opened, "sha256").hexdigest(),
            "overwrite": self._overwrite,
            **self._focus,
        }
        try:
            response = self._retries.send(
                lambda: ask_for_ticket(self._api_url, self._authorize, request, self._session)
            )
        except requests.RequestException as error:
            raise FanoutError(f"The upload API does not answer: {error}") from error
        if response.status_code in _NOT_ALLOWED:
            raise ConfigError(
                "This token, or these credentials, may not upload: see the permissions in "
                f"docs/operations.md. The API's response: {response.text}"
            )
        if not response.ok:
            raise make_api_error(response, path)
        try:
            document: dict[str, Any] = response.json()
        except ValueError as error:
            raise FanoutError(
                f"{self._api_url} answers, but not as the upload API does: does this network ask "
                f"for a login? The response begins: {response.text[:80]!r}"
            ) from error
        return document, response.status_code == _CREATED

    def _find_content_type(self, local: LocalFile, opened: BufferedReader) -> str:
        start = opened.read(START_BYTES)
        opened.seek(0)
        detected = find_content_type(local.name, start)
        if detected is None and not local.is_named:
            raise NotUploadedError(Outcome.SKIPPED, "not_a_photo")
        if not start:
            raise NotUploadedError(Outcome.REFUSED, "empty", "the file is empty")
        if self._content_type or detected:
            return str(self._content_type or detected)
        raise NotUploadedError(
            Outcome.REFUSED,
            "not_a_photo",
            "neither its name nor its bytes are of a photo: if it is one, say its type, such as "
            "--content-type image/jpeg",
        )

    def _send(self, ticket: dict[str, Any], opened: BufferedReader, length: int) -> None:
        sent = 0

        def count(part: int) -> None:
            nonlocal sent
            if self._stop.is_set():
                raise StoppedError
            sent += part
            self._on_sent(part)

        def post() -> requests.Response:
            # What was sent before a repetition is sent again.
            count(-sent)
            opened.seek(0)
            return post_form(ticket, opened, length, count, self._session)

        try:
            response = self._retries.send(post)
        except requests.RequestException as error:
            message = f"S3 does not answer: {error}"
            raise NotUploadedError(Outcome.FAILED, "no_answer", message) from error
        except ShorterFileError as error:
            raise NotUploadedError(Outcome.FAILED, "changed", str(error)) from error
        if not response.ok:
            self._on_sent(-sent)
            raise make_s3_error(response)

    @property
    def _session(self) -> requests.Session:
        """A session of each thread: its connections stay open between files."""
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = requests.Session()
        session: requests.Session = self._of_thread.session
        return session
