"""What our emulator's functions share: their unpacked zips, and a few processes each."""

import asyncio
import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
