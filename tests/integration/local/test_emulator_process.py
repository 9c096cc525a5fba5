"""What our emulator's functions share: their unpacked zips, modules, and a few processes each."""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from ministack.core import lambda_runtime

from local import emulator_process as ours

SECONDS = 60
CONFIG = {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}


def zipped(name: str) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "code")
    return data.getvalue()


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ours._Folders:
    monkeypatch.setattr(ours, "mkdtemp", lambda prefix: str(tmp_path))  # noqa: ARG005
    return ours._Folders()


def test_a_zip_is_unpacked_once_and_stays_until_its_last_process_ends(
    folders: ours._Folders, tmp_path: Path
) -> None:
    def data() -> bytes:
        return zipped("handler.py")

    assert folders.take(data(), user=1) == tmp_path
    (tmp_path / "handler.py").write_text("not unpacked again")
    assert folders.take(data(), user=2) == tmp_path
    folders.give_back(data(), user=1)
    folders.give_back(data(), user=1)
    assert (tmp_path / "handler.py").read_text() == "not unpacked again"
    folders.give_back(data(), user=2)
    assert not tmp_path.exists()


def test_a_process_gets_a_link_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "shared é").mkdir()
    (tmp_path / "shared é" / "handler.py").touch()
    (tmp_path / "code").mkdir()
    with ours._Zip(BytesIO(ours._make_link(tmp_path / "shared é"))) as link:
        link.extractall(tmp_path / "code")
    assert (tmp_path / "code").resolve() == tmp_path / "shared é"
    assert (tmp_path / "code" / "handler.py").exists()


def test_another_zip_is_unpacked(tmp_path: Path) -> None:
    with ours._Zip(BytesIO(zipped("layer.py"))) as layer:
        layer.extractall(tmp_path)
    assert (tmp_path / "layer.py").read_text() == "code"


def test_all_lines_that_a_process_wrote_before_its_answer_are_its_log() -> None:
    """However many: the thread that reads them meanwhile takes some, or none yet."""
    reads, writes = os.pipe()
    process = ours._Process("f", CONFIG, b"")
    with (
        os.fdopen(reads) as errors,
        os.fdopen(writes, "wb", 0) as log,
        ThreadPoolExecutor(1) as one,
    ):
        process._proc, process._errors = SimpleNamespace(stderr=errors), errors
        reader = one.submit(process._read_stderr)
        assert process._drain_stderr_bounded() == ""
        for count in (1, 2, 1000):
            lines = [f"{number} é" for number in range(count)]
            for line in lines:
                log.write(f"{line}\n".encode())
            assert process._drain_stderr_bounded() == "\n".join(lines)
        log.close()
        reader.result(SECONDS)


@pytest.fixture
def pool() -> Iterator[None]:
    yield
    lambda_runtime.reset()


def test_requests_beyond_the_processes_wait_for_the_first_that_is_free(pool: None) -> None:
    running = [ours._wait_for_worker("f", CONFIG, b"")[0] for _ in range(ours._MAX_PROCESSES)]
    assert len(set(map(id, running))) == ours._MAX_PROCESSES
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(ours._wait_for_worker, "f", CONFIG, b"")
        assert ours._wait_for_worker("g", CONFIG, b"")[1] == "spawn", (
            "another function does not wait"
        )
        ours._release_worker(running[1])
        assert waiting.result(SECONDS) == (running[1], "reused")


