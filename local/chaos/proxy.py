"""Runs microburst so that responses keep their Content-Length.

Version 0.10 drops the header from every response, which S3 never does: clients could not detect
a broken connection.
"""

import sys

from microburst import cli, forward

forward.HOP_BY_HOP = forward.HOP_BY_HOP - {"content-length"}

if __name__ == "__main__":
    sys.exit(cli.main())
