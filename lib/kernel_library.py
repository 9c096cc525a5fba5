"""Names the targets and the files of the kernel, which native/build.py builds and lib/images calls.

It is no part of lib/images, whose imports would take most of the time that each packaging spends
on a kernel that is built already.
"""

import platform
import sys
from pathlib import Path

# Lambda's names of processors, by others for them.
_ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}
_MACHINE = platform.machine().lower()
# The target for this machine.
HOST = f"{sys.platform}-{_ARCHITECTURES.get(_MACHINE, _MACHINE)}"


def path_of(target: str) -> Path:
    """Returns the path of the library for a target."""
    return Path(__file__).parents[1] / "native" / "built" / target / "resample.so"
