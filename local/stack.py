"""The local stack as a whole: started, deployed to, described in .local, and stopped.

`.local/stack.json` has its addresses, `.local/env` what `npx sls … --stage local` needs.
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
# What people who type find in the environment, beside CDN_URL.
API = "API_URL"
# What sls has compiled and deployed, in the service's folder.
_TEMPLATE = ".serverless/cloudformation-template-update-stack.json"
# Files with a secret in them.
_OWN = 0o600

Tell = Callable[[str], None]


@dataclass(frozen=True)
class DeployedStack:
    """A deployed local stack: where everything is, and a token of its upload API.

    `cdn` is where the pictures are: the CDN, or the bucket on a stage without one.
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
    """The local stack of one state folder, made from the service in another."""

    def __init__(
        self, state: Path = PROJECT / ".local", service: Path = PROJECT, *, checks: bool = True
    ) -> None:
        """`checks` tells whether policies and signatures count, as they do on AWS."""
        self._checks = checks
        self.state = state.resolve()
        self.service = service.resolve()
        self._processes = Processes(self.state)

    def is_running(self) -> bool:
        """Whether its emulator runs."""
        return self._processes.are_running(emulator.NAME)

    def up(self, tell: Tell, port: int = 0, cdn_port: int = 0) -> DeployedStack:
        """Start what does not run yet, deploy, and describe what there is.

        The ports are free ones unless given; ConfigError if one is taken.
        """
        if not self.is_running():
            self.down()
            port, cdn_port = free_port(port), free_port(cdn_port)
            tell(f"Starting the emulator of AWS on 127.0.0.1:{port}")
            emulator.start(self._processes, self.state, port, checks=self._checks)
            self._write_environment(port, cdn_port)
        tell("Deploying: npx sls deploy --stage local")
        self.deploy()
        return self._describe()

    def read(self) -> DeployedStack:
        """The deployed stack, as .local/stack.json has it."""
        return DeployedStack(**json.loads((self.state / "stack.json").read_text()))

    def family(self) -> list[psutil.Process]:
        """The emulator's own processes: those of the functions are among them."""
        return self._processes.family(emulator.NAME)

    def deploy(self, *arguments: str) -> str:
        """Run `sls deploy` against the emulator; its output, or ConfigError with it."""
        told = self.sls("deploy", *arguments)
        endpoint = self.environment()["AWS_ENDPOINT_URL"]
        apis = emulator.client(endpoint, REGION, "apigatewayv2")
        cors.mend(apis, self._outputs(endpoint)["HttpApiId"], self.service / _TEMPLATE)
        return told

    def sls(self, *arguments: str) -> str:
        """Run one sls command for this stage; its output, or ConfigError with it."""
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
        """Stop what runs and remove what it left; whether anything ran."""
        ran = self._processes.stop()
        shutil.rmtree(self.state, ignore_errors=True)
        return ran

    def environment(self) -> dict[str, str]:
        """The variables that lead the AWS tools to the emulator."""
        lines = (self.state / "env").read_text().splitlines()
        return dict(line.removeprefix("export ").split("=", 1) for line in lines)

    def _write_environment(self, port: int, cdn_port: int) -> None:
        variables = emulator.ROOT_KEY | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            # The API names variants by this address.
            "CDN_URL": f"http://127.0.0.1:{cdn_port}",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # Nothing of the user's own AWS configuration is read.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            # The SDK of sls warns about Node 20 at every start.
            "NODE_NO_WARNINGS": "1",
            # Milliseconds between looks at a deployment; 5,000 for AWS's sake, which is not asked.
            "SLS_AWS_MONITORING_FREQUENCY": "250",
        }
        self._export(variables)

    def _export(self, variables: dict[str, str]) -> None:
        file = self.state / "env"
        file.touch(mode=_OWN)
        with file.open("a") as lines:  # the last one counts
            lines.writelines(f"export {name}={value}\n" for name, value in variables.items())

    def _describe(self) -> DeployedStack:
        environment = self.environment()
        endpoint = environment["AWS_ENDPOINT_URL"]
        outputs = self._outputs(endpoint)
        if API not in environment:
            self._export({API: outputs["ApiUrl"]})
        _let_acls_count(endpoint, outputs["ImagesBucketName"], count="CdnUrl" not in outputs)
        # Anew, because another deploy may have given it another function to fall over to.
        self._processes.stop(_CDN)
        if "CdnUrl" in outputs:
            self._start_cdn(_port(environment["CDN_URL"]), _port(endpoint), outputs)
        stack = DeployedStack(
            endpoint=endpoint,
            region=REGION,
            api=outputs["ApiUrl"],
            cdn=outputs["ImagesUrl"],
            originals_bucket=outputs["OriginalsBucketName"],
            images_bucket=outputs["ImagesBucketName"],
            sizes=json.loads(outputs["Sizes"]),
            token=self._token(endpoint, outputs, environment.get(TOKEN, "")),
        )
        file = self.state / "stack.json"
        file.touch(mode=_OWN)
        file.write_text(json.dumps(asdict(stack), indent=2) + "\n")
        return stack

    def _token(self, endpoint: str, outputs: dict[str, str], present: str) -> str:
        """A token for whoever uses this machine; none where the API takes none."""
        if "TokensSecretArn" not in outputs:
            return ""
        secrets = emulator.client(endpoint, REGION, "secretsmanager")
        tokens = TokenStore(secrets, outputs["TokensSecretArn"])
        if find_valid(present, tokens.list_all(), datetime.now(UTC)):
            return present
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


def _let_acls_count(endpoint: str, bucket: str, *, count: bool) -> None:
    """Set the Object Ownership that the template asks for: the emulator's deploy does not."""
    ownership = "BucketOwnerPreferred" if count else "BucketOwnerEnforced"
    emulator.client(endpoint, REGION, "s3").put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}
    )


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
