"""Starts, records and stops the servers of the local stack.

The record has the process id and start time of each server, so that a later command stops exactly
these, even after a crash, and never an unrelated process with a reused id.
"""

import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from lib.errors import ConfigError

START_SECONDS = 30
STOP_SECONDS = 5
# Below the ephemeral ports (from 32768 on Linux, 49152 elsewhere), above the well-known ones.
_PORTS = range(20_000, 32_000)


class Processes:
    """The servers recorded in a state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._record = state / "processes.json"
        self._children: list[subprocess.Popen[bytes]] = []

    def start(
        self, name: str, command: Sequence[str], port: int, environment: Mapping[str, str]
    ) -> None:
        """Starts a server and waits until it listens on 127.0.0.1:`port`.

        Raises ConfigError, with the end of its log, if it does not start.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        log = self._state / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=self._state,
                # Its own session: Ctrl-C reaches only us, and we stop the servers in order.
                start_new_session=True,
            )
        self._children.append(process)
        self._write({**self._read(), name: _identity(process.pid)})
        deadline = time.monotonic() + START_SECONDS
        while not _listens(process.pid, port):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ConfigError(
                    f"{name} did not start on 127.0.0.1:{port}; its log ends:\n{last}"
                )
            time.sleep(0.05)

    def are_running(self, *names: str) -> bool:
        """Returns whether all of these servers run."""
        record = self._read()
        return all(name in record and _find(record[name]) for name in names)

    def family(self, name: str) -> list[psutil.Process]:
        """Returns the descendants of a server."""
        server = _find(self._read().get(name))
        return server.children(recursive=True) if server else []

    def stop(self, *names: str) -> bool:
        """Stops these servers, or all, with their descendants; returns whether any ran."""
        record = self._read()
        chosen = names or tuple(record)
        running = [process for name in chosen if (process := _find(record.get(name)))]
        for process in running:
            _stop(process)
        self._children = [child for child in self._children if child.poll() is None]
        self._write({name: each for name, each in record.items() if name not in chosen})
        return bool(running)

    def _read(self) -> dict[str, list[float]]:
        try:
            record: dict[str, list[float]] = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return record

    def _write(self, record: dict[str, list[float]]) -> None:
        if self._state.exists():
            self._record.write_text(json.dumps(record))


def free_port(port: int = 0) -> int:
    """Returns `port`, or a free port of 127.0.0.1 if 0; raises ConfigError if `port` is in use.

    A free port is not an ephemeral one, which the system might assign to another program before
    the server binds it.
    """
    if port:
        return _require_free(port)
    while True:
        with suppress(ConfigError):
            return _require_free(random.choice(_PORTS))  # noqa: S311  any will do


def _require_free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"Port {port} on 127.0.0.1 is used by another program: stop it, or choose "
                "another port"
            ) from error
    return port


def _identity(pid: int) -> list[float]:
    return [pid, psutil.Process(pid).create_time()]


def _find(identity: list[float] | None) -> psutil.Process | None:
    if identity is None:
        return None
    pid, started = identity
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(pid))
        if process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _stop(process: psutil.Process) -> None:
    family = [process]
    with suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for member in alive:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


def _listens(pid: int, port: int) -> bool:
    """Returns whether this process has the port, not another one that was faster."""
    with suppress(psutil.NoSuchProcess):
        sockets = psutil.Process(pid).net_connections(kind="tcp")
        return any(s.status == psutil.CONN_LISTEN and s.laddr.port == port for s in sockets)
    return False


def clean_environment() -> dict[str, str]:
    """Returns this environment without variables of AWS: a stray profile must not leak in."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "LOCALSTACK_", "MINISTACK_", "LAMBDA_", "POWERTOOLS_"))
        and name not in ("PYTHONPATH", "GATEWAY_PORT", "EDGE_PORT", "AUTH", "SERVICES")
    }
