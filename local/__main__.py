"""Entry point of the local stack: `make local`, `make stop` and `make demo`."""

import sys

from lib.interrupts import raised_for_signals


def main() -> int:
    """Runs one command; returns its exit code."""
    try:
        with raised_for_signals():
            # Imported here, so that an interruption of the imports is caught too.
            from local.commands import run  # noqa: PLC0415

            return run(sys.argv[1:])
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
