"""Servers of the local stack are started, found again and stopped, and no others."""

import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lib.errors import ConfigError
from local.processes import Processes, clean_environment, free_port


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
    with pytest.raises(ConfigError, match=r"web did not start on 127.0.0.1:\d+(.|\n)*no licence"):
        processes.start("web", command, free_port(), clean_environment())
    assert not processes.are_running("web")


def test_a_stranger_who_answers_at_the_port_is_not_taken_for_the_server(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        with pytest.raises(ConfigError, match=r"web did not start(.|\n)*in use"):
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


def test_nothing_of_the_users_aws_settings_reaches_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere")
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL"} & clean_environment().keys()
