"""The suite itself: what it relies on in pytest and its plugins."""

import os
import subprocess
import sys
from pathlib import Path

GROUPED = """
import pytest

@pytest.mark.xdist_group("stack")
def test_first():
    pass

@pytest.mark.xdist_group("stack")
def test_second():
    pass
"""


def test_the_tests_of_a_stack_are_kept_in_one_process(tmp_path: Path) -> None:
    """Else each process would start the stack again, as where pytest ignores xdist's groups."""
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    pytest = [sys.executable, "-m", "pytest"]
    run = subprocess.run(
        [*pytest, "-p", "xdist.plugin", "-v", "--numprocesses=2", "--dist=loadgroup", tmp_path],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "::test_first@stack" in run.stdout
