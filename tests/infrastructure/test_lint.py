"""Every stage's template passes cfn-lint, our own rules and checkov, with each of its options."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.rules import exceptions, violations
from local.processes import clean_environment
from tests.infrastructure.conftest import WAYS, Package
from tests.infrastructure.template import Template
from tests.service import PROJECT

# Serverless names dependencies that a reference implies already.
IGNORED = "W3005"
OPTIONS = (
    "kms_key=arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "alarm_email=ops@example.com",
    "access_logs=true",
    "xray=true",
    "moderation=true",
)
Case = tuple[str, tuple[str, ...]]
# Each stage by itself, and with every option at once.
CASES: list[Case] = [
    *((stage, ()) for stage in ("dev", "prod", "local")),
    ("prod", tuple(f"--param={option}" for option in OPTIONS)),
    ("dev", ("--param=purge=false",)),
    ("dev", ("--param=auth=iam",)),
]
# And each way of delivery, by its name.
EVERYTHING: list[Case | str] = [*CASES, *WAYS]
# Else it asks the internet for a newer one at each start.
QUIET = {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"}
CHECKOV = PROJECT / ".venv-checkov" / "bin" / "checkov"


def named(case: "Case | str") -> str:
    return case if isinstance(case, str) else " ".join((case[0], *case[1]))


@pytest.fixture(params=EVERYTHING, ids=named)
def case(
    request: pytest.FixtureRequest, package: Package, package_way: Package
) -> tuple[str, Template]:
    return made(request.param, package, package_way)


def made(case: "Case | str", package: Package, package_way: Package) -> tuple[str, Template]:
    """The stage and the template of a case, or of a way of delivery by its name."""
    if isinstance(case, str):
        return WAYS[case][0], package_way(case)
    stage, options = case
    return stage, package(stage, *options)


def test_cfn_lint_is_clean(case: tuple[str, Template], tmp_path: Path) -> None:
    file = written(tmp_path, case[1])
    command = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run(
        [command, "--regions", "eu-west-1", "--ignore-checks", IGNORED, "--", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_no_rule_of_ours_is_broken(case: tuple[str, Template]) -> None:
    stage, template = case
    assert violations(template.document, stage) == []


def test_checkov_finds_nothing(package: Package, package_way: Package, tmp_path: Path) -> None:
    """All templates in one run: it takes ten seconds to start."""
    assert CHECKOV.exists(), "make check sets it up"
    for number, case in enumerate(EVERYTHING):
        written(tmp_path, made(case, package, package_way)[1], f"{number}.json")
    run = checkov(tmp_path)
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("Failed checks: 0") == 1, run.stdout


def checkov(folder: Path) -> "subprocess.CompletedProcess[str]":
    skipped = ",".join(exceptions().checkov)
    options = ["--framework", "cloudformation", "--compact", "--quiet", "--skip-download"]
    return subprocess.run(
        [CHECKOV, "-d", str(folder), *options, "--skip-check", skipped],
        env=clean_environment() | QUIET,
        capture_output=True,
        text=True,
        check=False,
    )


def written(folder: Path, template: Template, name: str = "template.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(template.document))
    return file
