"""Measures the peak memory of a render, each in a fresh process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from bench import inputs
from bench.contenders import deployed

MEGABYTE = 1 << 20


class Large(NamedTuple):
    """A large photo, and the limit of its render in megabytes."""

    name: str
    format: str
    width: int
    height: int
    goal: int


LARGE = [
    Large("48 MP JPEG", "jpeg", 8064, 6048, 60),
    Large("100 MP JPEG", "jpeg", 11648, 8736, 90),
    Large("100 MP PNG", "png", 11648, 8736, 700),
]
# VmHWM is the process's own peak; ru_maxrss would begin with the parent's memory at the fork.
_CHILD = """
import json, sys
from pathlib import Path
from lib.errors import PermanentError
from lib.images import render
from lib.sizes import Size

def read(key):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024

refused = None
try:
    render(Path(sys.argv[1]).read_bytes(), Size(width=800, height=600))
except PermanentError as error:
    refused = error.reason
print(json.dumps({"bytes": read("VmHWM:"), "refused": refused}))
"""


def peak(large: Large) -> tuple[float, str | None]:
    """Returns the whole process's megabytes, and the reason if the photo was refused."""
    command = [sys.executable, "-c", _CHILD, str(_file(large))]
    run = subprocess.run(
        command, cwd=inputs.PROJECT, env=deployed(), capture_output=True, text=True, check=True
    )
    result = json.loads(run.stdout)
    return result["bytes"] / MEGABYTE, result["refused"]


def _file(large: Large) -> Path:
    """Makes the photo by enlarging one: memory depends on the pixels, not on what they show."""
    file = inputs.folder() / f"large-{large.width}x{large.height}.{large.format}"
    if not file.exists():
        options = {"quality": 90} if large.format == "jpeg" else {"compress_level": 1}
        inputs.save(inputs.cut("street", large.width, large.height), file, large.format, options)
    return file
