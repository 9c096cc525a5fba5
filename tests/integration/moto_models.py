"""What moto makes anew for each request or subscription, made once a test run."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.endpoint import EndpointCreator
from botocore.exceptions import NoCredentialsError
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import backend_index, backends
from moto.core import responses, utils
from moto.core.base_backend import BaseBackend
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.sns.models import Subscription


@pytest.fixture(scope="session")
def moto_models() -> Iterator[None]:
    """The URLs and the names of moto's services, and the key that its topics sign with.

    No client looks for a proxy.
    """
    key = cache(lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    methods = cache(method_names_from_class)
    with (
        mock.patch.object(BaseBackend, "urls", property(_urls_once())),
        mock.patch.object(responses, "method_names_from_class", methods),
        mock.patch("moto.sqs.models.camelcase_to_underscores", cache(camelcase_to_underscores)),
        mock.patch.object(backends, "get_backend", cache(backends.get_backend)),
        mock.patch.object(backend_index, "backend_url_patterns", _ours_first()),
        mock.patch.object(utils, "utcfromtimestamp", cache(utils.utcfromtimestamp)),
        mock.patch.object(EndpointCreator, "_get_proxies", lambda *_: {}),
        mock.patch.object(Subscription, "private_key", lambda _: key()),
    ):
        yield


def _ours_first() -> list[Any]:
    """The URLs of all services, to be looked through from those of the pipeline on."""
    ours = ("s3", "sqs", "secretsmanager", "sns", "lambda", "cloudformation")
    return sorted(backend_index.backend_url_patterns, key=lambda each: each[0] not in ours)


def _urls_once() -> Any:
    made: Any = BaseBackend.urls
    kept: dict[type, Any] = {}

    def urls(backend: BaseBackend) -> Any:
        if type(backend) not in kept:
            kept[type(backend)] = made.fget(backend)
        return kept[type(backend)]

    return urls


class UncheckedAuth(S3SigV4Auth):
    """Says who calls, for which service and region; moto checks no signature."""

    def add_auth(self, request: AWSRequest) -> None:
        if self.credentials is None:
            raise NoCredentialsError
        request.headers["X-Amz-Content-SHA256"] = self.payload(request)
        region, service = vars(self)["_region_name"], vars(self)["_service_name"]
        scope = f"{self.credentials.access_key}/0/{region}/{service}"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request, ..."
