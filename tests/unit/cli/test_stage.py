"""A command that cannot find its stage says why in one sentence, with the cure."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import stage as module
from cli.stage import Stage
from lib.errors import ConfigError, TransientError
from tests.command_line import fanout

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "FANOUT_LOCAL", *KEYS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


def err_of(*arguments: str) -> str:
    run = fanout("audit", *arguments)
    assert run.code == 1
    assert run.err.count("\n") == 1
    return run.err


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert "no profile 'nope'" in err_of("--stage", "dev")


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_broken_configuration_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    file = tmp_path / "broken"
    file.write_text("[default\nregion = eu-west-1\n")
    monkeypatch.setenv(variable, str(file))
    assert str(file) in err_of("--stage", "dev")


@pytest.mark.parametrize("region", ["mars-1", "eu west", "https://x"])
def test_an_unknown_region_is_named_with_its_source(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    said = err_of("--stage", "dev", "--region", region)
    assert said.startswith(f"--region: AWS has no region '{region}'")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    assert err_of("--stage", "dev").startswith("The AWS configuration's region: AWS has no region")


def test_without_a_region_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "--region eu-west-1" in err_of("--stage", "dev")


def test_a_region_counts_where_the_aws_command_line_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert Stage("dev").region == "eu-north-1"
    assert Stage("dev", "us-east-1").region == "us-east-1"


def test_without_credentials_the_cure_is_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "log in to AWS" in err_of("--stage", "dev")


@pytest.mark.parametrize(
    ("reason", "cure"),
    [("ExpiredToken", "log in to AWS"), ("EndpointConnectionError", "is there such a region")],
)
def test_a_failure_before_the_first_answer_has_its_cure(
    monkeypatch: pytest.MonkeyPatch, reason: str, cure: str
) -> None:
    def fail(*_: object) -> None:
        raise TransientError(reason, "describe the stack")

    monkeypatch.setattr(module, "find_stack", fail)
    assert cure in err_of("--stage", "dev")


def test_other_failures_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise TransientError("InternalError", "describe the stack: AWS failed")

    monkeypatch.setattr(module, "find_stack", fail)
    assert err_of("--stage", "dev") == "describe the stack: AWS failed\n"


@pytest.fixture
def emulator() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, emulator: str) -> str:
    """The endpoint of a local stack whose state folder this shell names."""
    keys = "".join(f"export {name}={value}\n" for name, value in KEYS.items())
    text = f"export AWS_ENDPOINT_URL={emulator}\nexport AWS_REGION=us-east-1\n{keys}"
    (tmp_path / "env").write_text(text)
    monkeypatch.setenv("FANOUT_LOCAL", str(tmp_path))
    return emulator


def test_the_local_stage_ignores_the_users_aws_configuration(
    local: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken").write_text("[default\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "broken"))
    monkeypatch.setenv("AWS_PROFILE", "nope")
    stage = Stage("local")
    assert stage.client("s3").meta.endpoint_url == local
    assert stage.client("s3").meta.region_name == "us-east-1"


def test_variables_of_an_earlier_local_stack_are_noticed(
    local: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    Stage("local")
    said = capsys.readouterr().err
    assert "earlier local stack (http://127.0.0.1:9;" in said
    assert said.endswith(f"{local}): run . .local/env\n")


def test_variables_of_this_local_stack_need_no_note(
    local: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local)
    Stage("local")
    assert capsys.readouterr().err == ""


def test_variables_of_the_local_stack_are_noticed_for_another_stage(
    local: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local)
    Stage("dev")
    assert f"to the local stack ({local})" in capsys.readouterr().err


def test_a_local_stack_that_died_is_not_waited_for(tmp_path: Path, local: str) -> None:
    env = tmp_path / "env"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nothing answers
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}"
        env.write_text(env.read_text().replace(local, dead))
        said = err_of("--stage", "local")
    assert said == f"The local stack is not running any more ({dead} does not answer): " + (
        "run make local\n"
    )


def test_a_stopped_stack_of_another_folder_is_not_taken_for_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "env").touch()
    monkeypatch.setattr(module, "_LOCAL_FOLDER", tmp_path / "here")
    monkeypatch.setenv("FANOUT_LOCAL", str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigError, match=r"elsewhere, is not running: run \. \.local/env"):
        Stage("local")
