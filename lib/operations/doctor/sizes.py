"""Compares sizes.yml with the deployed sizes."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from lib.aws.stacks import Stack
from lib.errors import ConfigError
from lib.operations.doctor.findings import Finding, ok, warning
from lib.operations.stage_commands import StageCommands
from lib.plurals import pluralize
from lib.sizes import Size
from lib.sizes.size import NOT_IN_RECIPE, PATHS, PUT_OPTIONS, list_changes


def read_deployed(stack: Stack) -> dict[str, Size]:
    """Returns the deployed sizes by name; ConfigError if another version deployed them."""
    try:
        return {
            name: Size.model_validate_json(size.environment["SIZE"])
            for name, size in stack.sizes.items()
        }
    except ValidationError as error:
        raise ConfigError(
            f"{stack.name} was deployed by another version of this program: deploy it again. "
            f"{error}"
        ) from error


def check_sizes(
    written: list[Size], deployed: Mapping[str, Size], commands: StageCommands
) -> Iterator[Finding]:
    """Checks that sizes.yml and the deployed sizes are equal."""
    file = {size.name: size for size in written}
    for name, size in file.items():
        if name not in deployed:
            yield warning(
                f"{name} is in sizes.yml and not deployed",
                "no photo is rendered at it",
                f"{commands.deploy_again}; then {commands.fanout('backfill', '--size', name)}",
            )
        elif deployed[name] != size:
            changed = ", ".join(list_changes(size, deployed[name]))
            yield warning(
                f"{name} is deployed with another {changed} than sizes.yml has",
                "photos are rendered as before",
                _cure_change(size, deployed[name], commands),
            )
    for name in deployed:
        if name not in file:
            yield warning(
                f"{name} is deployed and not in sizes.yml",
                "it costs money, and the next deploy removes it",
                f"{commands.deploy_again}; then {commands.fanout('audit')} lists its variants",
            )
    if deployed == file:
        yield ok(f"{pluralize(len(file), 'size')}, deployed as in sizes.yml")


def _cure_change(size: Size, deployed: Size, commands: StageCommands) -> str:
    """Returns the deploy, and the command that renders the variants it makes stale or missing."""
    changes = {*list_changes(size, deployed)}
    then = ""
    if changes & PATHS:
        # Only the audit finds orphans; what else is stale, it finds by reading metadata.
        then = commands.fanout(
            "audit", *(["--deep"] if changes - PATHS - {"memory"} else []), "--repair"
        )
    elif changes - NOT_IN_RECIPE:
        then = commands.fanout("backfill", "--size", size.name, "--stale")
    elif changes & PUT_OPTIONS:
        then = commands.fanout("audit", "--deep", "--repair")
    elif {*size.formats} - {*deployed.formats}:
        then = commands.fanout("backfill", "--size", size.name)
    return (
        f"{commands.deploy_again}; then, once its queue is empty: {then}"
        if then
        else commands.deploy_again
    )
