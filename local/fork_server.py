"""Forks the processes of one zip's functions, so that their modules are imported once.

It runs as a script with the zip's folder, in the environment that the functions share. Each message
at standard input, a socket, is a process to fork; the answer is its id. It ends with the socket.
"""

import ctypes
import json
import os
import pkgutil
import runpy
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

# Longer than a message: the environment of a function, and of its emulator.
_MESSAGE_BYTES = 200_000
# Options of mallopt, for what glibc reads from the environment only when a process starts.
_MALLOC = {"MALLOC_ARENA_MAX": -8, "MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}
# Where the environment is in the process's memory: fields of /proc/self/stat after the command.
_ENVIRONMENT = slice(47, 49)


def main() -> None:
    """Serves until the socket ends, in the server; runs a function's process, in a child."""
    folder = sys.argv[1]
    # Instead of this script's folder, whose modules no function may find.
    sys.path[0] = folder
    for module in pkgutil.iter_modules([f"{folder}/handlers"], "handlers."):
        with suppress(Exception):  # the function's own process raises it again, and reports it
            import_module(module.name)
    # By another name: a child's standard input is its own.
    server = socket.socket(fileno=os.dup(0))
    while True:
        message, pipes, _, _ = socket.recv_fds(server, _MESSAGE_BYTES, 3)
        if not message:
            return
        if _fork(server):
            server.close()
            _run(**json.loads(message), pipes=pipes)
            return
        for pipe in pipes:
            os.close(pipe)


def _fork(server: socket.socket) -> bool:
    """Forks a process that is the emulator's child; returns whether this is that process.

    The emulator adopts what its descendants leave, so that it can wait for it. It learns the id
    when that has happened.
    """
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        server.send(b"\n")
        return False
    child = os.fork()
    if child:
        server.send(str(child).encode())
        os._exit(0)
    return True


def _run(script: str, cwd: str, environment: dict[str, str], pipes: list[int]) -> None:
    """Runs the script as Python would, had it been started with these arguments."""
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    _show(environment)
    for name, option in _MALLOC.items():
        if name in environment:
            ctypes.CDLL(None).mallopt(option, int(environment[name]))
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


def _show(environment: Mapping[str, str]) -> None:
    """Writes the environment where other processes see it: the server's left enough space."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = map(int, fields[_ENVIRONMENT])
    block = b"".join(os.fsencode(f"{name}={value}\0") for name, value in environment.items())
    ctypes.memmove(start, block[: end - start].ljust(end - start, b"\0"), end - start)


if __name__ == "__main__":
    main()
