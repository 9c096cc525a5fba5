"""Changes the protocol's core a little, over and over, and counts which changes the tests notice.

`make mutants` runs mutmut afresh, prints how many mutants of each module the tests kill, and shows
those that survive, but for the ones that survivors.toml gives a reason for. It fails below GOAL.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]
# mutmut's own folder: the code with all its mutants, and what became of them.
FOLDER = PROJECT / "mutants"
# Percent of the mutants of all modules, those included that survive for a reason.
GOAL = 90
# As mutmut has it: no test fails, none was found, none calls the function; or it never ran.
_SURVIVED = (0, 5, 33, None)
# mutmut stopped the tests: of an endless loop, or on a machine that is busy with something else.
_TIMED_OUT = (24, -24, 36, 152)


class Module(NamedTuple):
    """What became of a module's mutants."""

    path: str
    mutants: int
    survivors: list[str]
    timed_out: int

    def is_in(self, modules: list[str]) -> bool:
        """Whether it is one of modules or packages such as lib.keys."""
        name = self.path.removesuffix(".py").replace("/", ".")
        return any(f"{name}.".startswith(f"{module}.") for module in modules)

    def row(self, accepted: int) -> str:
        """Its line of the table."""
        return _row(self.path, self.mutants, len(self.survivors), self.timed_out, accepted)


def main(modules: list[str]) -> int:
    """Run all mutants, or those of modules such as lib.keys; the exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "mutmut"), "run"]
    subprocess.run([*command, *(f"{name}.*" for name in modules)], cwd=PROJECT, check=True)
    return report(modules)


def report(modules: list[str]) -> int:
    """Print the table and each survivor without a reason; 1 where too many survive."""
    os.chdir(PROJECT)
    reasons = read_reasons()
    found = [module for module in map(_read, sorted(FOLDER.rglob("*.meta"))) if module.mutants]
    if modules:
        found = [module for module in found if module.is_in(modules)]
    rows, shown = [], []
    mutants = survivors = timed_out = accepted = 0
    for module in found:
        diffs = [_diff(name, module.path) for name in module.survivors]
        unknown = [diff for diff in diffs if (module.path, changed(diff)) not in reasons]
        rows.append(module.row(len(diffs) - len(unknown)))
        shown += unknown
        mutants += module.mutants
        survivors += len(diffs)
        timed_out += module.timed_out
        accepted += len(diffs) - len(unknown)
    print(*shown, sep="\n")
    print(f"\n{'module':32} mutants  killed  timed out  survived  with a reason  killed %")
    print(*rows, _row("all", mutants, survivors, timed_out, accepted), sep="\n")
    return int(not mutants or 100 * (mutants - survivors) < GOAL * mutants)


def read_reasons() -> dict[tuple[str, str], str]:
    """Why a mutant may survive, by its module and the lines that differ."""
    text = Path(__file__).with_name("survivors.toml").read_text()
    return {
        (s["module"], s["change"].strip()): s["reason"] for s in tomllib.loads(text)["survivor"]
    }


def changed(diff: str) -> str:
    """The lines of a diff that differ, without their indentation."""
    lines = [
        line for line in diff.splitlines() if line[:1] in "-+" and line[:3] not in ("---", "+++")
    ]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def _read(meta: Path) -> Module:
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    survivors = [name for name, code in codes.items() if code in _SURVIVED]
    timed_out = sum(code in _TIMED_OUT for code in codes.values())
    return Module(str(meta.relative_to(FOLDER).with_suffix("")), len(codes), survivors, timed_out)


def _diff(name: str, path: str) -> str:
    # `make mutants` alone installs it.
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415

    return str(get_diff_for_mutant(name, path=path))


def _row(name: str, mutants: int, survived: int, timed_out: int, accepted: int) -> str:
    killed = mutants - survived
    percent = 100 * killed / mutants if mutants else 0
    counts = f"{mutants:7} {killed:7} {timed_out:10} {survived:9} {accepted:14}"
    return f"{name:32} {counts} {percent:9.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
