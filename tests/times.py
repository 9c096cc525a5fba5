"""The form of times in JSON, which the API documents."""

import re


def is_timestamp(text: str) -> bool:
    """Whether a text is like 2026-11-21T04:13:41Z."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) is not None
