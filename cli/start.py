"""Starts the command line for the script `fanout`.

The imports take a second, in which Ctrl-C must end as it does later.
"""

import sys


def main() -> int:
    """Runs the command of the arguments; returns its exit code."""
    try:
        from cli.__main__ import main as run  # noqa: PLC0415  interrupted imports are caught
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
