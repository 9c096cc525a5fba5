"""A stage as it is deployed, in moto's account; and the command line, run against it."""

import io
import json
import zipfile
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

from cli.__main__ import main
from lib.dead_letters import scan
from lib.sizes import Size
from tests.integration.conftest import create_queue
from tests.payloads import ORIGINALS

STAGE = "dev"
PREFIX = f"image-fanout-{STAGE}"
SIZES = ("400x300", "thumbnail")


class Run(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Commands:
    """`./fanout … --stage dev`, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Run:
        """Run one command without a terminal."""
        self._capsys.readouterr()
        try:
            code: Any = main([*arguments, "--stage", STAGE])
        except SystemExit as end:
            code = end.code or 0
        said = self._capsys.readouterr()
        return Run(int(code), said.out, said.err)


def answer(
    monkeypatch: pytest.MonkeyPatch, operation: str, told: dict[str, Any] | Exception
) -> None:
    """Answer an operation of every client in AWS's place."""
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make_api_call(client: BaseClient, name: str, arguments: Any) -> Any:
        if name != operation:
            return call(client, name, arguments)
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: str) -> None:
    """Have AWS refuse an operation to every client, with an error of this code."""
    told: Any = {"Error": {"Code": code, "Message": "not for you"}}
    answer(monkeypatch, operation, ClientError(told, operation))


@pytest.fixture
def fanout(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The command line; a queue of SQS is empty at once."""

    monkeypatch.setattr(scan, "EMPTY_AFTER", 0)
    # moto runs functions in Docker when their queues get messages.
    monkeypatch.setitem(default_user_config["lambda"], "use_docker", False)
    return Commands(capsys)


class Deployed:
    """The stage's queues by name, its functions, its tokens' secret, and its stack's outputs."""

    def __init__(self, *, outputs: bool = True) -> None:
        self.sqs = boto3.client("sqs")
        self.urls: dict[str, str] = {}
        for size in SIZES:
            for name in (size, f"{size}-dlq", f"{size}-subscription-dlq"):
                self.queue(name)
        self.queue("purge")
        self.queue("purge-dlq")
        self.queue("fetch")
        self.queue("fetch-dlq")
        self.lambda_: Any = boto3.client("lambda")
        self.role = _role()
        for size in SIZES:
            self.function(size)
        self.tokens_secret: str = boto3.client("secretsmanager").create_secret(
            Name=f"{PREFIX}-tokens", SecretString='{"tokens": []}'
        )["ARN"]
        if outputs:
            self.outputs(
                Sizes=json.dumps(SIZES),
                TokensSecretArn=self.tokens_secret,
                FailuresBucketName="failures-bucket",
            )

    def queue(self, name: str) -> None:
        """A queue of the stage, by its name without the stage's prefix."""
        self.urls[name] = create_queue(f"{PREFIX}-{name}")

    def function(self, size: str, **changes: Any) -> None:
        """A size's function, with the settings that the command line reads."""
        self.lambda_.create_function(
            **{
                "FunctionName": f"{PREFIX}-resize-{size}",
                "Runtime": "python3.13",
                "Role": self.role,
                "Handler": "handlers.resize.handler",
                "Code": {"ZipFile": _zip()},
                "MemorySize": 1769,
                "Timeout": 150,
                "Environment": {
                    "Variables": {
                        "SIZE": size_called(size).model_dump_json(),
                        "QUEUE_URL": self.urls[size],
                        "DLQ_URL": self.urls[f"{size}-dlq"],
                        "CACHE_CONTROL": "public, max-age=60",
                    }
                },
            }
            | changes
        )

    def outputs(self, **values: str) -> None:
        """The stack's outputs; where the originals are is always among them."""
        values = {"OriginalsBucketName": ORIGINALS.bucket} | values
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in values.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName=PREFIX, TemplateBody=json.dumps(template)
        )


@pytest.fixture
def deployed() -> Deployed:
    """The stage with two sizes."""
    return Deployed()


def size_called(name: str) -> Size:
    """Each of the stage's sizes is like the others."""
    return Size(name=name, width=400, height=300)


def _role() -> str:
    trust = '{"Version": "2012-10-17", "Statement": []}'
    iam = boto3.client("iam")
    arn: str = iam.create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return arn


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("handlers/resize.py", "")
    return made.getvalue()
