"""The command line may be interrupted while it starts."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
INTERRUPTED = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"


def start(*arguments: str, path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.start", *arguments],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_interruption_of_the_imports_is_one_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(INTERRUPTED)
    run = start("--version", path=tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "Interrupted.\n")


def test_without_one_the_command_runs(tmp_path: Path) -> None:
    run = start("--version", path=tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("fanout ")
    assert start("no-such-command", path=tmp_path).returncode == 2
