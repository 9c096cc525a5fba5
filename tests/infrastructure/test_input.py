"""sls refuses, before it does anything, what could only go wrong."""

from pathlib import Path

import pytest

from tests.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path, with_packages=False)


def refusal(service: Service, *arguments: str, **environment: str) -> str:
    run = service.sls_again(*arguments, **environment)
    assert run.returncode == 1
    return run.stderr.strip().splitlines()[-1]


def test_a_parameter_that_is_none_is_named(service: Service) -> None:
    said = refusal(service, "package", "--param=on_demnd=declared", "--param=xray=true")
    assert said.startswith("--param: on_demnd is no parameter")


def test_a_stages_parameter_that_is_none_is_named(service: Service) -> None:
    file = service.folder / "serverless.yml"
    file.write_text(file.read_text().replace("  prod:\n", "  prod:\n    on_demnd: signed\n"))
    assert refusal(service, "package").startswith("params.prod: on_demnd is no parameter")


@pytest.mark.parametrize("command", ["deploy", "remove"])
def test_the_local_stage_is_never_deployed_to_aws(service: Service, command: str) -> None:
    said = refusal(service, command, "--stage", "local")
    assert said.startswith("This stage is deployed to an emulator of AWS, not to AWS: run `make")


def test_an_emulator_that_is_gone_is_named(service: Service) -> None:
    gone = "http://127.0.0.1:9"
    said = refusal(service, "deploy", "--stage", "local", AWS_ENDPOINT_URL=gone)
    assert said.startswith("The emulator of this shell, http://127.0.0.1:9, is not running: run")
