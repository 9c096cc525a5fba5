"""The stage that a command is about: where its stack is, and clients to talk to it."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import boto3
import typer

from lib.aws.stacks import Stack, find_stack, get_upload_settings
from lib.errors import ConfigError
from lib.uploads.client import Authorize, make_bearer_auth, make_sigv4_auth

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials

SERVICE = "image-fanout"
LOCAL = "local"
# The environment variable with a bearer token of the upload API.
TOKEN = "FANOUT_TOKEN"  # noqa: S105  its name, not a token
_LOCAL_FOLDER = Path(__file__).resolve().parent.parent / ".local"

StageOption = Annotated[str, typer.Option("--stage", help="The stage: dev, prod, local …")]
RegionOption = Annotated[
    str | None, typer.Option("--region", help="Its region, if AWS_REGION does not name it")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data, a JSON document a line")]


class Stage:
    """One stage; nothing is asked of AWS before something is needed."""

    def __init__(self, name: str, region: str | None = None) -> None:
        self.name = name
        local = self._local = _local_environment() if name == LOCAL else {}
        self._endpoint = local.get("AWS_ENDPOINT_URL")
        self._session = boto3.Session(
            aws_access_key_id=local.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=local.get("AWS_SECRET_ACCESS_KEY"),
            region_name=local.get("AWS_REGION", region),
        )
        if self._session.region_name is None:
            raise ConfigError("No region: say --region, such as --region eu-west-1")

    @property
    def prefix(self) -> str:
        """What the names of everything in the stack begin with."""
        return f"{SERVICE}-{self.name}"

    @property
    def region(self) -> str:
        """The region it is in."""
        return str(self._session.region_name)

    def client(self, service: Any, config: "Config | None" = None) -> Any:
        """A boto3 client of this stage's account and region (or of the emulator)."""
        return self._session.client(service, endpoint_url=self._endpoint, config=config)

    @cached_property
    def stack(self) -> Stack:
        """What CloudFormation and Lambda tell of the deployed stack; asked once."""
        return find_stack(self.client("cloudformation"), self.client("lambda"), self.prefix)

    def chosen_sizes(self, names: list[str] | None) -> list[str]:
        """These sizes, or all; wrong use where one is not deployed."""
        for name in names or ():
            if name not in self.stack.sizes:
                raise typer.BadParameter(
                    f"{name!r} is no size of stage {self.name}: it has "
                    f"{', '.join(self.stack.sizes)}",
                    param_hint="--size",
                )
        return names or list(self.stack.sizes)

    @cached_property
    def images_url(self) -> str:
        """Where its pictures are, without a slash at the end: a domain of its own, if it has one.

        The upload API knows it, since it tells everybody who uploads.
        """
        return self.upload_settings["IMAGES_URL"].rstrip("/")

    @cached_property
    def upload_settings(self) -> dict[str, str]:
        """How uploads are deployed; asked once."""
        return get_upload_settings(self.client("lambda"), self.prefix)

    @property
    def api_url(self) -> str:
        """Where its upload API is."""
        return self.stack.outputs["ApiUrl"]

    @property
    def authorize(self) -> Authorize | None:
        """What the API asks of its callers, as the stage is deployed."""
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
        """Whether there is a bearer token to call the API with."""
        return TOKEN in self._local or TOKEN in os.environ

    @property
    def _credentials(self) -> "ReadOnlyCredentials":
        found = self._session.get_credentials()
        if found is None:
            raise ConfigError("No credentials: log in to AWS, or name a profile in AWS_PROFILE")
        return found.get_frozen_credentials()

    @property
    def _token(self) -> str:
        if not self.has_token:
            raise ConfigError(
                f"The upload API of stage {self.name} takes bearer tokens: put one into {TOKEN} "
                f"(./fanout token create --stage {self.name} --name … makes one)"
            )
        return self._local.get(TOKEN) or os.environ[TOKEN]


def _local_folder() -> Path:
    """Where the local stack keeps its addresses: tests have stacks of their own."""
    return Path(os.environ.get("FANOUT_LOCAL", _LOCAL_FOLDER))


def _local_environment() -> dict[str, str]:
    try:
        lines = (_local_folder() / "env").read_text().splitlines()
    except FileNotFoundError as error:
        raise ConfigError("The local stack is not running: make local") from error
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)
