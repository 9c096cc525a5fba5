"""This machine's Python and processor in Lambda's words, for the stage that runs on it."""

import json
import platform
import sys

_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "amd64": "x86_64", "x86_64": "x86_64"}


def main() -> None:
    """Print runtime and architecture as JSON."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    architecture = _ARCHITECTURES[platform.machine().lower()]
    print(json.dumps({"runtime": version, "architecture": architecture}))


if __name__ == "__main__":
    main()
