"""`make local` in a clone: what it says, what a deploy changes, and that nothing outlives it.

It is one test, because each part begins where the one before it ends, and a deploy takes seconds.
"""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import psutil
import pytest

from local.client import aws
from local.stack import DeployedStack, LocalDeployment
from tests.checkout import Checkout
from tests.command_line import fanout
from tests.e2e.steps import PHOTO, arrived, dead_letters, get, uploaded
from tests.pictures import decoded

_DEPLOY = "npx sls deploy --stage local"
# The queue of a size that goes, and a variant of it.
_THUMBNAIL = "image-fanout-local-thumbnail"
_OF_THUMBNAIL = "thumbnail/before.jpg"


class LocalStack:
    """The stack of a clone, and what somebody types there."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.deployment = LocalDeployment(checkout.folder / ".local", checkout.folder)

    def say(self, *command: str) -> str:
        code, output = self.checkout.run(*command)
        assert code == 0, output
        return output

    def typed(self, command: str) -> str:
        """What is said to a command in a shell that read .local/env."""
        return self.say("sh", "-c", f". .local/env && {command}")

    def start(self) -> DeployedStack:
        said = self.say("make", "local")
        assert "Deploying: npx sls deploy --stage local" in said
        assert re.search(r"^api  http://127.0.0.1:\d+/", said, re.MULTILINE)
        assert "a shell that read .local/env before must read it again" in said
        self.assert_failover(on_demand=False)
        return self.deployment.read()

    def change_a_recipe_and_parameters(self) -> None:
        sizes = self.checkout.folder / "sizes.yml"
        sizes.write_text(sizes.read_text().replace("quality: 80", "quality: 81"))
        said = self.say("make", "local", 'ARGS=--param="on_demand=declared" --param="xray=false"')
        assert "--param=on_demand=declared --param=xray=false" in said
        assert "400x300" in said
        assert "have new recipes" in said
        assert "must read it again" not in said, "the addresses are as before"
        self.assert_failover(on_demand=True)

    def want_other_sizes(self) -> None:
        """One is new, three go, and one of these has a dead letter, which is not lost."""
        (self.checkout.folder / "sizes.yml").write_text("sizes: [400x300, 120x120]\n")
        stack = self.deployment.read()
        aws(stack, "s3").put_object(Bucket=stack.images_bucket, Key=_OF_THUMBNAIL, Body=PHOTO)
        sqs = aws(stack, "sqs")
        dlq = sqs.get_queue_url(QueueName=f"{_THUMBNAIL}-dlq")["QueueUrl"]
        sqs.send_message(QueueUrl=dlq, MessageBody="a dead letter")
        code, said = self.checkout.run("make", "local")
        assert code == 2, "which is make's own"
        assert f"{_THUMBNAIL}-dlq: 1 message\n" in said
        assert dead_letters(sqs, "thumbnail")
        (purge,) = re.findall(r"^ +\./fanout (dlq purge .*)$", said, re.MULTILINE)
        with mock.patch.dict(os.environ, {"FANOUT_LOCAL": str(self.deployment.state)}):
            run = fanout(*purge.split(), "--yes")
        assert run.code == 0, run.err

    def deploy_by_hand(self, stack: DeployedStack) -> None:
        said = self.typed(_DEPLOY)
        assert "120x120 is a new size" in said
        assert f"api  {stack.api}\ncdn  {stack.cdn}\n" in said
        assert self.deployment.read().sizes == ["400x300", "120x120"]
        self.assert_failover(on_demand=False)
        # The emulator's CORS settings are repaired too.
        preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        allowed = get(f"{stack.api}/docs", **preflight).headers
        assert allowed["Access-Control-Allow-Origin"] == "*"
        url = uploaded(self.deployment.read(), PHOTO)["variants"]["120x120"]
        assert decoded(arrived(url).data).size == (120, 120)
        sqs = aws(stack, "sqs")
        for queue in (_THUMBNAIL, f"{_THUMBNAIL}-dlq"):
            with pytest.raises(sqs.exceptions.QueueDoesNotExist):
                sqs.get_queue_url(QueueName=queue)
        functions = aws(stack, "lambda").list_functions()["Functions"]
        assert not [f for f in functions if "thumbnail" in f["FunctionName"]]
        assert get(f"{stack.cdn}/{_OF_THUMBNAIL}").status_code == 200, "its pictures stay"

    def assert_failover(self, *, on_demand: bool) -> None:
        response = get(f"{self.deployment.environment()['CDN_URL']}/400x300/none.jpg")
        assert response.status_code == 404
        assert ("problem+json" in response.headers["Content-Type"]) is on_demand

    def kill_the_emulator(self) -> None:
        server, *workers = self.deployment.family()
        assert workers
        server.kill()
        _, alive = psutil.wait_procs([server, *workers], timeout=30)
        assert alive == []
        code, said = self.checkout.run("./fanout", "audit", "--stage", "local")
        assert (code, said.count("\n")) == (1, 1)
        assert "is not running any more" in said
        code, said = self.checkout.run("sh", "-c", f". .local/env && {_DEPLOY}")
        assert code == 1
        assert "is not running: run `make local`" in said

    def interrupt_a_deploy(self) -> None:
        """Which leaves nothing, because it began with nothing."""
        with self.checkout.start("make", "local") as process:
            assert process.stdout
            while not (line := process.stdout.readline()).startswith("Deploying"):
                assert line, "it has ended"
            os.killpg(process.pid, signal.SIGINT)
            rest = process.stdout.read()
        assert "Interrupted." in rest
        assert "Traceback" not in rest
        assert self.processes() == []

    def processes(self) -> list[str]:
        """The commands that run in the clone."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            command = " ".join(process.info["cmdline"] or ())
            if str(self.checkout.folder) in command:
                found.append(command)
        return found


@pytest.fixture
def local_stack(packages: None, tmp_path: Path) -> Iterator[LocalStack]:
    stack = LocalStack(Checkout(tmp_path / "clone", packages=True))
    try:
        yield stack
    finally:
        stack.deployment.down()


def test_make_local_keeps_all_in_step_and_leaves_nothing(local_stack: LocalStack) -> None:
    stack = local_stack.start()
    local_stack.change_a_recipe_and_parameters()
    local_stack.want_other_sizes()
    local_stack.deploy_by_hand(stack)
    local_stack.kill_the_emulator()
    assert local_stack.say("make", "stop") == "Stopped.\n"
    local_stack.interrupt_a_deploy()
