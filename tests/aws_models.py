"""What botocore makes of its models of the services, made once a test run.

It makes them anew for each session and client, which took more time than the tests themselves.
"""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import botocore.loaders
import pytest
from botocore import regions
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser


@pytest.fixture(scope="session")
def models() -> Iterator[None]:
    """One loader for all sessions; one model, class and set of rules for a service's clients."""
    loader = botocore.loaders.create_loader()
    with (
        mock.patch("botocore.session.create_loader", lambda _: loader),
        _once(ClientCreator, "_load_service_model", key=lambda service, *_: service),
        _once(ClientCreator, "_create_client_class", key=lambda service, *_: service),
        _once(EventAliaser, "_alias_event_name", key=lambda name: name),
        mock.patch.object(regions, "EndpointProvider", _provider_once()),
    ):
        yield


def _once(owner: type, name: str, key: Any) -> Any:
    """Have a method answer what it answered first, whatever the instance, by this key."""
    method = getattr(owner, name)
    kept: dict[str, Any] = {}

    def answer(self: Any, *arguments: Any) -> Any:
        asked = key(*arguments)
        if asked not in kept:
            kept[asked] = method(self, *arguments)
        return kept[asked]

    return mock.patch.object(owner, name, answer)


def _provider_once() -> Any:
    """A provider of endpoints for each set of rules, all of which the loader keeps."""
    kept: dict[int, Any] = {}

    def provide(ruleset_data: Any, **arguments: Any) -> Any:
        if id(ruleset_data) not in kept:
            kept[id(ruleset_data)] = EndpointProvider(ruleset_data=ruleset_data, **arguments)
        return kept[id(ruleset_data)]

    return provide
