"""Sets up a part of the project for the Makefile: `python3 -m local.setup PART READY SOURCE…`.

READY is the file that marks the part as set up, after its SOURCEs.

It runs before any package is installed, so it imports the standard library alone. Of two at the
same moment, the second waits for the first. A tool's output is shown only if the tool fails.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# serverless needs the newer one of Node 20's long-term support.
MIN_NODE = (20, 19)
PROJECT = Path(__file__).resolve().parent.parent
# Each tool's variable for its cache folder, and where the tool has it in the home folder.
CACHES = {
    "npm_config_cache": ".npm",
    "UV_CACHE_DIR": ".cache/uv",
    "PIP_CACHE_DIR": ".cache/pip",
    "SLS_SCHEMA_CACHE_BASE_DIR": ".serverless",
}
PYTHON = Path(".venv/bin/python")
# constraints.txt pins all packages: pip and uv need not resolve dependencies.
PIP = (str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--quiet")
UV = (".venv/bin/uv", "pip", "install", "--quiet", "--python", ".venv", "--no-deps")
NPM_OPTIONS = (
    *("--no-audit", "--no-fund", "--no-progress", "--loglevel=error"),
    # Milliseconds before its retries. The defaults, 10,000 and 60,000, look like a standstill.
    *("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"),
)


# Chromium's names in systems' packages, then Chrome's.
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


class SetupError(Exception):
    """A step failed; the text says which, and what to do."""


def main() -> int:
    """Sets up a part unless it is current; returns 0, or 1 after printing why it failed."""
    part, *files = sys.argv[1:]
    try:
        with alone(Path(".cache/setup.lock")):
            if part == "browser":  # no file of the project: it is looked for each time
                set_up_browser()
            elif not is_current(*map(Path, files)):
                ready, source, *_ = map(Path, files)
                _PARTS[part](source)
                ready.touch()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"Set-up failed: {error.strerror or error}{where}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The next run sets up what is missing.", file=sys.stderr)
        return 130
    return 0


def is_current(ready: Path, *sources: Path) -> bool:
    """Returns whether a part was set up after its sources changed: perhaps by another process."""
    return ready.exists() and all(
        ready.stat().st_mtime >= source.stat().st_mtime for source in sources
    )


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Holds a lock, which the system releases with the process."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is at work here: waiting until it ends", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up_python(requirements: Path) -> None:
    """Creates .venv with the project's packages."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("Python's venv module is needed (on Debian: apt install python3-venv)")
    title = "Setting up Python packages in .venv (half a minute)"
    if Path(".venv").is_symlink():
        raise SetupError(".venv is a link, and its packages may be another project's: remove it")
    venv = [sys.executable, "-m", "venv", "--clear", "--without-pip", ".venv"]
    run(title, venv, "venv could not create .venv")
    # venv runs it too, but does not show why it fails.
    pip = [str(PYTHON), "-Im", "ensurepip", "--upgrade", "--default-pip"]
    run(title, pip, "pip could not be installed into .venv")
    uv = re.findall(r"^uv==\S+", requirements.read_text(), re.MULTILINE)
    run(title, [*PIP, *uv], "pip could not install uv")
    add_requirements(requirements, title)


def add_requirements(requirements: Path, title: str = "") -> None:
    """Installs pinned packages into .venv."""
    title = title or f"Setting up Python packages of {requirements}"
    try:
        run(title, [*UV, "--compile-bytecode", "--requirement", str(requirements)], "uv failed")
    except SetupError as of_uv:
        # uv ignores pip.conf, which may name the only index that can be reached.
        what = f"neither uv nor pip could install the packages of {requirements}"
        try:
            run(title, [*PIP, "--requirement", str(requirements)], what)
        except SetupError as of_pip:
            raise SetupError(f"{of_uv}\n\n{of_pip}") from of_pip


