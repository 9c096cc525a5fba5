"""The stage that a command operates on: its stack, and clients for its account and region."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from lib.aws.error_mapping import map_errors
from lib.aws.sessions import open_isolated_session, open_session
from lib.aws.stacks import Stack, find_stack, get_template, get_upload_settings
from lib.errors import ConfigError, TransientError
from lib.operations.stage_commands import LOCAL, STATE, TOKEN, StageCommands
from lib.uploads.client import Authorize, make_bearer_auth, make_sigv4_auth

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials

SERVICE = "image-fanout"
_LOCAL_FOLDER = Path(__file__).resolve().parent.parent / ".local"
# The environment variable that directs AWS tools to the local stack, once a shell read .local/env.
_ENDPOINT = "AWS_ENDPOINT_URL"
# Errors of botocore and of AWS about credentials that are missing, expired or wrong.
_CREDENTIAL_ERRORS = {
    *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
    *("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"),
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"),
    *("UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
}
_UNREACHABLE_ERRORS = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}

StageOption = Annotated[str, typer.Option("--stage", help="The stage, such as dev, prod or local")]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", help="The stage's region; by default that of the AWS configuration"),
]
PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="The photo's path, such as 2026/photo.jpg")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one document per line")]


class Stage:
    """One stage; reads from AWS only on first use."""

    def __init__(self, name: str, region: str | None = None) -> None:
        self.name = name
        self.commands = StageCommands(name, region)
        local = self._local = _local_environment() if name == LOCAL else {}
        self._endpoint = local.get(_ENDPOINT)
        _note_other_endpoint(self._endpoint)
        if not self._endpoint:
            self._session = open_session(region)
            return
        _require_answer(self._endpoint)
        self._session = open_isolated_session(
            local["AWS_ACCESS_KEY_ID"], local["AWS_SECRET_ACCESS_KEY"], local["AWS_REGION"]
        )

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
        with self._describe_failures():
            return find_stack(self.client("cloudformation"), self.client("lambda"), self.prefix)

    @cached_property
    def template(self) -> dict[str, Any]:
        """The template that the stack was deployed with, read once from CloudFormation."""
        with self._describe_failures():
            return get_template(self.client("cloudformation"), self.prefix)

    def chosen_sizes(self, names: list[str] | None, option: str = "--size") -> list[str]:
        """Returns these sizes, or all; raises BadParameter if one is not deployed."""
        for name in names or ():
            if name not in self.stack.sizes:
                raise typer.BadParameter(
                    f"stage {self.name} has no size {name!r}; its sizes: "
                    f"{', '.join(self.stack.sizes)}",
                    param_hint=option,
                )
        return names or list(self.stack.sizes)

    @cached_property
    def images_url(self) -> str:
        """Base URL of the stage's variants, without a final slash."""
        return self.upload_settings["IMAGES_URL"].rstrip("/")

    @cached_property
    def upload_settings(self) -> dict[str, str]:
        """Environment of the uploads function, read once."""
        with self._describe_failures():
            return get_upload_settings(self.client("lambda"), self.prefix)

    @contextmanager
    def _describe_failures(self) -> Iterator[None]:
        """Raises ConfigError, with the cure, if credentials or the region prevent an answer."""
        try:
            yield
        except TransientError as error:
            if error.reason in _CREDENTIAL_ERRORS:
                raise ConfigError(
                    "AWS accepts no credentials of this shell: log in to AWS (aws sso login), or "
                    f"name a profile in AWS_PROFILE. The cause: {error.__cause__}"
                ) from error
            if error.reason in _UNREACHABLE_ERRORS:
                raise ConfigError(
                    f"AWS does not answer in region {self.region}: is there such a region, and is "
                    f"this machine online? The cause: {error.__cause__}"
                ) from error
            raise

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
            make_sigv4_auth(self._read_credentials, self.region)
            if auth == "iam"
            else make_bearer_auth(self._token)
        )

    @property
    def has_token(self) -> bool:
        """Whether the environment has a bearer token for the API."""
        return TOKEN in self._local or TOKEN in os.environ

    def _read_credentials(self) -> "ReadOnlyCredentials":
        """Returns the credentials; botocore renews temporary ones that expire."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise ConfigError("No credentials: log in to AWS, or name a profile in AWS_PROFILE")
        with self._describe_failures(), map_errors("renew the credentials of this shell"):
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


def _local_environment() -> dict[str, str]:
    folder = Path(os.environ.get(STATE, _LOCAL_FOLDER))
    try:
        lines = (folder / "env").read_text().splitlines()
    except FileNotFoundError as error:
        if STATE in os.environ and (_LOCAL_FOLDER / "env").exists():
            raise ConfigError(
                f"The local stack of this shell, {folder}, is not running: run . .local/env in "
                "this project's folder for the one that is"
            ) from error
        raise ConfigError("The local stack is not running: run make local") from error
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def _require_answer(endpoint: str) -> None:
    """Raises ConfigError if nothing listens at the local stack's address; retries take seconds."""
    address = urlsplit(endpoint)
    try:
        socket.create_connection((address.hostname, address.port)).close()
    except OSError as error:
        raise ConfigError(
            f"The local stack is not running any more ({endpoint} does not answer): run make local"
        ) from error


def _note_other_endpoint(endpoint: str | None) -> None:
    """Prints a note if this shell's variables, from .local/env, are not those of the stage."""
    of_shell = os.environ.get(_ENDPOINT)
    if STATE not in os.environ or of_shell in (None, endpoint):
        return
    if endpoint:
        typer.echo(
            f"Note: this shell's variables are of an earlier local stack ({of_shell}; now it is "
            f"{endpoint}): run . .local/env",
            err=True,
        )
    else:
        typer.echo(
            f"Note: this shell's variables direct AWS tools to the local stack ({of_shell}): for "
            "another stage use a shell that did not read .local/env",
            err=True,
        )
