"""Starts, records and stops the servers of the local stack.

The record has the process id and start time of each server, so that a later command stops exactly
these, even after a crash, and never an unrelated process with a reused id. Servers and their
descendants also have the state folder in their environment, by which they are found without it.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from lib.errors import ConfigError
from local import supervisor

START_SECONDS = 30
# Longer than a supervisor gives its server.
STOP_SECONDS = supervisor.GRACE_SECONDS + 2
# Below the ephemeral ports (from 32768 on Linux, 49152 elsewhere), above the well-known ones.
_PORTS = range(20_000, 32_000)
_MAX_PORT = 65_535
# Enough to find a free port on any machine that has one.
_PORT_ATTEMPTS = 100
# The environment variable of servers that has their state folder.
_MARK = "FANOUT_SERVER_STATE"


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

        It ends with this process, unless `release` is called. Raises ConfigError, with the last
        line of its log, if it does not start.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        log = self._state / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, supervisor.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment, _MARK: str(self._state)},
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
                # Of a traceback, the last line is the error.
                last = log.read_text(errors="replace").strip().splitlines()[-1:]
                reason = last[0] if last else f"it did not listen within {START_SECONDS} s"
                raise ConfigError(f"The {name} did not start on 127.0.0.1:{port}: {reason}")
            time.sleep(0.05)

    def release(self) -> None:
        """Lets the servers that this object started outlive this process."""
        for child in self._children:
            if child.stdin and not child.stdin.closed:
                with suppress(BrokenPipeError):
                    child.stdin.write(b"\n")
                    child.stdin.close()

    def are_running(self, *names: str) -> bool:
        """Returns whether all of these servers run."""
        record = self._read()
        return all(name in record and _find(record[name]) for name in names)

    def family(self, name: str) -> list[psutil.Process]:
        """Returns the process of a server, and then its descendants."""
        server = _find(self._read().get(name))
        return server.children(recursive=True) if server else []

    def stop(self) -> bool:
        """Stops all servers of the state folder, with their descendants; returns whether any ran.

        Also those without a record: descendants of a killed server, servers of a deleted folder.
        """
        recorded = [process for each in self._read().values() if (process := _find(each))]
        running = {*recorded, *_find_marked(self._state)}
        for process in recorded:
            running.update(_descendants(process))
        _stop(running)
        for child in self._children:
            child.poll()  # collects it: a dead child that is not collected still counts as running
            if child.stdin:
                child.stdin.close()
        self._children.clear()
        self._write({})
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


def free_port(port: int = 0, *, other_than: int = 0) -> int:
    """Returns `port`, or a free port of 127.0.0.1 if 0; raises ConfigError if `port` is in use.

    A free port is not an ephemeral one, which the system might assign to another program before
    the server binds it.
    """
    if port:
        return _require_free(port)
    for _ in range(_PORT_ATTEMPTS):
        chosen = random.choice(_PORTS)  # noqa: S311  any will do
        if chosen != other_than:
            with suppress(ConfigError):
                return _require_free(chosen)
    raise ConfigError(f"No free port on 127.0.0.1 among {_PORT_ATTEMPTS} that were tried")


def parse_port(name: str, given: str) -> int:
    """Returns a port that somebody gave as `name`; raises ConfigError if it cannot be one."""
    if not (given.isascii() and given.isdigit() and int(given) <= _MAX_PORT):
        raise ConfigError(
            f"{name}={given}: a port is a number from 1 to {_MAX_PORT}, or 0 for any free one"
        )
    return int(given)


def _require_free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise ConfigError(
                f"Port {port} on 127.0.0.1 is reserved for the system: choose one from 1024 on"
            ) from error
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


def _find_marked(state: Path) -> list[psutil.Process]:
    """Returns the processes that have the state folder in their environment."""
    found = []
    for process in psutil.process_iter():
        # AccessDenied: another user's. Some systems raise OSError for one that is just ending.
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(_MARK) == str(state):
                found.append(process)
    return found


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _stop(processes: Collection[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


def _listens(pid: int, port: int) -> bool:
    """Returns whether this process or a descendant has the port, not a stranger."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return any(
            s.status == psutil.CONN_LISTEN and s.laddr.port == port
            for member in (process, *process.children(recursive=True))
            for s in member.net_connections(kind="tcp")
        )
    return False


def clean_environment() -> dict[str, str]:
    """Returns this environment without variables of AWS and of make.

    A stray profile must not leak in, and make says where it is if another make runs it. It also
    exports what was typed behind its target (ARGS=...), which another target would obey.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(
            ("AWS_", "FANOUT_", "LOCALSTACK_", "MINISTACK_", "LAMBDA_", "POWERTOOLS_", "MAKE")
        )
        and name not in ("PYTHONPATH", "GATEWAY_PORT", "EDGE_PORT", "AUTH", "SERVICES")
        and name not in ("MFLAGS", "ARGS", "PORT", "CDN_PORT")
    }
