"""Servers of the local stack: started, recorded, and stopped by whoever started them.

Each is written down with its process id and start time as soon as it runs, so that a later
command stops exactly these, even after a crash, and never a stranger that got the same id.
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
# Below those that systems hand out (Linux from 32768, others from 49152), above well-known ones.
_QUIET_PORTS = range(20_000, 32_000)


class Processes:
    """The servers recorded in a state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._record = state / "processes.json"
        self._children: list[subprocess.Popen[bytes]] = []

    def start(
        self, name: str, command: Sequence[str], port: int, environment: Mapping[str, str]
    ) -> None:
        """Start a server and wait until it answers on 127.0.0.1:`port`.

        Raises ConfigError, with the end of its log, if it does not come up.
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
                # Its own group: Ctrl-C reaches us alone, and we stop it in order.
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
        """Whether all of these still run."""
        record = self._read()
        return all(name in record and _find(record[name]) for name in names)

    def family(self, name: str) -> list[psutil.Process]:
        """What a server has started, and what that has."""
        found = _find(self._read().get(name))
        return found.children(recursive=True) if found else []

    def stop(self, *names: str) -> bool:
        """Stop these, or all, with what they have started; whether there was any."""
        record = self._read()
        chosen = names or tuple(record)
        found = [process for name in chosen if (process := _find(record.get(name)))]
        for process in found:
            _stop(process)
        self._children = [child for child in self._children if child.poll() is None]
        self._write({name: known for name, known in record.items() if name not in chosen})
        return bool(found)

    def _read(self) -> dict[str, list[float]]:
        try:
            read: dict[str, list[float]] = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return read

    def _write(self, record: dict[str, list[float]]) -> None:
        if self._state.exists():
            self._record.write_text(json.dumps(record))


def free_port(wanted: int = 0) -> int:
    """A port on 127.0.0.1 nobody listens on; ConfigError if `wanted` is taken.

    A server takes it a minute later, perhaps. So it is none of those that the system hands out to
    whoever asks for any: another program would have it by then.
    """
    if wanted:
        return _tried(wanted)
    while True:
        with suppress(ConfigError):
            return _tried(random.choice(_QUIET_PORTS))  # noqa: S311  any will do


def _tried(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise ConfigError(
                f"Port {wanted} on 127.0.0.1 is used by another program: stop it, or choose "
                "another port"
            ) from error
        port: int = probe.getsockname()[1]
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
    """Whether this very process has the port: a stranger may have been faster, and would answer."""
    with suppress(psutil.NoSuchProcess):
        sockets = psutil.Process(pid).net_connections(kind="tcp")
        return any(s.status == psutil.CONN_LISTEN and s.laddr.port == port for s in sockets)
    return False


def clean_environment() -> dict[str, str]:
    """What programs need of this shell, and nothing of AWS: a stray profile must not leak in."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "LOCALSTACK_", "MINISTACK_", "LAMBDA_", "POWERTOOLS_"))
        and name not in ("PYTHONPATH", "GATEWAY_PORT", "EDGE_PORT", "AUTH", "SERVICES")
    }
