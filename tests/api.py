"""What the tests of the deployed API share."""

import re
from typing import Final

from local.stack import DeployedStack

# To answer; a cold start takes a few.
SECONDS: Final = 30
# The discard port, where nobody listens: what is ordered to be fetched leads nowhere else.
NOWHERE: Final = "http://127.0.0.1:9/photo.jpg"


def bearer(stack: DeployedStack) -> dict[str, str]:
    """Headers of somebody who may call."""
    return {"Authorization": f"Bearer {stack.token}"}


def assert_reveals_nothing(status: int, text: str) -> None:
    """No trace of the program in a refusal."""
    inside = r'Traceback|File \\?"|\.py\b|/var/task|site-packages|/lib/python|botocore|boto3'
    assert status < 400 or not re.search(inside, text), text