def set_up_node(package: Path) -> None:
    """Installs the Node packages beside a package.json."""
    if not (shutil.which("npm") and shutil.which("node")):
        raise SetupError(
            f"Node {MIN_NODE[0]}.{MIN_NODE[1]} or newer with npm is needed: install it from your "
            "system or nodejs.org"
        )
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    numbers = tuple(map(int, re.findall(r"\d+", version.stdout)[:2]))
    if numbers < MIN_NODE:
        raise SetupError(
            f"Node {MIN_NODE[0]}.{MIN_NODE[1]} or newer is needed, this is {version.stdout.strip()}"
        )
    folder = package.parent
    run(
        f"Setting up Node packages in {folder / 'node_modules'} (half a minute)",
        ["npm", "ci", "--prefix", str(folder), *NPM_OPTIONS],
        "npm ci could not install the Node packages",
    )


def find_browser() -> str | None:
    """Returns the path of Chromium, or of Chrome; None if neither is installed."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def set_up_browser() -> None:
    """Installs Chromium if no browser is there and we may; else prints what to install.

    A pipeline (`CI` is set) fails instead: it leaves no test out.
    """
    if find_browser():
        return
    try:
        if not (shutil.which("apt-get") and os.geteuid() == 0):
            raise SetupError("No browser is installed")
        title, failure = "Installing Chromium (half a minute)", "apt-get could not install Chromium"
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        run(title, ["apt-get", "update", "-qq"], failure)
        run(title, install, failure)
    except SetupError as error:
        how = "the tests of the console need Chromium or Chrome (on Debian: apt install chromium)"
        if os.environ.get("CI"):
            raise SetupError(f"{error}: {how}") from error
        print(f"{error}: {how}; they are left out", flush=True)


def build_kernel(_source: Path) -> None:
    """Builds the resampling kernel for this machine, and for a deploy's usual functions."""
    for target in ([], ["linux-arm64"]):
        run(
            "Building the resampling kernel (ten seconds)",
            [str(PYTHON), "-m", "native.build", *target],
            "the resampling kernel was not built",
        )


def run(title: str, command: Sequence[str], failure: str) -> None:
    """Runs a tool; raises SetupError with its output if it fails."""
    _announce(title)
    tool = subprocess.Popen(
        command,
        env={**os.environ, **find_caches()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    started = time.monotonic()
    while True:
        try:
            output, _ = tool.communicate(timeout=1)
            break
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                print(f"\r{title}: {time.monotonic() - started:.0f} s", end="", flush=True)
        except KeyboardInterrupt:
            tool.communicate()  # Ctrl-C reached it too
            raise
    if sys.stdout.isatty() and time.monotonic() - started > 1:
        print(flush=True)
    if tool.returncode != 0:
        raise SetupError(
            f"{strip_traces(output)}\nSet-up failed: {failure}; its own message is above"
        )


def strip_traces(output: str) -> str:
    """Removes stack traces of Node and Python from a tool's output, unless it has nothing else."""
    rest = re.sub(r"^(npm error)? +at .*\n", "", output, flags=re.MULTILINE)
    rest = re.sub(r"^Traceback .*\n(?: .*\n)+.*$", "", rest, flags=re.MULTILINE)
    return rest.strip() or output.strip()


_announced: set[str] = set()


def _announce(title: str) -> None:
    if title not in _announced:
        print(title, flush=True)
        _announced.add(title)


def find_caches() -> dict[str, str]:
    """Returns variables that have tools use .cache if they cannot write to the home folder."""
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry of the user
        home = Path("/nonexistent")
    return {
        variable: str(PROJECT / ".cache" / Path(folder).name.lstrip("."))
        for variable, folder in CACHES.items()
        if variable not in os.environ and not is_writable(home / folder)
    }


def is_writable(folder: Path) -> bool:
    """Returns whether a folder can be created or written to."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


_PARTS = {
    "python": set_up_python,
    "node": set_up_node,
    "kernel": build_kernel,
    "requirements": add_requirements,
}


if __name__ == "__main__":
    sys.exit(main())
