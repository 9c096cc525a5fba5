"""cfn-lint finds nothing in any stage's template."""

import json
import subprocess
import sys
from pathlib import Path

from tests.infrastructure.template import Template

# Serverless names dependencies that a reference implies already.
IGNORED = "W3005"


def test_cfn_lint_is_clean(each_stage: Template, tmp_path: Path) -> None:
    check(each_stage, tmp_path)


def test_cfn_lint_is_clean_in_each_way_of_delivery(each_way: Template, tmp_path: Path) -> None:
    check(each_way, tmp_path)


def check(template: Template, folder: Path) -> None:
    file = folder / "template.json"
    file.write_text(json.dumps(template.document))
    command = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run(
        [command, "--regions", "eu-west-1", "--ignore-checks", IGNORED, "--", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
