"""Starts, deploys and stops the local stack.

`.local/stack.json` has its addresses, `.local/env` the variables for `npx sls … --stage local`.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from lib.auth.tokens import Scope, TokenStore, find_valid
from lib.aws.error_mapping import map_errors
from lib.aws.stacks import get_originals
from lib.errors import ConfigError
from lib.keys import CONSOLE_FOLDER, Originals
from lib.operations.stage_commands import STATE, TOKEN
from local import cors, emulator, setup, supervisor
from local.emulator import REGION
from local.processes import Processes, clean_environment, free_port
from local.setup import PROJECT

STAGE = "local"
_STACK = f"image-fanout-{STAGE}"
_CDN = "cdn"
# The addresses in .local/env, for shells.
API, CDN, ENDPOINT = "API_URL", "CDN_URL", "AWS_ENDPOINT_URL"
# The template that sls deployed, in the service's folder.
_TEMPLATE = ".serverless/cloudformation-template-update-stack.json"
# Lines of sls beside its message.
_NOISE = re.compile(r"Deploying image-fanout|Environment: |Docs: |Error:$| +at .*")
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
    originals_prefix: str
    images_bucket: str
    sizes: list[str]
    token: str
    # Address of the console, with the token in its fragment; "" without a console.
    console: str = ""

    @property
    def originals(self) -> Originals:
        """Where the originals are."""
        return Originals(self.originals_bucket, self.originals_prefix)


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
        return (self.state / "env").exists() and self._processes.are_running(emulator.NAME)

    def up(
        self,
        on_progress: OnProgress,
        port: int = 0,
        cdn_port: int = 0,
        arguments: Sequence[str] = (),
    ) -> DeployedStack:
        """Starts the servers unless they run, and deploys with these arguments of `sls deploy`."""
        self.start(on_progress, port, cdn_port)
        on_progress(" ".join(["Deploying: npx sls deploy --stage local", *arguments]))
        for line in self.deploy(*arguments).splitlines():
            if line.strip():
                on_progress(line)
        return self.read()

    def start(self, on_progress: OnProgress, port: int = 0, cdn_port: int = 0) -> None:
        """Starts the servers unless they run.

        They end with this process, unless `release` is called. A port of 0 selects a free one;
        raises ConfigError if a given port is in use, or differs from that of the running servers.
        """
        if self.is_running():
            self._require_ports(port, cdn_port)
            if not self._processes.are_running(_CDN):
                environment = self.environment()
                self._start_cdn(*map(_parse_port, (environment[CDN], environment[ENDPOINT])))
        else:
            self.down()
            port = free_port(port)
            cdn_port = free_port(cdn_port, other_than=port)
            on_progress(f"Starting the emulator of AWS on 127.0.0.1:{port}")
            emulator.start(self._processes, self.state, port, checks=self._checks)
            self._start_cdn(cdn_port, port)
            self._write_environment(port, cdn_port)

    def release(self) -> None:
        """Lets the servers outlive this process."""
        self._processes.release()

    def read(self) -> DeployedStack:
        """Returns the deployed stack from .local/stack.json."""
        return DeployedStack(**json.loads((self.state / "stack.json").read_text()))

    def family(self) -> list[psutil.Process]:
        """Returns the emulator's process, and then those of the functions."""
        return self._processes.family(emulator.NAME)

    def deploy(self, *arguments: str) -> str:
        """Runs `sls deploy`, which calls `refresh`; returns its output, as `sls` does."""
        return self.sls("deploy", *arguments)

    def refresh(self) -> DeployedStack:
        """Adapts the emulator and the files of the state folder to what was just deployed.

        `sls deploy` runs it (local/refresh.py), also one that somebody typed.
        """
        environment = self.environment()
        endpoint = environment[ENDPOINT]
        with map_errors("reading what was deployed"):
            outputs = self._outputs(endpoint)
            originals = get_originals(outputs)
            apis = emulator.client(endpoint, REGION, "apigatewayv2")
            cors.update(apis, outputs["HttpApiId"], self.service / _TEMPLATE)
            _set_ownership(endpoint, outputs["ImagesBucketName"], has_acls="CdnUrl" not in outputs)
        token = self._get_token(endpoint, outputs, environment.get(TOKEN, ""))
        has_console = "console" in json.loads(outputs["Features"])
        if environment.get(API) != outputs["ApiUrl"]:
            self._export({API: outputs["ApiUrl"]})
        stack = DeployedStack(
            endpoint=endpoint,
            region=REGION,
            api=outputs["ApiUrl"],
            cdn=outputs["ImagesUrl"],
            originals_bucket=originals.bucket,
            originals_prefix=originals.prefix,
            images_bucket=outputs["ImagesBucketName"],
            sizes=json.loads(outputs["Sizes"]),
            token=token,
            console=_console_address(environment[CDN], token) if has_console else "",
        )
        file = self.state / "stack.json"
        file.touch(mode=_PRIVATE)
        file.write_text(json.dumps(asdict(stack), indent=2) + "\n")
        return stack

    def sls(self, *arguments: str) -> str:
        """Runs one sls command; returns its output, or raises ConfigError with it."""
        sls = str(self.service / "node_modules/.bin/sls")
        # Supervised, so that an interruption ends what sls started too: npm, pip, Python.
        with subprocess.Popen(
            [sys.executable, supervisor.__file__, sls, *arguments, "--stage", STAGE],
            cwd=self.service,
            env=clean_environment() | self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as run:
            try:
                output = run.stdout.read() if run.stdout else ""
            except BaseException:
                run.terminate()
                raise
        if run.returncode != 0:
            raise ConfigError(f"sls {' '.join(arguments)} failed:\n{_strip_noise(output)}")
        return output

    def down(self) -> bool:
        """Stops the servers and deletes the state folder; returns whether any server ran."""
        ran = self._processes.stop()
        with suppress(FileNotFoundError):
            shutil.rmtree(self.state)
        return ran

    def environment(self) -> dict[str, str]:
        """Returns the variables that direct AWS tools to the emulator."""
        lines = (self.state / "env").read_text().splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)

    def _write_environment(self, port: int, cdn_port: int) -> None:
        variables = emulator.ROOT_KEY | {
            # sls deploy and ./fanout find this folder by it.
            STATE: str(self.state),
            ENDPOINT: f"http://127.0.0.1:{port}",
            # The API's URLs of variants begin with this address.
            CDN: f"http://127.0.0.1:{cdn_port}",
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
        self._export(variables | setup.find_caches())

    def _export(self, variables: dict[str, str]) -> None:
        file = self.state / "env"
        file.touch(mode=_PRIVATE)
        with file.open("a") as lines:  # a later line overrides an earlier one
            lines.writelines(f"export {name}={value}\n" for name, value in variables.items())

    def _get_token(self, endpoint: str, outputs: dict[str, str], current: str) -> str:
        """Returns the current token if it is valid, or a new one; "" if the API takes none."""
        if "TokensSecretArn" not in outputs:
            return ""
        secrets = emulator.client(endpoint, REGION, "secretsmanager")
        tokens = TokenStore(secrets, outputs["TokensSecretArn"])
        valid = find_valid(current, tokens.list_all(), datetime.now(UTC))
        if valid and valid.scope is Scope.OPERATE:
            return current
        token, _ = tokens.create("local", scope=Scope.OPERATE)
        self._export({TOKEN: token})
        return token

    def _outputs(self, endpoint: str) -> dict[str, str]:
        cloudformation = emulator.client(endpoint, REGION, "cloudformation")
        stacks = cloudformation.describe_stacks(StackName=_STACK)["Stacks"]
        return {
            output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])
        }

    def _start_cdn(self, port: int, emulator_port: int) -> None:
        command = [sys.executable, "-m", "local.cdn", str(port), str(emulator_port), _STACK]
        environment = clean_environment() | {"PYTHONPATH": str(PROJECT)}
        self._processes.start(_CDN, command, port, environment)

    def _require_ports(self, port: int, cdn_port: int) -> None:
        environment = self.environment()
        for name, given, address in (
            ("PORT", port, environment[ENDPOINT]),
            ("CDN_PORT", cdn_port, environment[CDN]),
        ):
            if given not in (0, _parse_port(address)):
                raise ConfigError(
                    f"{name}={given}: the local stack already runs at {address}. Leave the port "
                    "out, or run make stop first, which deletes the stack's photos"
                )


def _strip_noise(output: str) -> str:
    """Removes from the output of sls what is not about the failure: its versions, stack traces."""
    lines = [line.rstrip() for line in output.splitlines()]
    return "\n".join(line for line in lines if line and not _NOISE.match(line))


def _console_address(cdn: str, token: str) -> str:
    """Returns the console's address; browsers do not send a fragment, the page reads the token."""
    return f"{cdn}/{CONSOLE_FOLDER}/" + (f"#token={token}" if token else "")


def _set_ownership(endpoint: str, bucket: str, *, has_acls: bool) -> None:
    """Sets the template's Object Ownership, which the emulator's deploy ignores."""
    ownership = "BucketOwnerPreferred" if has_acls else "BucketOwnerEnforced"
    emulator.client(endpoint, REGION, "s3").put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}
    )


def _parse_port(url: str) -> int:
    return int(url.rpartition(":")[2])
