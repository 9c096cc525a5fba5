"""Finds where the time goes: the functions that a missed goal spends its time in.

`python -m bench.profiling FILE...` renders each file at all sizes, and prints JSON.
"""

import cProfile
import json
import pstats
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench import inputs
from bench.cases import Case
from bench.contenders import deployed
from bench.sources import PROJECT
from lib.images import render
from lib.sizes import load_sizes

# Enough of a goal's files to be typical, and of their functions to explain it.
_FILES, _FUNCTIONS = 5, 4

# As cProfile writes methods of C.
_METHOD = re.compile(r"<method '(?P<name>.+)' of '(?P<owner>.+)' objects>")


class Share(NamedTuple):
    """A function's share of the time."""

    function: str
    share: float


def measure(cases: Sequence[Case]) -> list[Share]:
    """Returns the functions that take most of the time, over files from all of the cases."""
    step = max(1, len(cases) // _FILES)
    files = [str(inputs.make(case)) for case in cases[::step][:_FILES]]
    run = subprocess.run(
        [sys.executable, "-m", "bench.profiling", *files],
        cwd=PROJECT,
        env=deployed(),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Share(*each) for each in json.loads(run.stdout)]


def main(files: Sequence[str]) -> None:
    """Profiles the renders of files, each after one to warm up."""
    sizes = load_sizes(PROJECT / "sizes.yml")
    profile = cProfile.Profile()
    for file in files:
        source = Path(file).read_bytes()
        for size in sizes:
            render(source, size)
            profile.runcall(render, source, size)
    print(json.dumps(shares(pstats.Stats(profile))))


def shares(stats: pstats.Stats) -> list[Share]:
    """Returns the functions with most time of their own."""
    own: Counter[str] = Counter()
    for (file, _, function), (_, _, seconds, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        own[_label(file, function)] += seconds
    total = own.total()
    return [Share(name, seconds / total) for name, seconds in own.most_common(_FUNCTIONS)]


def _label(file: str, function: str) -> str:
    """Names a function: those in C by their own name, others with their module."""
    if method := _METHOD.fullmatch(function):
        return f"{method['owner']}.{method['name']}"
    if file == "~":
        return function.removeprefix("<built-in method ").strip("<>")
    return f"{Path(file).stem}.{function}"


if __name__ == "__main__":
    main(sys.argv[1:])
