"""What GitHub runs: pinned actions, few permissions, and commands that there are."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.cli.test_help import parse

PROJECT = Path(__file__).parents[2]
FILES = sorted((PROJECT / ".github" / "workflows").iterdir())
# The commit, and behind it for people the release that it is.
PINNED = re.compile(r"^\s*- uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def workflow(file: Path) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(file.read_text())
    return loaded


def triggers(file: Path) -> dict[str, Any]:
    """YAML 1.1 reads the key `on` as true."""
    found: dict[str, Any] = workflow(file)[True]
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in workflow(file)["jobs"].values():
        yield from job.get("steps", [])


def commands(file: Path) -> list[str]:
    return [line for step in steps(file) for line in step.get("run", "").splitlines()]


def test_each_workflow_is_yaml_with_jobs_that_end(file: Path) -> None:
    assert file.suffix == ".yml"
    for job in workflow(file)["jobs"].values():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 60


def test_every_action_is_pinned_by_its_commit(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if "- uses:" in line]
    assert len(lines) == sum("uses" in step for step in steps(file)) > 0
    assert [line for line in lines if not PINNED.match(line)] == []


def test_a_job_is_no_other_repositorys(file: Path) -> None:
    for job in workflow(file)["jobs"].values():
        if "uses" in job:
            assert (PROJECT / job["uses"]).exists()
            assert job["uses"].startswith("./")


def test_one_action_has_one_commit_in_all_workflows() -> None:
    used = {step["uses"] for file in FILES for step in steps(file) if "uses" in step}
    assert len(used) == len({each.partition("@")[0] for each in used}) == 4


def test_every_command_that_is_run_exists(file: Path) -> None:
    for command in commands(file):
        words = shlex.split(
            command.replace('"$STAGE"', "dev").replace('"$AWS_REGION"', "eu-west-1")
        )
        match words:
            case ["make", target]:
                assert target in TARGETS
            case ["./fanout", *rest]:
                parse(shlex.join(rest))
            case ["sudo", "apt-get", "update"] | [
                "sudo",
                "apt-get",
                "install",
                "--yes",
                "qemu-user",
            ]:
                assert "qemu-aarch64" in (PROJECT / "tests/native/test_kernel.py").read_text()
            case ["npx", "sls", "deploy", "--stage", "dev", "--region", "eu-west-1"]:
                assert "osls" in (PROJECT / "package.json").read_text()
            case _:
                pytest.fail(f"{file.name}: {command}: nobody checks that it exists")


def test_no_expression_is_pasted_into_a_command(file: Path) -> None:
    """A branch or an input called `$(…)` would be run."""
    assert [command for command in commands(file) if "${{" in command] == []


def test_a_workflow_may_read_and_one_job_may_say_who_it_is(file: Path) -> None:
    assert workflow(file)["permissions"] == {"contents": "read"}
    for name, job in workflow(file)["jobs"].items():
        asked = job.get("permissions", {"contents": "read"})
        trusted = {"id-token": "write"} if name == "deploy" else {}
        assert asked == {"contents": "read"} | trusted
    assert "secrets." not in file.read_text()
    for step in steps(file):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"] == {"persist-credentials": False}


def test_checks_run_on_each_push_and_never_with_a_strangers_code_and_our_rights() -> None:
    assert {"push", "pull_request"} <= triggers(PROJECT / ".github/workflows/check.yml").keys()
    for file in FILES:
        assert "pull_request_target" not in triggers(file)
    assert {"make check", "make test"} <= set(commands(PROJECT / ".github/workflows/check.yml"))


def test_a_deploy_follows_the_checks_takes_a_role_and_ends_with_verify() -> None:
    file = PROJECT / ".github/workflows/deploy.yml"
    assert workflow(file)["jobs"]["deploy"]["needs"] == "check"
    *_, role, deploy, verify = steps(file)
    assert role["uses"].startswith("aws-actions/configure-aws-credentials@")
    assert role["with"]["role-to-assume"] == "${{ vars.DEPLOY_ROLE_ARN }}"
    assert deploy["run"].startswith("npx sls deploy ")
    assert verify["run"] == './fanout verify --stage "$STAGE"'
