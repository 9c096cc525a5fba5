"""The stage that a command operates on: its stack, and clients for its account and region."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import boto3
import typer

from lib.aws.stacks import Stack, find_stack, get_upload_settings
from lib.errors import ConfigError
from lib.operations.stage_commands import LOCAL, StageCommands
from lib.uploads.client import Authorize, make_bearer_auth, make_sigv4_auth

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials

SERVICE = "image-fanout"
# The environment variable with a bearer token of the upload API.
TOKEN = "FANOUT_TOKEN"  # noqa: S105  its name, not a token
_LOCAL_FOLDER = Path(__file__).resolve().parent.parent / ".local"

StageOption = Annotated[str, typer.Option("--stage", help="The stage, such as dev, prod or local")]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", help="The stage's region; by default that of the AWS configuration"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one document per line")]


class Stage:
    """One stage; reads from AWS only on first use."""

    def __init__(self, name: str, region: str | None = None) -> None:
        self.name = name
        self.commands = StageCommands(name, region)
        local = self._local = _local_environment() if name == LOCAL else {}
        self._endpoint = local.get("AWS_ENDPOINT_URL")
        self._session = boto3.Session(
            aws_access_key_id=local.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=local.get("AWS_SECRET_ACCESS_KEY"),
            region_name=local.get("AWS_REGION", region),
        )
        if self._session.region_name is None:
            raise ConfigError("No region: give one, such as --region eu-west-1")

    @property
    def prefix(self) -> str:
        """Prefix of the names of the stack's resources."""
        return f"{SERVICE}-{self.name}"

    @property
    def region(self) -> str:
        """The stage's region."""
        return str(self._session.region_name)

    def client(self, service: Any, config: "Config | None" = None) -> Any:
        """Returns a boto3 client for this stage's account and region, or for the emulator."""
        return self._session.client(service, endpoint_url=self._endpoint, config=config)

    @cached_property
    def stack(self) -> Stack:
        """The deployed stack, read once from CloudFormation and Lambda."""
        return find_stack(self.client("cloudformation"), self.client("lambda"), self.prefix)

    def chosen_sizes(self, names: list[str] | None) -> list[str]:
        """Returns these sizes, or all; raises BadParameter if one is not deployed."""
        for name in names or ():
            if name not in self.stack.sizes:
                raise typer.BadParameter(
                    f"stage {self.name} has no size {name!r}; its sizes: "
                    f"{', '.join(self.stack.sizes)}",
                    param_hint="--size",
                )
        return names or list(self.stack.sizes)

    @cached_property
    def images_url(self) -> str:
        """Base URL of the stage's variants, without a final slash."""
        return self.upload_settings["IMAGES_URL"].rstrip("/")

    @cached_property
    def upload_settings(self) -> dict[str, str]:
        """Environment of the uploads function, read once."""
        return get_upload_settings(self.client("lambda"), self.prefix)

    @property
    def api_url(self) -> str:
        """URL of the upload API."""
        return self.stack.outputs["ApiUrl"]

    @property
    def authorize(self) -> Authorize | None:
        """Authorization for the upload API; None if the stage needs none."""
        auth = self.stack.outputs["Auth"]
        if auth == "none":
            return None
        return (
            make_sigv4_auth(self._credentials, self.region)
            if auth == "iam"
            else make_bearer_auth(self._token)
        )

    @property
    def has_token(self) -> bool:
        """Whether the environment has a bearer token for the API."""
        return TOKEN in self._local or TOKEN in os.environ

    @property
    def _credentials(self) -> "ReadOnlyCredentials":
        credentials = self._session.get_credentials()
        if credentials is None:
            raise ConfigError("No credentials: log in to AWS, or name a profile in AWS_PROFILE")
        return credentials.get_frozen_credentials()

    @property
    def _token(self) -> str:
        if not self.has_token:
            needed = f"The upload API of stage {self.name} needs a bearer token: set {TOKEN}"
            if self.stack.outputs["Auth"] == "jwt":
                raise ConfigError(f"{needed} to a JWT of the stage's jwt_issuer")
            raise ConfigError(
                f"{needed}. To create one: {self.commands.fanout('token create', '--name …')}"
            )
        return self._local.get(TOKEN) or os.environ[TOKEN]


def _local_folder() -> Path:
    """Returns the state folder of the local stack; tests set their own."""
    return Path(os.environ.get("FANOUT_LOCAL", _LOCAL_FOLDER))


def _local_environment() -> dict[str, str]:
    try:
        lines = (_local_folder() / "env").read_text().splitlines()
    except FileNotFoundError as error:
        raise ConfigError("The local stack is not running: run make local") from error
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)
