"""The promise under fire, in short: `make chaos` does the same with more."""

from pathlib import Path

from local.chaos import fault_run
from local.stack import LocalStack
from tests.service import Service

UPLOADS = 30


def test_nothing_is_lost_or_stale_while_s3_ails(tmp_path: Path, service: Service) -> None:
    local = LocalStack(tmp_path / "state", service.folder, checks=False)
    try:
        local.up(tell=print)
        run = fault_run.run(local, UPLOADS, kills=0, tell=lambda _: None)
    finally:
        local.down()
    assert {"error:SlowDown", "error:AccessDenied"} <= run.faults.keys()
    assert {"response:abort", "response:truncate"} & run.faults.keys()
    assert run.after.is_kept, run.after
    assert run.after.current == 25 * run.sizes
    assert run.after.letters == {"truncated": 2 * run.sizes}
