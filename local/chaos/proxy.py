"""microburst as S3's stand-in needs it: an answer keeps its Content-Length.

Version 0.10 drops it from every answer, which S3 never does: no body's end could be told from a
connection that broke off.
"""

import sys

from microburst import cli, forward

forward.HOP_BY_HOP = forward.HOP_BY_HOP - {"content-length"}

if __name__ == "__main__":
    sys.exit(cli.main())
