"""One Python contender in a process of its own: a JSON request a line in, an answer a line out.

Each contender keeps its own heap, threads and caches, and its CPU time can be told from that of
the others: `python -m bench.serve NAME`.
"""

import json
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.peers.peer import AbsentError, Peer

if TYPE_CHECKING:
    from collections.abc import Callable


class _Server:
    """The commands, by name."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._made: list[bytes] = []

    def load(self, path: str, boxes: list[list[int]]) -> dict[str, Any]:
        """Take a file in."""
        self._peer.load(Path(path), [(box[0], box[1]) for box in boxes])
        return {}

    def run(self, boxes: list[list[int]], target: str) -> dict[str, Any]:
        """Do one job; the answer says what it took."""
        self._made = []
        before = _cpu()
        for box in boxes:
            self._made.append(self._peer.render((box[0], box[1]), target))
        return {"cpu": _cpu() - before, "bytes": [len(data) for data in self._made]}

    def save(self, folder: str) -> dict[str, Any]:
        """Write down what the last job made."""
        files = [Path(folder) / str(at) for at in range(len(self._made))]
        for file, data in zip(files, self._made, strict=True):
            file.write_bytes(data)
        return {"files": [str(file) for file in files]}


def _cpu() -> float:
    """Seconds of CPU that all threads and ended children took, of the user and of the system."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(name: str) -> None:
    """Answer until the other side hangs up."""
    try:
        peer: Peer = getattr(import_module(f"bench.peers.{name}"), name.capitalize())()
    except AbsentError as error:
        _answer({"absent": str(error)})
        return
    _answer({"version": peer.version})
    server = _Server(peer)
    for line in sys.stdin:
        request = json.loads(line)
        command: Callable[..., dict[str, Any]] = getattr(server, request.pop("do"))
        try:
            _answer(command(**request))
        except Exception as error:  # noqa: BLE001  told to the other side, which stops the run
            _answer({"error": f"{type(error).__name__}: {error}"})


def _answer(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
