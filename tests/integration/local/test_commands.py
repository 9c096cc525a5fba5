"""`make local` and `make stop` refuse what cannot work, in one sentence."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("local") / "clone", packages=True)


def refusal(checkout: Checkout, *arguments: str, **environment: str) -> str:
    """What is said before make's own line."""
    code, output = checkout.run("make", *arguments, **environment)
    assert code != 0
    said, of_make = output.splitlines()
    assert of_make.startswith("make: ***")
    return said


@pytest.mark.parametrize("target", ["local", "demo"])
@pytest.mark.parametrize("given", ["PORT=99999", "CDN_PORT=abc"])
def test_what_is_no_port_is_refused(checkout: Checkout, target: str, given: str) -> None:
    said = refusal(checkout, target, given)
    assert said == f"{given}: a port is a number from 1 to 65535, or 0 for any free one"


def test_two_servers_cannot_have_one_port(checkout: Checkout) -> None:
    said = refusal(checkout, "local", "PORT=9000", "CDN_PORT=9000")
    assert said == "PORT and CDN_PORT are both 9000: choose two different ports"


@pytest.mark.parametrize("variable", ["PORT", "CDN_PORT"])
def test_a_port_in_use_is_named_before_anything_is_started(
    checkout: Checkout, variable: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(checkout, "local", f"{variable}={port}")
    assert said.startswith(f"Port {port} on 127.0.0.1 is used by another program")
    assert not (checkout.folder / ".local").exists()


@pytest.mark.parametrize("option", ["--stage prod", "--region=eu-west-1"])
def test_it_deploys_no_other_stage(checkout: Checkout, option: str) -> None:
    assert refusal(checkout, "local", f"ARGS={option}").startswith(f"ARGS: {option[:7]}")


def test_a_second_one_at_the_same_moment_is_refused(checkout: Checkout) -> None:
    lock = checkout.folder / ".cache" / "local.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write("1234")
        first.flush()
        said = refusal(checkout, "local")
    assert said.startswith("make local or make demo is at work here (process 1234): wait")


def test_stop_interrupts_one_that_is_at_work(checkout: Checkout) -> None:
    lock = checkout.folder / ".cache" / "local.lock"
    lock.parent.mkdir(exist_ok=True)
    script = (
        "import os, sys, time; from pathlib import Path; from local.exclusive import hold\n"
        "with hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock)],
        cwd=checkout.folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        assert checkout.run("make", "stop") == (0, "Stopped.\n")
    assert first.returncode == -signal.SIGTERM


def test_a_state_folder_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    blocked = checkout.folder / ".local"
    blocked.write_text("a file where a folder must be")
    try:
        for target in ("local", "stop"):
            said = refusal(checkout, target)
            assert said.startswith("The local stack cannot go on: ")
            assert str(blocked) in said
    finally:
        blocked.unlink()


def test_stop_without_a_stack_is_no_mistake(checkout: Checkout) -> None:
    assert checkout.run("make", "stop") == (0, "Nothing was running.\n")


def test_an_interruption_at_any_moment_is_one_sentence(checkout: Checkout, tmp_path: Path) -> None:
    """The photographs cannot be fetched: pip waits for an index that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        url = f"http://127.0.0.1:{index.getsockname()[1]}"
        nothing = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_NO_CACHE_DIR": "1"}
        demo = checkout.start("make", "demo", PIP_INDEX_URL=url, **nothing)
        index.settimeout(60)
        index.accept()[0].close()
        os.killpg(demo.pid, signal.SIGINT)
        with demo:
            output, _ = demo.communicate(timeout=60)
    assert demo.returncode != 0
    assert "Interrupted." in output
    assert "Traceback" not in output
    assert not (checkout.folder / ".local").exists()
