"""Starts, deploys and stops the local stack.

`.local/stack.json` has its addresses, `.local/env` the variables for `npx sls … --stage local`.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from cli.stage import TOKEN
from lib.auth.tokens import TokenStore, find_valid
from lib.errors import ConfigError
from local import cors, emulator
from local.emulator import REGION
from local.processes import Processes, clean_environment, free_port

STAGE = "local"
PROJECT = Path(__file__).resolve().parent.parent
_CDN = "cdn"
# The API's address in .local/env, for shells; like CDN_URL.
API = "API_URL"
# The template that sls deployed, in the service's folder.
_TEMPLATE = ".serverless/cloudformation-template-update-stack.json"
# Mode of files that hold a secret: only the owner may read them.
_PRIVATE = 0o600

OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class DeployedStack:
    """A deployed local stack: its addresses, and a token of its upload API.

    `cdn` is the base URL of the variants: the CDN, or the bucket on a stage without one.
    """

    endpoint: str
    region: str
    api: str
    cdn: str
    originals_bucket: str
    images_bucket: str
    sizes: list[str]
    token: str


class LocalDeployment:
    """The local stack in one state folder, deployed from a service's folder."""

    def __init__(
        self, state: Path = PROJECT / ".local", service: Path = PROJECT, *, checks: bool = True
    ) -> None:
        """With `checks`, the emulator enforces policies and signatures, as AWS does."""
        self._checks = checks
        self.state = state.resolve()
        self.service = service.resolve()
        self._processes = Processes(self.state)

    def is_running(self) -> bool:
        """Returns whether the emulator runs."""
        return self._processes.are_running(emulator.NAME)

    def up(self, on_progress: OnProgress, port: int = 0, cdn_port: int = 0) -> DeployedStack:
        """Starts the emulator unless it runs, deploys, and writes .local/stack.json.

        A port of 0 selects a free one; raises ConfigError if a given port is in use.
        """
        if not self.is_running():
            self.down()
            port, cdn_port = free_port(port), free_port(cdn_port)
            on_progress(f"Starting the emulator of AWS on 127.0.0.1:{port}")
            emulator.start(self._processes, self.state, port, checks=self._checks)
            self._write_environment(port, cdn_port)
        on_progress("Deploying: npx sls deploy --stage local")
        self.deploy()
        return self._describe()

    def read(self) -> DeployedStack:
        """Returns the deployed stack from .local/stack.json."""
        return DeployedStack(**json.loads((self.state / "stack.json").read_text()))

    def family(self) -> list[psutil.Process]:
        """Returns the emulator's processes, which include those of the functions."""
        return self._processes.family(emulator.NAME)

    def deploy(self, *arguments: str) -> str:
        """Runs `sls deploy` against the emulator; returns its output, as `sls` does."""
        output = self.sls("deploy", *arguments)
        endpoint = self.environment()["AWS_ENDPOINT_URL"]
        apis = emulator.client(endpoint, REGION, "apigatewayv2")
        cors.update(apis, self._outputs(endpoint)["HttpApiId"], self.service / _TEMPLATE)
        return output

    def sls(self, *arguments: str) -> str:
        """Runs one sls command; returns its output, or raises ConfigError with it."""
        run = subprocess.run(
            [str(self.service / "node_modules/.bin/sls"), *arguments, "--stage", STAGE],
            cwd=self.service,
            env=clean_environment() | self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            raise ConfigError(f"sls {' '.join(arguments)} failed:\n{run.stdout.strip()}")
        return run.stdout

    def down(self) -> bool:
        """Stops the servers and deletes the state folder; returns whether any server ran."""
        ran = self._processes.stop()
        shutil.rmtree(self.state, ignore_errors=True)
        return ran

    def environment(self) -> dict[str, str]:
        """Returns the variables that direct AWS tools to the emulator."""
        lines = (self.state / "env").read_text().splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)

    def _write_environment(self, port: int, cdn_port: int) -> None:
        variables = emulator.ROOT_KEY | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            # The API's URLs of variants begin with this address.
            "CDN_URL": f"http://127.0.0.1:{cdn_port}",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # Keeps the user's own AWS configuration out.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            # The SDK of sls warns about Node 20 at every start.
            "NODE_NO_WARNINGS": "1",
            # Milliseconds between polls of a deployment; the default of 5,000 is for AWS's limits.
            "SLS_AWS_MONITORING_FREQUENCY": "250",
        }
        self._export(variables)

    def _export(self, variables: dict[str, str]) -> None:
        file = self.state / "env"
        file.touch(mode=_PRIVATE)
        with file.open("a") as lines:  # a later line overrides an earlier one
            lines.writelines(f"export {name}={value}\n" for name, value in variables.items())

    def _describe(self) -> DeployedStack:
        environment = self.environment()
        endpoint = environment["AWS_ENDPOINT_URL"]
        outputs = self._outputs(endpoint)
        if API not in environment:
            self._export({API: outputs["ApiUrl"]})
        _set_ownership(endpoint, outputs["ImagesBucketName"], has_acls="CdnUrl" not in outputs)
        # Restarted: a deploy may have changed the function behind its origin failover.
        self._processes.stop(_CDN)
        if "CdnUrl" in outputs:
            self._start_cdn(_parse_port(environment["CDN_URL"]), _parse_port(endpoint), outputs)
        stack = DeployedStack(
            endpoint=endpoint,
            region=REGION,
            api=outputs["ApiUrl"],
            cdn=outputs["ImagesUrl"],
            originals_bucket=outputs["OriginalsBucketName"],
            images_bucket=outputs["ImagesBucketName"],
            sizes=json.loads(outputs["Sizes"]),
            token=self._get_token(endpoint, outputs, environment.get(TOKEN, "")),
        )
        file = self.state / "stack.json"
        file.touch(mode=_PRIVATE)
        file.write_text(json.dumps(asdict(stack), indent=2) + "\n")
        return stack

    def _get_token(self, endpoint: str, outputs: dict[str, str], current: str) -> str:
        """Returns the current token if it is valid, or a new one; "" if the API takes none."""
        if "TokensSecretArn" not in outputs:
            return ""
        secrets = emulator.client(endpoint, REGION, "secretsmanager")
        tokens = TokenStore(secrets, outputs["TokensSecretArn"])
        if find_valid(current, tokens.list_all(), datetime.now(UTC)):
            return current
        token, _ = tokens.create("local")
        self._export({TOKEN: token})
        return token

    def _outputs(self, endpoint: str) -> dict[str, str]:
        cloudformation = emulator.client(endpoint, REGION, "cloudformation")
        stacks = cloudformation.describe_stacks(StackName=f"image-fanout-{STAGE}")["Stacks"]
        return {
            output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])
        }

    def _start_cdn(self, port: int, emulator_port: int, outputs: dict[str, str]) -> None:
        domain = outputs["CdnUrl"].removeprefix("https://")
        command = [sys.executable, "-m", "local.cdn", str(port), str(emulator_port), domain]
        if "OnDemandUrl" in outputs:
            url_id = outputs["OnDemandUrl"].removeprefix("https://").partition(".")[0]
            command += ["--on-demand", url_id]
        environment = clean_environment() | {"PYTHONPATH": str(PROJECT)}
        self._processes.start(_CDN, command, port, environment)


def _set_ownership(endpoint: str, bucket: str, *, has_acls: bool) -> None:
    """Sets the template's Object Ownership, which the emulator's deploy ignores."""
    ownership = "BucketOwnerPreferred" if has_acls else "BucketOwnerEnforced"
    emulator.client(endpoint, REGION, "s3").put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}
    )


def _parse_port(url: str) -> int:
    return int(url.rpartition(":")[2])
