"""What follows a deploy to the emulator ends with one sentence if it fails."""

from pathlib import Path

import pytest

from infra.hooks import after_deploy
from lib.operations.stage_commands import STATE
from local import refresh


@pytest.mark.parametrize("code", [0, 1])
def test_only_after_the_last_steps_of_the_deploy_the_stack_is_looked_at(
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There is none at that folder."""
    monkeypatch.setattr(after_deploy, "main", lambda: code)
    monkeypatch.setenv(STATE, str(tmp_path))
    assert refresh.main() == 1
    assert ("The local stack failed; " in capsys.readouterr().err) is (code == 0)
