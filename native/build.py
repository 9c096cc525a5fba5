"""Builds the resampling kernel: `python -m native.build [TARGET…]`, by default for this machine.

Zig's C compiler, which comes as a Python package, builds for any processor on any machine.
"""

import hashlib
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lib.kernel_library import HOST, path_of

_FOLDER = Path(__file__).parent
_SOURCES = sorted(_FOLDER.glob("*.c"))
_HEADERS = sorted(_FOLDER.glob("*.h"))
# AVX2, which Lambda's x86_64 processors have; and Graviton2's core, the oldest of Lambda's arm64.
# glibc 2.28 is older than that of Lambda (2.34), so that the library loads on most machines too.
_OPTIONS = {
    "linux-arm64": ("-target", "aarch64-linux-gnu.2.28", "-mcpu=neoverse_n1"),
    "linux-x86_64": ("-target", "x86_64-linux-gnu.2.28", "-mcpu=x86_64_v3"),
}
_FLAGS = ("-std=c11", "-O3", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-s", "-lm")


def build(target: str) -> Path:
    """Builds the kernel for `target`, such as linux-arm64, unless it is built; returns its path.

    Raises PackageNotFoundError without the compiler, and CalledProcessError if it fails.
    """
    options = _OPTIONS.get(target, ())
    library = path_of(target)
    command = [sys.executable, "-m", "ziglang", "cc", *_FLAGS, *options, *map(str, _SOURCES)]
    key = _key([version("ziglang"), *command[3 : -len(_SOURCES)]])
    stamp = library.with_suffix(".sha256")
    if library.exists() and stamp.exists() and stamp.read_text() == key:
        return library
    library.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when complete: two packagings may build at the same time.
    temporary = library.with_suffix(f".{os.getpid()}")
    subprocess.run([*command, "-o", str(temporary)], check=True, env=_environment())
    temporary.rename(library)
    stamp.write_text(key)
    return library


def _key(settings: list[str]) -> str:
    digest = hashlib.sha256("\n".join(settings).encode())
    for file in (*_SOURCES, *_HEADERS):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _environment() -> dict[str, str]:
    """Returns the environment, with Zig's cache in the project: the home may be read-only."""
    cache = str(_FOLDER.parent / ".cache" / "zig")
    return {**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}


def main(*targets: str) -> int:
    """Builds the kernel for each target, by default for this machine."""
    try:
        for target in targets or (HOST,):
            build(target)
    except PackageNotFoundError:
        print("The resampling kernel needs Zig's C compiler: run make setup", file=sys.stderr)
    except subprocess.CalledProcessError:
        print("The resampling kernel was not built: the compiler says why", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
