"""Prints a web ACL as `aws wafv2 create-web-acl` takes it, for stacks outside us-east-1.

Run as `python -m infra.delivery NAME RATE`.
"""

import argparse
import json

from infra.delivery.web_acl import web_acl


def main() -> None:
    """Prints the web ACL as JSON."""
    parser = argparse.ArgumentParser(prog="python -m infra.delivery", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("rate", type=int, help="requests an address may make in five minutes")
    given = parser.parse_args()
    print(json.dumps(web_acl(given.name, given.rate)))


if __name__ == "__main__":
    main()
