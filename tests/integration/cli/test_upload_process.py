"""`fanout upload` in a process of its own: signals, a lost terminal, memory, and speed."""

import json
import os
import pty
import re
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.forked import FORKS, Forked
from tests.integration.uploading import run
from tests.upload_site import UploadSite, serving

pytestmark = FORKS
COUNT = 100
WORKERS, WAITERS = 32, 8


@pytest.fixture
def site() -> Iterator[UploadSite]:
    with serving() as site:
        yield site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(COUNT):
        file = folder / f"day {number % 7}" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\xff\xd8\xff" + str(number).encode() * 1000)
    return folder


def upload(site: UploadSite, folder: Path, *arguments: str, **settings: Any) -> Forked:
    return Forked(run, site.url, folder.parent / "records", str(folder), *arguments, **settings)


def wait_until_full(site: UploadSite) -> None:
    """Wait until every worker of the command posts a form that is not answered."""
    for _ in range(WORKERS):
        assert site.held.acquire(timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_upload_says_what_was_done_and_how_to_go_on(
    site: UploadSite, folder: Path, number: signal.Signals
) -> None:
    site.hold_after(40)
    with upload(site, folder, "--path", "2026/") as process:
        wait_until_full(site)
        process.send_signal(number)
        code, out, err = process.finish()
    assert code == 130
    assert "Traceback" not in err
    uploaded = len(re.findall(": path 2026/", out))
    assert uploaded == 40
    assert "\n40 uploaded (" in f"\n{err}"
    assert f"; {WORKERS} under way, {COUNT - 40 - WORKERS} not begun\n" in err
    assert (
        "What is uploaded is not sent again. To go on: "
        f"./fanout upload {folder} --stage dev --path 2026/ --region eu-west-1\n"
    ) in err
    assert err.endswith("Interrupted.\n")


def test_waiting_for_photos_ends_at_once(site: UploadSite, folder: Path) -> None:
    """Its threads ask for minutes, and nobody has to wait for them."""
    with upload(site, folder, "--path", "2026/", "--wait") as process:
        waiting = 0
        while waiting < WAITERS:
            line = process.stdout.readline()
            assert line, "the process has ended"
            waiting += line == "waiting\n"
        process.send_signal(signal.SIGINT)
        code, _, err = process.finish()
    assert code == 130
    assert err.endswith(
        f"Stopped waiting: 0 of {COUNT} are done; all go on by themselves.\nInterrupted.\n"
    )


def test_an_output_that_nobody_reads_any_more_ends_it(site: UploadSite, folder: Path) -> None:
    """As `| head -1` does."""
    site.hold_after(40)
    with upload(site, folder, "--path", "2026/", "--json") as process:
        wait_until_full(site)
        process.stdout.close()
        site.hold_after(None)
        site.close()
        code, _, err = process.finish()
    assert code == 1
    assert "Traceback" not in err
    assert "What is uploaded is not sent again. To go on: " in err


@pytest.mark.parametrize("destination", [["--path", "2026/"], []])
def test_run_again_it_sends_only_what_is_missing(
    site: UploadSite, folder: Path, destination: list[str]
) -> None:
    site.hold_after(40)
    with upload(site, folder, *destination, "--json") as process:
        wait_until_full(site)
        process.send_signal(signal.SIGINT)
        _, out, err = process.finish()
    *first, end = [json.loads(line) for line in out.splitlines()]
    assert end["summary"]["under_way"] == WORKERS
    assert end["summary"]["not_begun"] == COUNT - 40 - WORKERS
    assert err.endswith("Interrupted.\n")
    site.hold_after(None)
    with upload(site, folder, *destination, "--json") as process:
        code, out, err = process.finish()
    assert code == 0, err
    *second, end = [json.loads(line) for line in out.splitlines()]
    assert end["summary"]["uploaded"] + end["summary"]["there_already"] == COUNT
    assert end["summary"]["there_already"] >= 40
    paths = {line["file"]: line["path"] for line in second}
    assert {line["file"]: line["path"] for line in first}.items() <= paths.items()
    assert len(paths) == len(set(paths.values())) == len(site.stored) == COUNT


@pytest.mark.parametrize("logs", [True, False])
def test_a_lost_terminal_ends_it_without_a_traceback_and_it_can_go_on(
    site: UploadSite, folder: Path, logs: bool
) -> None:
    """Without --path, the folders are known only to the record; there may be no file of errors."""
    site.hold_after(40)
    terminal, its = pty.openpty()
    streams = dict.fromkeys((0, 1) if logs else (0, 1, 2), its)
    with upload(site, folder, streams=streams, has_terminal=True) as process:
        os.close(its)
        with read(terminal):
            wait_until_full(site)
        os.close(terminal)
        code, _, err = process.finish()
    assert code == 130
    assert "Traceback" not in err
    assert err.endswith("Interrupted.\n") is logs
    site.hold_after(None)
    with upload(site, folder, "--json") as process:
        _, out, err = process.finish()
    assert "Going on with an earlier upload" in err
    assert json.loads(out.splitlines()[-1])["summary"]["there_already"] >= 40
    assert len(site.stored) == COUNT


@contextmanager
def read(terminal: int) -> Iterator[list[bytes]]:
    """Take all that is written to a terminal, which otherwise would block its writer."""
    done, taken = threading.Event(), list[bytes]()

    def take() -> None:
        with suppress(OSError):  # nobody has the terminal any more
            while True:
                if select.select([terminal], [], [], 0.05)[0]:
                    taken.append(os.read(terminal, 65536))
                elif done.is_set():
                    break

    taking = threading.Thread(target=take)
    taking.start()
    try:
        yield taken
    finally:
        done.set()
        taking.join()


def test_a_terminal_shows_a_bar_below_the_results(site: UploadSite, folder: Path) -> None:
    site.limit(30)
    terminal, its = pty.openpty()
    environment = {"COLUMNS": "200", "TERM": "xterm"}
    streams = dict.fromkeys(range(3), its)
    with (
        read(terminal) as taken,
        upload(
            site, folder, "--path", "2026/", environment=environment, streams=streams
        ) as process,
    ):
        os.close(its)
        code, _, _ = process.finish()
    os.close(terminal)
    assert code == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(taken).decode())
    assert re.search(rf"Uploading \S+ \d+ of {COUNT} [\d.]+ [kM]B/s \d:\d\d:\d\d", shown)
    lines = [line for line in re.split(r"[\r\n]+", shown) if ": path 2026/" in line]
    assert len(lines) == COUNT
    assert all(line.startswith(str(folder)) for line in lines)
    assert shown.rstrip().endswith(f"\n\r{COUNT} uploaded (190.3 kB), 0 there already")
