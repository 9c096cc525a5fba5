"""The emulator's process: ministack, with functions that start sooner.

By itself it unpacks a function's zip, 70 MB here, for each process of a function, has it import
its modules for half a second, starts one for each request that comes while others run (of
CloudFront's functions too), waits 50 ms for a request's log lines, and a second for letters of an
empty queue.

It runs as a script: neither it nor the functions, its children, find this project's modules.
"""

import ctypes
import hashlib
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import IO, Any

from hypercorn.__main__ import main
from ministack.core import cloudfront_js, lambda_runtime
from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

# Processes of one function, which take turns: more than there are cores would only start later. A
# function that calls itself more deeply than this would wait for itself; none of ours does.
_MAX_PROCESSES = (os.cpu_count() or 1) + 2
# Processes of CloudFront's functions, which take a tenth of a second to start and none to run.
_MAX_EDGE = 2
# A process that is killed is not released.
_KILLED_SECONDS = 1.0
# A pipe's usual capacity.
_LOG_BYTES = 65_536
_FORK_SERVER = Path(__file__).with_name("fork_server.py")
# Space in a fork server's environment for a function's: Lambda's limit, and what ministack adds.
_ENVIRONMENT_BYTES = 8192
# prctl's option that makes this process the parent of its descendants' orphans.
_PR_SET_CHILD_SUBREAPER = 36
# Variables that Python and our packages read when they start, before a fork.
_START_OPTIONS = ("PYTHON", "PILLOW_", "POWERTOOLS_LOG", "LOG_LEVEL")
# More than a fork server answers.
_ANSWER_BYTES = 64

_acquire, _release = lambda_svc.acquire_worker, lambda_svc.release_worker
_edge, _evaluate_at_edge = threading.Semaphore(_MAX_EDGE), cloudfront_js.evaluate
_receive_messages = sqs._HANDLERS["ReceiveMessage"]
_released = threading.Condition()


class _Folders:
    """The unpacked zips of running functions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[bytes, Path] = {}
        self._users: dict[bytes, set[int]] = {}
        self._servers: dict[Path, _ForkServer] = {}

    def take(self, data: bytes, user: int) -> Path:
        """Returns the folder with the zip's files, unpacked unless somebody uses it already."""
        with self._lock:
            if data not in self._folders:
                folder = Path(mkdtemp(prefix="function-"))
                with zipfile.ZipFile(BytesIO(data)) as archive:
                    archive.extractall(folder)
                self._folders[data], self._users[data] = folder, set()
            self._users[data].add(user)
            return self._folders[data]

    def give_back(self, data: bytes, user: int) -> None:
        """Deletes the folder if nobody else uses it."""
        with self._lock:
            if data not in self._folders:
                return
            self._users[data].discard(user)
            if not self._users[data]:
                del self._users[data]
                folder = self._folders.pop(data)
                if folder in self._servers:
                    self._servers.pop(folder).stop()
                shutil.rmtree(folder, ignore_errors=True)

    def get_server(self, path: str) -> "_ForkServer | None":
        """Returns the fork server of a zip's folder, None for another folder."""
        folder = Path(path).resolve()
        with self._lock:
            if folder not in self._folders.values():
                return None
            server = self._servers.get(folder)
            if server and not server.is_running():
                server.stop()
                server = None
            self._servers[folder] = server or _ForkServer(folder)
            return self._servers[folder]


