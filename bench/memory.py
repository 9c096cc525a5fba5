"""Measures the peak memory of a render, each in a fresh process."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import NamedTuple

from bench import inputs
from bench.cases import Case
from bench.contenders import deployed
from bench.sources import PROJECT

MEGABYTE = 1 << 20


class Large(NamedTuple):
    """A large photo, the box of its variant, and the limit of its render in megabytes."""

    name: str
    case: Case
    width: int
    height: int | None
    goal: int


_48 = Case("paris", (4032, 3024), (2, 2), subsampling="4:2:0")
_110 = Case("paris", (4048, 3024), (3, 3), subsampling="4:2:0")
# The limits are what the renderer took of these before it had a kernel of its own, rounded up to
# whole megabytes; the source's bytes are part of it. The PNG is refused.
LARGE = [
    Large("48 MP JPEG", _48, 800, 600, 54),
    Large("48 MP JPEG at 1200x", _48, 1200, None, 69),
    Large("48 MP JPEG, progressive", replace(_48, progressive=True), 800, 600, 188),
    Large("110 MP JPEG", _110, 800, 600, 73),
    Large("110 MP JPEG, progressive", replace(_110, progressive=True), 800, 600, 380),
    Large("110 MP PNG", replace(_110, subsampling=None, format="png"), 800, 600, 700),
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
    render(Path(sys.argv[1]).read_bytes(), Size.model_validate(json.loads(sys.argv[2])))
except PermanentError as error:
    refused = error.reason
print(json.dumps({"bytes": read("VmHWM:"), "refused": refused}))
"""


def peak(large: Large) -> tuple[float, str | None]:
    """Returns the whole process's megabytes, and the reason if the photo was refused."""
    box = {"width": large.width} | ({"height": large.height} if large.height else {})
    command = [sys.executable, "-c", _CHILD, str(inputs.make(large.case)), json.dumps(box)]
    run = subprocess.run(
        command, cwd=PROJECT, env=deployed(), capture_output=True, text=True, check=True
    )
    result = json.loads(run.stdout)
    return result["bytes"] / MEGABYTE, result["refused"]
