"""`fanout upload` in a process of its own, against a site of the tests.

The status of a photo is never known; `waiting` is printed when somebody asks for one.
"""

import os
import sys
from pathlib import Path
from threading import Event
from typing import NoReturn
from unittest import mock

from cli import upload
from cli.__main__ import main
from cli.stage import Stage
from lib.uploads.client import make_bearer_auth
from tests.upload_site import TOKEN


class Silence:
    """A reader of statuses that does not come back."""

    def __init__(self, _: Stage) -> None:
        pass

    def get(self, _: str) -> NoReturn:
        # In one piece, as other threads write too.
        os.write(sys.stdout.fileno(), b"waiting\n")
        Event().wait()
        raise AssertionError


def run(url: str, records: Path, *arguments: str) -> int:
    """Run `fanout upload`, whose records of uploads are in a folder."""
    with (
        mock.patch.object(Stage, "api_url", url),
        mock.patch.object(Stage, "authorize", property(lambda _: make_bearer_auth(TOKEN))),
        mock.patch.object(upload, "_RECORDS", records),
        mock.patch.object(upload, "make_status_reader", Silence),
    ):
        return main(["upload", *arguments, "--stage", "dev", "--region", "eu-west-1"])
