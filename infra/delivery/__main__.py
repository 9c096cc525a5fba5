"""A web ACL to make by hand, for a stack in another region than CloudFront's own.

Run as `python -m infra.delivery NAME RATE`; it prints what `aws wafv2 create-web-acl` takes.
"""

import argparse
import json

from infra.delivery.web_acl import web_acl


def main() -> None:
    """Print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m infra.delivery", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("rate", type=int, help="requests an address may make in five minutes")
    given = parser.parse_args()
    print(json.dumps(web_acl(given.name, given.rate)))


if __name__ == "__main__":
    main()
