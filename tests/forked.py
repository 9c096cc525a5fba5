"""Processes that begin with the imports done: forks of one that has imported what they need.

They are processes like others for signals, terminals and pipes. To import the command line and
moto takes a second of CPU, several times what a command takes.
"""

import fcntl
import multiprocessing
import os
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

import pytest

PROJECT = Path(__file__).parents[1]
# Tests that fork run in one of pytest's processes, and so from one server.
FORKS = pytest.mark.xdist_group("forks")
# A process that lives longer is killed, which ends all that waits for it.
SECONDS = 120
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.integration.preloaded"])


class Forked:
    """A process that runs a function, and exits with the code that it returns.

    Standard input and output are pipes and standard error is a file, but for given `streams`.
    """

    def __init__(
        self,
        run: Callable[..., int],
        *arguments: object,
        folder: Path = PROJECT,
        environment: dict[str, str] | None = None,
        streams: dict[int, int] | None = None,
        has_terminal: bool = False,
    ) -> None:
        (its_input, my_output), (my_input, its_output) = os.pipe(), os.pipe()
        self.stdin, self.stdout = os.fdopen(my_output, "w"), os.fdopen(my_input)
        self._stderr = TemporaryFile("w+")  # noqa: SIM115  closed on exit
        own = {0: its_input, 1: its_output, 2: self._stderr.fileno()}
        with ExitStack() as passed:
            ends = {
                number: passed.enter_context(Connection(os.dup(descriptor)))
                for number, descriptor in (own | (streams or {})).items()
            }
            os.close(its_input)
            os.close(its_output)
            environment = dict(os.environ) | (environment or {})
            self._process = _context.Process(
                target=_become, args=(run, arguments, folder, environment, ends, has_terminal)
            )
            self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it, if it still runs."""
        self._process.kill()
        self._process.join()
        for opened in (self.stdin, self.stdout, self._stderr, self._process):
            opened.close()

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid
        os.kill(self._process.pid, number)

    def finish(self) -> tuple[int, str, str]:
        """Wait for its end; its exit code, or minus a signal, and what it printed."""
        out = "" if self.stdout.closed else self.stdout.read()
        self._process.join()
        self._stderr.seek(0)
        assert self._process.exitcode is not None
        return self._process.exitcode, out, self._stderr.read()


def _become(
    run: Callable[..., int],
    arguments: tuple[object, ...],
    folder: Path,
    environment: dict[str, str],
    streams: dict[int, Connection],
    has_terminal: bool,
) -> None:
    """Make this process what a new one is, run the function and exit.

    It does not take its modules apart at the end, which costs more than the fork.
    """
    signal.alarm(SECONDS)
    for number, stream in streams.items():
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if has_terminal:
        # That of standard input, which hangs up on the process.
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.exit(run(*arguments))
