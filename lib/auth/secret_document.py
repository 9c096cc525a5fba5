"""What a secret holds, as JSON; a mistake in it is told without a word of the secret."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lib.errors import ConfigError

M = TypeVar("M", bound=BaseModel)


def parse_secret(model: type[M], text: str, *, wrong: str, cure: str) -> M:
    """The document; ConfigError made of `wrong`, what is wrong where, and `cure`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        mistakes = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}".lstrip(": ")
            for mistake in error.errors()
        )
    # Not from the error, whose text quotes the secret.
    raise ConfigError(f"{wrong}: {mistakes}: {cure}")
