"""Servers of the local stack are started, found again and stopped, and no others."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lib.errors import ConfigError
from local import processes as module
from local.processes import Processes, clean_environment, free_port, parse_port


def serve(processes: Processes, name: str = "web") -> int:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    processes.start(name, command, port, clean_environment())
    return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_server_is_found_and_stopped_by_a_later_command(tmp_path: Path) -> None:
    first = Processes(tmp_path)
    port = serve(first)
    assert answers(port)
    later = Processes(tmp_path)
    assert later.are_running("web")
    assert later.stop()
    assert not answers(port)
    assert not later.are_running("web")
    assert not first.stop()


def test_a_server_that_does_not_start_leaves_nothing_and_shows_its_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    command = [sys.executable, "-c", "raise SystemExit('no licence')"]
    with pytest.raises(ConfigError, match=r"^The web did not start on 127.0.0.1:\d+: no licence$"):
        processes.start("web", command, free_port(), clean_environment())
    assert not processes.are_running("web")


def test_a_stranger_who_answers_at_the_port_is_not_taken_for_the_server(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        with pytest.raises(ConfigError, match=r"^The web did not start on .*: .*in use$"):
            processes.start("web", command, port, clean_environment())


def test_a_free_port_is_none_that_the_system_hands_out(tmp_path: Path) -> None:
    assert len({free_port() for _ in range(20)}) > 1
    assert all(free_port() < 32_768 for _ in range(20))


def test_a_stranger_with_a_recorded_process_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        started = psutil.Process(stranger.pid).create_time()
        record = f'{{"web": [{stranger.pid}, {started - 100}]}}'
        (tmp_path / "processes.json").write_text(record)
        processes = Processes(tmp_path)
        assert not processes.are_running("web")
        assert not processes.stop()
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"Port {port} on 127.0.0.1 is used by another"):
            free_port(port)


@pytest.mark.parametrize("given", ["65536", "-1", "abc", "", "1e3", "²"])
def test_what_is_no_port_is_named_as_it_was_given(given: str) -> None:
    assert parse_port("PORT", "65535") == 65_535
    with pytest.raises(ConfigError, match=rf"^CDN_PORT={re.escape(given)}: a port is a number"):
        parse_port("CDN_PORT", given)


def test_a_port_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "bind", deny)
    with pytest.raises(ConfigError, match=r"Port 80 .* is reserved .* from 1024 on"):
        free_port(80)


# A server with a worker that ends for nothing: neither its parent's death nor SIGTERM.
WITH_WORKER = """
import signal, subprocess, sys
from http.server import HTTPServer, BaseHTTPRequestHandler
worker = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n" + (
    "print('ready', flush=True); time.sleep(600)"
)
child = subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE)
child.stdout.readline()
HTTPServer(("127.0.0.1", int(sys.argv[1])), BaseHTTPRequestHandler).serve_forever()
"""


class Family:
    """The processes of a server with a worker."""

    def __init__(self, processes: Processes) -> None:
        command = [sys.executable, "-c", WITH_WORKER, str(port := free_port())]
        processes.start("web", command, port, clean_environment())
        self.server, self.worker = processes.family("web")
        self.supervisor = psutil.Process(self.server.ppid())

    def assert_gone(self) -> None:
        everyone = [self.supervisor, self.server, self.worker]
        _, alive = psutil.wait_procs(everyone, timeout=30)
        assert alive == []


def test_a_killed_server_leaves_no_worker(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    family = Family(processes)
    family.server.kill()
    family.assert_gone()
    assert not processes.are_running("web")
    assert not processes.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere stop finds them")
def test_a_killed_supervisor_leaves_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 1)  # its worker waits for SIGKILL
    processes = Processes(tmp_path)
    family = Family(processes)
    family.supervisor.kill()
    psutil.wait_procs([family.server], timeout=30)
    processes.stop()
    family.assert_gone()


def test_servers_without_a_record_are_found_and_stopped(tmp_path: Path) -> None:
    other = Processes(tmp_path / "other")
    port = serve(other)
    first = Processes(tmp_path / "state")
    family = Family(first)
    (tmp_path / "state" / "processes.json").unlink()
    later = Processes(tmp_path / "state")
    assert later.stop()
    family.assert_gone()
    assert answers(port), "the servers of another folder stay"
    other.stop()
    first.stop()


OWNER = """
import sys
from pathlib import Path
from local.processes import Processes, clean_environment, free_port
processes, port = Processes(Path(sys.argv[1])), free_port()
command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
processes.start("web", command, port, clean_environment())
if sys.argv[2] == "release":
    processes.release()
print("started", flush=True)
input()
"""


@pytest.mark.parametrize("end", ["keep", "release"])
def test_a_server_ends_with_its_owner_unless_released(tmp_path: Path, end: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), end],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"started\n"
        processes = Processes(tmp_path)
        (server,) = processes.family("web")
        supervisor = psutil.Process(server.ppid())
        owner.kill()
    if end == "keep":
        psutil.wait_procs([server, supervisor], timeout=30)
    assert server.is_running() is (end == "release")
    assert processes.stop() is (end == "release")


def test_nothing_of_the_users_aws_settings_reaches_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere")
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL"} & clean_environment().keys()


def test_what_is_typed_for_one_target_of_make_is_not_obeyed_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ARGS", "PORT", "MAKEFLAGS"):
        monkeypatch.setenv(name, "-k name")
    assert not {"ARGS", "PORT", "MAKEFLAGS"} & set(clean_environment())