class _ForkServer:
    """Starts processes of one zip's functions by forking: see fork_server.py."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_FORK_SERVER), str(folder)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={**os.environ, "SPACE": " " * _ENVIRONMENT_BYTES},
            )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def fork(self, message: dict[str, Any], pipes: list[int]) -> int:
        """Returns the id of the process, a child of ours.

        Raises OSError or ValueError if there is none, because the server has ended.
        """
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(message).encode()], pipes)
            child = int(self._socket.recv(_ANSWER_BYTES))
            self._socket.recv(_ANSWER_BYTES)
            return child

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()


class _Popen(subprocess.Popen[str]):
    """A process that is forked if it runs a function of ours, and starts as usual if not."""

    def _execute_child(self, command: Any, *arguments: Any) -> None:
        cwd, environment, pipes = arguments[4], arguments[5], arguments[9:15]
        server = None if _has_start_options(environment) else _folders.get_server(cwd)
        # Without an answer the server has just been killed; the next process gets a new one.
        with suppress(OSError, ValueError):
            if server:
                message = {"script": command[1], "cwd": cwd, "environment": environment}
                self.pid = server.fork(message, [pipes[0], pipes[3], pipes[5]])
                self._child_created = True
                self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
                return
        super()._execute_child(command, *arguments)  # type: ignore[misc]


def _has_start_options(environment: dict[str, str]) -> bool:
    """Returns whether a function sets such variables: then it starts as usual, and reads them."""
    return any(
        name.startswith(_START_OPTIONS) and os.environ.get(name) != value
        for name, value in environment.items()
    )


_folders = _Folders()


class _Process(lambda_runtime.Worker):  # type: ignore[misc]  # of a package without types
    """A process of a function, in a folder that it shares with those of the same zip.

    Its log lines are in its pipe before its answer is in another, so nothing waits for them.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._reading = threading.Lock()
        self._errors: IO[str] | None = None
        self._unfinished = b""

    def _spawn(self) -> None:
        data: bytes = self.code_zip  # type: ignore[has-type]
        folder = _folders.take(data, id(self))
        self.code_zip = _make_link(folder)
        self._errors, self._unfinished = None, b""
        try:
            super()._spawn()
        finally:
            self.code_zip = data
        self._errors = self._proc.stderr

    def _discard_tmpdir(self) -> None:
        super()._discard_tmpdir()
        _folders.give_back(self.code_zip, id(self))

    def _read_stderr(self) -> None:
        """Reads lines until the process ends, in a thread: a full pipe would stop the process."""
        errors = self._proc.stderr
        while self._read_lines(errors):
            select.select([errors], [], [])

    def _drain_stderr_bounded(self, *_: float) -> str:
        if self._errors:
            self._read_lines(self._errors)
        lines: str = self._drain_stderr()
        return lines

    def _read_lines(self, errors: IO[str]) -> bool:
        """Reads the lines that were written; returns whether more may follow."""
        with self._reading:
            os.set_blocking(errors.fileno(), False)
            while True:
                try:
                    data = os.read(errors.fileno(), _LOG_BYTES)
                except BlockingIOError:
                    return True
                if not data:
                    return False
                *lines, self._unfinished = (self._unfinished + data).split(b"\n")
                for line in lines:
                    self._stderr_queue.put(line.decode(errors="replace"))


class _Zip(zipfile.ZipFile):
    """A zip; one of `_make_link` is unpacked as a link to the folder."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        if not self.comment or self.namelist():
            super().extractall(path, members, pwd)
            return
        Path(path).rmdir()
        Path(path).symlink_to(os.fsdecode(self.comment), target_is_directory=True)


def _make_link(folder: Path) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.comment = os.fsencode(folder)
    return data.getvalue()


def _wait_for_worker(*arguments: Any, **named: Any) -> Any:
    """Returns a process of a function, as soon as one is free or may be started."""
    with _released:
        while True:
            worker, how = _acquire(*arguments, **named, max_concurrency=_MAX_PROCESSES)
            if worker is not None:
                return worker, how
            _released.wait(_KILLED_SECONDS)


def _release_worker(worker: Any) -> None:
    with _released:
        _release(worker)
        _released.notify_all()


def _evaluate(*arguments: Any) -> Any:
    """Returns the response of a CloudFront function; as it calls nothing, requests take turns."""
    with _edge:
        return _evaluate_at_edge(*arguments)


async def _receive(request: dict[str, Any], url: str) -> dict[str, Any]:
    """Returns messages; of a dead-letter queue at once, which in this process shows all it has.

    On AWS, whoever looks through one asks its many servers by long polling.
    """
    if request.get("QueueUrl", url).endswith("-dlq"):
        request["WaitTimeSeconds"] = 0
    messages: dict[str, Any] = await _receive_messages(request, url)
    return messages


if __name__ == "__main__":
    lambda_runtime.Worker = _Process
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": _Zip})
    if sys.platform == "linux":  # elsewhere nobody adopts the processes of a fork server
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        lambda_runtime.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": _Popen})
    lambda_svc.acquire_worker, lambda_svc.release_worker = _wait_for_worker, _release_worker
    cloudfront_js.evaluate = _evaluate
    sqs._HANDLERS["ReceiveMessage"] = _receive
    # A deploy asks for each function, and all have one zip.
    lambda_svc._unzipped_size = lru_cache(maxsize=2)(lambda_svc._unzipped_size)
    provisioners.hashlib = SimpleNamespace(**vars(hashlib) | {"sha256": lru_cache(hashlib.sha256)})
    sys.exit(main())
