"""Checks compiled templates against the rules: python -m infra.rules STAGE TEMPLATE…"""

import json
import sys
from pathlib import Path

from infra.rules import violations
from lib.errors import ConfigError

_USE = "Use: python -m infra.rules STAGE .serverless/cloudformation-template-update-stack.json …"


def main() -> int:
    """Prints each violation; the exit code is 1 if there is one, 2 for wrong use."""
    if len(sys.argv) < 3:  # noqa: PLR2004  itself, the stage, a template
        print(_USE, file=sys.stderr)
        return 2
    stage, *files = sys.argv[1:]
    found = []
    try:
        for file in files:
            template = json.loads(Path(file).read_text())
            found += [(file, *violation) for violation in violations(template, stage)]
    except (ConfigError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for file, rule, resource, message in found:
        print(f"{file}: {resource}: {message} ({rule})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