@pytest.mark.parametrize(("queue", "waits"), [("http://q/a-dlq", 0), ("http://q/a", 20)])
def test_letters_of_an_empty_queue_are_not_waited_for(
    queue: str, waits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def receive(request: dict[str, Any], _: str) -> dict[str, Any]:
        return {"waited": request["WaitTimeSeconds"]}

    monkeypatch.setattr(ours, "_receive_messages", receive)
    request = {"QueueUrl": queue, "WaitTimeSeconds": 20}
    assert asyncio.run(ours._receive(request, "")) == {"waited": waits}


# A handler that tells where it was imported, and where it runs.
HANDLER = """
import ctypes, os, random, sys, threading, time
importer, threads = os.getpid(), threading.active_count()

def count_mappings():
    class Counts(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in
            ("arena", "ordblks", "smblks", "mappings", *"abcdef")]
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype, libc.malloc.restype = Counts, ctypes.c_void_p
    before = libc.mallinfo2().mappings
    libc.malloc(8 << 20)
    return libc.mallinfo2().mappings - before

def handler(event, _):
    print("to the log")
    if event == "exit":
        sys.exit(3)
    return {
        "pid": os.getpid(), "importer": importer, "threads": threads, "cwd": os.getcwd(),
        "environment": dict(os.environ), "path": sys.path, "random": random.random(),
        "mappings": count_mappings(), "descriptors": len(os.listdir("/proc/self/fd")),
    }
"""


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Makes this process an emulator, as the script does."""
    with ExitStack() as started:

        class Popen(ours._Popen):
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                started.enter_context(self)  # closes its pipes, which ministack does not

        libc = ctypes.CDLL(None)
        libc.prctl(ours._PR_SET_CHILD_SUBREAPER, 1)
        started.callback(libc.prctl, ours._PR_SET_CHILD_SUBREAPER, 0)
        monkeypatch.setattr(lambda_runtime, "subprocess", fake(subprocess, Popen=Popen))
        monkeypatch.setattr(lambda_runtime, "zipfile", fake(zipfile, ZipFile=ours._Zip))
        yield


def fake(module: Any, **changes: Any) -> SimpleNamespace:
    return SimpleNamespace(**vars(module) | changes)


@pytest.fixture
def make_function(emulator: None) -> Iterator[Callable[..., ours._Process]]:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("handlers/__init__.py", "")
        archive.writestr("handlers/probe.py", HANDLER)
        archive.writestr("handlers/broken.py", "raise ValueError('not importable')")
    functions = []
    before = set(psutil.Process().children())

    def make(name: str = "f", module: str = "probe", **variables: str) -> ours._Process:
        config = {
            **CONFIG,
            "FunctionName": name,
            "Handler": f"handlers.{module}.handler",
            "Environment": {"Variables": variables},
            "Timeout": SECONDS,
        }
        functions.append(ours._Process(name, config, data.getvalue()))
        return functions[-1]

    yield make
    lambda_runtime.kill_workers(functions)
    assert set(psutil.Process().children()) <= before


linux = pytest.mark.skipif(sys.platform != "linux", reason="functions start as usual")


def invoked(function: ours._Process, event: Any = None) -> dict[str, Any]:
    response = function.invoke(event, "id")
    assert response["status"] == "ok", response
    assert response["log"] == "to the log"
    result: dict[str, Any] = response["result"]
    return result


@linux
def test_functions_of_a_zip_share_what_one_process_imported(
    make_function: Callable[..., ours._Process],
) -> None:
    one = invoked(make_function("one", COLOUR="é", MALLOC_MMAP_THRESHOLD_=str(32 << 20)))
    two = invoked(make_function("two"))
    assert one["importer"] == two["importer"]
    assert len({one["pid"], two["pid"], one["importer"]}) == 3
    assert one["threads"] == 1, "a process with threads must not fork"
    assert one["random"] != two["random"]
    assert one["descriptors"] == two["descriptors"]
    assert (one["mappings"], two["mappings"]) == (0, 1), "glibc has each function's options"


@linux
def test_a_forked_process_is_one_that_was_started(
    make_function: Callable[..., ours._Process],
) -> None:
    """With its own environment, which others see, folder, path and group."""
    forked, started = (
        invoked(make_function("f", COLOUR="é", **more)) for more in ({}, {"PYTHONUTF8": "1"})
    )
    assert started["importer"] == started["pid"]
    assert forked["importer"] != forked["pid"]
    assert started["environment"].pop("PYTHONUTF8")
    assert normal(forked) == normal(started)
    assert forked["descriptors"] == started["descriptors"]
    for result in (forked, started):
        process = psutil.Process(result["pid"])
        assert process.ppid() == os.getpid()
        assert os.getpgid(process.pid) == os.getpgrp()
        assert process.environ()["COLOUR"] == "é"
        assert process.environ()["AWS_LAMBDA_FUNCTION_NAME"] == "f"
        assert "SPACE" not in process.environ()


def normal(result: dict[str, Any]) -> str:
    """Returns environment, folder and path without what differs for each start."""
    environment, folder = result["environment"], result["environment"]["LAMBDA_TASK_ROOT"]
    text = json.dumps([environment, result["cwd"], result["path"]], sort_keys=True)
    for own in (folder, str(Path(folder).parent), environment["AWS_LAMBDA_LOG_STREAM_NAME"]):
        text = text.replace(own, "own")
    return text


@linux
def test_a_forked_process_ends_as_one_that_was_started(
    make_function: Callable[..., ours._Process],
) -> None:
    function = make_function()
    first = invoked(function)
    process = function._proc
    assert process.poll() is None
    os.kill(first["pid"], signal.SIGKILL)
    assert process.wait(SECONDS) == -signal.SIGKILL
    assert invoked(function)["pid"] != first["pid"], "another has been started"
    process = function._proc
    assert function.invoke("exit", "id")["error"] == "Worker process died"
    assert process.wait(SECONDS) == 3


@linux
def test_processes_outlive_their_fork_server_and_get_a_new_one(
    make_function: Callable[..., ours._Process],
) -> None:
    one, two, three = (make_function(name) for name in "123")
    first = invoked(one)
    psutil.Process(first["importer"]).kill()
    second = invoked(two)
    assert second["importer"] != first["importer"]
    assert invoked(one)["pid"] == first["pid"]
    assert invoked(three)["importer"] not in (first["importer"], first["pid"])


@linux
def test_a_fork_server_ends_with_the_emulator(
    make_function: Callable[..., ours._Process],
) -> None:
    function = make_function()
    importer = psutil.Process(invoked(function)["importer"])
    server = ours._folders.get_server(str(function._tmpdir) + "/code")
    assert server
    server._socket.close()
    assert importer.wait(SECONDS) == 0


@linux
def test_a_handler_that_cannot_be_imported_says_why(
    make_function: Callable[..., ours._Process],
) -> None:
    with pytest.raises(RuntimeError, match="Worker init failed: not importable"):
        make_function(module="broken").invoke(None, "id")
