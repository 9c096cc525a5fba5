"""Serves one Python contender: reads a JSON request per line, and writes a response per line.

`python -m bench.serve NAME` gives each contender its own heap, threads, caches and CPU time.
"""

import json
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.peers.peer import AbsentError, Peer, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable


class _Server:
    """The commands, by name."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._made: list[bytes] = []

    def load(self, path: str, wanted: list[dict[str, Any]]) -> dict[str, Any]:
        """Loads a file."""
        self._peer.load(Path(path), [Wanted(**each) for each in wanted])
        return {}

    def run(self, wanted: list[dict[str, Any]]) -> dict[str, Any]:
        """Renders each variant; returns its CPU seconds."""
        self._made, cpu = [], {}
        for each in wanted:
            before = _cpu()
            self._made.append(self._peer.render(Wanted(**each)))
            cpu[each["name"]] = _cpu() - before
        return {"cpu": cpu}

    def save(self, folder: str) -> dict[str, Any]:
        """Writes the variants of the last job to files."""
        files = [Path(folder) / str(index) for index in range(len(self._made))]
        for file, data in zip(files, self._made, strict=True):
            file.write_bytes(data)
        return {"files": [str(file) for file in files]}


def _cpu() -> float:
    """Returns the user and system CPU seconds of all threads and finished children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(name: str) -> None:
    """Serves requests until standard input ends."""
    try:
        peer: Peer = getattr(import_module(f"bench.peers.{name}"), name.capitalize())()
    except AbsentError as error:
        _respond({"absent": str(error)})
        return
    _respond({"version": peer.version})
    server = _Server(peer)
    for line in sys.stdin:
        request = json.loads(line)
        command: Callable[..., dict[str, Any]] = getattr(server, request.pop("do"))
        try:
            _respond(command(**request))
        except Exception as error:  # noqa: BLE001  the parent stops the run
            _respond({"error": f"{type(error).__name__}: {error}"})


def _respond(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
