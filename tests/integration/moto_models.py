"""What moto makes anew for each request or subscription, made once a test run."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.core import responses
from moto.core.base_backend import BaseBackend
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.sns.models import Subscription


@pytest.fixture(scope="session")
def moto_models() -> Iterator[None]:
    """The URLs and the names of moto's services, and the key that its topics sign with."""
    key = cache(lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    methods = cache(method_names_from_class)
    with (
        mock.patch.object(BaseBackend, "urls", property(_urls_once())),
        mock.patch.object(responses, "method_names_from_class", methods),
        mock.patch("moto.sqs.models.camelcase_to_underscores", cache(camelcase_to_underscores)),
        mock.patch.object(Subscription, "private_key", lambda _: key()),
    ):
        yield


def _urls_once() -> Any:
    made: Any = BaseBackend.urls
    kept: dict[type, Any] = {}

    def urls(backend: BaseBackend) -> Any:
        if type(backend) not in kept:
            kept[type(backend)] = made.fget(backend)
        return kept[type(backend)]

    return urls
