"""What botocore makes of its models of the services, made once a test run.

It makes them anew for each session and client, which took more time than the tests themselves.
"""

from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any
from unittest import mock

import botocore.loaders
import pytest
from botocore import httpsession, regions, useragent
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import BaseEventHooks, EventAliaser, NodeList, _PrefixTrie  # type: ignore[attr-defined]


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
        _cached(httpsession, "create_urllib3_context"),
        _cached(useragent, "sanitize_user_agent_string_component"),
        # Clients copy the handlers of their session, and look at the signature of each.
        mock.patch.object(_PrefixTrie, "_recursive_copy", _copied_root),
        _with_own_branch("append_item"),
        _with_own_branch("remove_item"),
        mock.patch.object(BaseEventHooks, "_verify_accept_kwargs", lambda *_: None),
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


def _cached(module: ModuleType, name: str) -> Any:
    """Have a function answer what it answered first to the same arguments."""
    return mock.patch.object(module, name, cache(getattr(module, name)))


def _copied_root(_: _PrefixTrie, attributes: dict[str, Any]) -> dict[str, Any]:
    """Share branches, most of which no client adds to, until one of both changes them."""
    root = attributes["_root"]
    attributes["shared"] = set(root["children"])
    return {
        "_root": root | {"children": dict(root["children"])},
        "shared": set(attributes["shared"]),
    }


def _with_own_branch(name: str) -> Any:
    """Have a method of trees of handlers change a branch that is the tree's own."""
    method = getattr(_PrefixTrie, name)

    def change(self: Any, key: str, *arguments: Any, **options: Any) -> None:
        first = key.partition(".")[0]
        if first in vars(self).get("shared", ()):
            self.shared.remove(first)
            branches = self._root["children"]
            branches[first] = _copied(branches[first])
        method(self, key, *arguments, **options)

    return mock.patch.object(_PrefixTrie, name, change)


def _copied(node: dict[str, Any]) -> dict[str, Any]:
    """As botocore copies a tree of handlers, without `copy`, which is slow for small lists."""
    values: NodeList | None = node["values"]
    return {
        "chunk": node["chunk"],
        "children": {name: _copied(child) for name, child in node["children"].items()},
        "values": values and NodeList(values[0][:], values[1][:], values[2][:]),
    }


def _provider_once() -> Any:
    """A provider of endpoints for each set of rules, all of which the loader keeps."""
    kept: dict[int, Any] = {}

    def provide(ruleset_data: Any, **arguments: Any) -> Any:
        if id(ruleset_data) not in kept:
            kept[id(ruleset_data)] = EndpointProvider(ruleset_data=ruleset_data, **arguments)
        return kept[id(ruleset_data)]

    return provide
