"""Checks the names of sizes in a request."""

from collections.abc import Iterable, Sequence

from lib.errors import ProblemKind, RequestError


def require_declared(names: Iterable[str], declared: Sequence[str]) -> list[str]:
    """Returns the names without repetitions; raises RequestError for one that is not declared."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in declared:
            raise RequestError(
                422,
                ProblemKind.UNKNOWN_SIZE,
                f"sizes: {name!r} is not declared: choose from {', '.join(declared)}",
            )
    return wanted
