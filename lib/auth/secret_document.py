"""Parsing of a secret's JSON; error messages never quote the secret."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lib.errors import ConfigError

M = TypeVar("M", bound=BaseModel)


def parse_secret(model: type[M], text: str, *, problem: str, remedy: str) -> M:
    """Parses a secret; raises ConfigError from `problem`, the faulty fields and `remedy`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}".lstrip(": ")
            for fault in error.errors()
        )
    # Raised outside of the except block: the ValidationError's text quotes the secret.
    raise ConfigError(f"{problem}: {faults}: {remedy}")
