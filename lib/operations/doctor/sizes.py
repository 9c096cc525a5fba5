"""Compares sizes.yml with the deployed sizes."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from lib.aws.stacks import Stack
from lib.errors import ConfigError
from lib.operations.doctor.findings import Finding, ok, warning
from lib.sizes import Size

_DEPLOY = "npx sls deploy --stage …, then ./fanout audit shows what is missing"


def read_deployed(stack: Stack) -> dict[str, Size]:
    """Returns the deployed sizes by name; ConfigError if another version deployed them."""
    try:
        return {
            name: Size.model_validate_json(size.environment["SIZE"])
            for name, size in stack.sizes.items()
        }
    except ValidationError as error:
        raise ConfigError(
            f"{stack.name} was deployed by another version of this program: {_DEPLOY}. {error}"
        ) from error


def check_sizes(written: list[Size], deployed: Mapping[str, Size]) -> Iterator[Finding]:
    """Checks that sizes.yml and the deployed sizes are equal."""
    file = {size.name: size for size in written}
    for name, size in file.items():
        if name not in deployed:
            why = "no photo has it"
            yield warning(f"{name} is in sizes.yml and not deployed", why, _DEPLOY)
        elif deployed[name] != size:
            changed = ", ".join(
                field
                for field in Size.model_fields
                if getattr(size, field) != getattr(deployed[name], field)
            )
            why = "photos are rendered as before"
            yield warning(
                f"{name} is deployed with another {changed} than sizes.yml has", why, _DEPLOY
            )
    for name in deployed:
        if name not in file:
            why = "it costs, and the next deploy takes it away"
            yield warning(f"{name} is deployed and not in sizes.yml", why, _DEPLOY)
    if deployed == file:
        yield ok(f"{len(file)} sizes, deployed as sizes.yml has them")
