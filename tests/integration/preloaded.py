"""What the server of `tests/forked.py` does before it forks; nothing else imports this module."""

import gc
from unittest import mock

import typer
from botocore.loaders import create_loader

from cli.__main__ import app
from tests.integration import signalled, uploading

__all__ = ["signalled", "uploading"]

# Import each command.
dict(typer.main.get_group(app).commands)
# Sessions of all forks share what is parsed here.
loader = create_loader()
mock.patch("botocore.session.create_loader", lambda _: loader).start()
signalled.fill_account()
signalled.session().client("cloudformation")
# A collection would copy all of it into each fork.
gc.freeze()
