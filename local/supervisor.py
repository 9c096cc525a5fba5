"""Runs a server, and ends it with all of its descendants once it or its owner ends.

The owner has the other end of standard input. A byte on it permits the server to outlive the owner;
its end without one means that the owner is gone, however that happened.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

# The server's time to end after SIGTERM, before SIGKILL; the emulator takes 3 to end its workers.
GRACE_SECONDS = 5
# prctl's option that has the kernel send a signal when the parent process dies.
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Runs the command in the arguments; returns its exit code."""
    # A process group of its own: its descendants are found by it after the server's death.
    server = subprocess.Popen(
        sys.argv[1:],
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  no threads yet
    )
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    threading.Thread(target=_end_with_owner, args=(server,), daemon=True).start()
    code = server.wait()
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    return code


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_with_owner(server: "subprocess.Popen[bytes]") -> None:
    if os.read(sys.stdin.fileno(), 1):
        return
    server.terminate()
    try:
        server.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main())
