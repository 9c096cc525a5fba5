"""The promise under fire, in short: `make chaos` does the same with more."""

from collections import Counter
from pathlib import Path

from local.chaos import fault_run
from local.stack import LocalDeployment
from tests.service import Service

UPLOADS = 30


def test_nothing_is_lost_or_stale_while_s3_ails(packages: None, tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service", with_packages=True)
    (service.folder / "sizes.yml").write_text("sizes: [400x300, 200x150]\n")
    local = LocalDeployment(tmp_path / "state", service.folder, checks=False)
    try:
        local.up(on_progress=print)
        run = fault_run.run(local, UPLOADS, kills=0, on_progress=lambda _: None)
    finally:
        local.down()
    assert {"error:SlowDown", "error:AccessDenied"} <= run.faults.keys()
    assert any(name.startswith("response:") for name in run.faults), "no body was broken"
    assert run.after.is_met, run.after
    fates = Counter(photo.fate for photo in run.photos)
    assert run.after.current == (fates["unchanged"] + fates["replaced"]) * run.sizes
    assert run.after.letters == {"truncated": fates["broken"] * run.sizes}
