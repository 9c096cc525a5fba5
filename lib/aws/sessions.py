"""boto3 sessions: with the user's AWS configuration, or without any."""

import os

import boto3
import botocore.session
from botocore.exceptions import ConfigParseError, ProfileNotFound, UnknownRegionError

from lib.errors import ConfigError


def open_session(region: str | None) -> boto3.Session:
    """Returns a session with the user's AWS configuration, in `region` or the configured one.

    Raises ConfigError if the configuration cannot be read, or names no profile or region of AWS.
    """
    try:
        # The AWS command line reads AWS_REGION too; boto3 does not.
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        _require_region(session, "--region" if region else "The AWS configuration's region")
    except ProfileNotFound as error:
        raise ConfigError(
            f"The AWS configuration has no profile {error.kwargs['profile']!r}: set AWS_PROFILE to "
            "one that aws configure list-profiles lists, or unset it"
        ) from error
    except ConfigParseError as error:
        raise ConfigError(
            f"The AWS configuration cannot be read: correct the syntax of {error.kwargs['path']}"
        ) from error
    return session


def _require_region(session: boto3.Session, source: str) -> None:
    region = session.region_name
    if not region:
        raise ConfigError("No region: give one, such as --region eu-west-1")
    try:
        session.get_partition_for_region(region)
    except UnknownRegionError as error:
        raise ConfigError(
            f"{source}: AWS has no region {region!r}; eu-west-1, for example, is one"
        ) from error


def open_isolated_session(access_key_id: str, secret_access_key: str, region: str) -> boto3.Session:
    """Returns a session that reads neither configuration files nor a profile: for an emulator."""
    # Each variable's name in the configuration, in the environment, its default and its converter.
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    core = botocore.session.Session({"profile": (None, None, None, None), **files})
    return boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        botocore_session=core,
    )
