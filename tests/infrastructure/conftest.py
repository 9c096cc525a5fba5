"""The compiled template of each stage, packaged once for all tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.hooks import viewer_keys
from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_signatures import make_key_pair
from tests.infrastructure.template import Template
from tests.service import Service

Package = Callable[..., Template]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(tmp_path_factory.mktemp("service"), with_packages=False)


@pytest.fixture(scope="session")
def package(service: Service) -> Package:
    """The template of a stage with some --param=…, made once for all tests."""
    return cache(lambda stage, *options: Template(service.template(stage, *options)))


@pytest.fixture(scope="session")
def dev(package: Package) -> Template:
    return package("dev")


@pytest.fixture(scope="session")
def optioned(package: Package) -> Template:
    return package("prod", *OPTIONS)


@pytest.fixture(scope="session", params=["dev", "prod", "local"])
def each_stage(request: pytest.FixtureRequest, package: Package) -> Template:
    return package(request.param)


ORIGINALS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KMS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
UPLOAD_SITES = ["https://shop.example", "https://news.example"]
# Options that leave each other alone: one template shows them all.
OPTIONS = (
    f"--param=kms_key={KMS_KEY}",
    "--param=alarm_email=ops@example.com",
    "--param=access_logs=true",
    "--param=xray=true",
    "--param=max_concurrency=7",
    f"--param=upload_origins={','.join(UPLOAD_SITES)}",
    f"--param=permissions_boundary={BOUNDARY}",
)
# Those take something away.
LESS = ("--param=auth=iam", "--param=purge=false")
# What a stage can be besides its defaults: each way of delivery, and all that the CDN may have.
WAYS = {
    "public-read": ["dev", "--param=delivery=public-read"],
    "website": ["dev", "--param=delivery=website"],
    "public-read-local": [
        "local",
        "--param=delivery=public-read",
        "--param=auth=jwt",
        "--param=jwt_issuer=https://id.example/",
        "--param=jwt_audience=shop,news",
    ],
    "everything": [
        "prod",
        "--param=region=us-east-1",
        "--param=domain=images.shop.example",
        "--param=certificate=arn:aws:acm:us-east-1:123456789012:certificate/8d1d-1",
        "--param=serve_formats=true",
        "--param=serve_queries=true",
        "--param=immutable=true",
        "--param=image_origins=https://shop.example,https://www.shop.example",
        "--param=web_acl=create",
        "--param=on_demand=declared,signed",
        "--param=render=true",
        "--param=moderation=true",
        "--param=access_logs=true",
        "--param=originals_storage=GLACIER_IR",
        "--param=old_versions_days=90",
    ],
    # As a deploy sends it, with public keys.
    "private": [
        "dev",
        "--param=viewers=signed",
        "--param=on_demand=declared,signed",
        "--param=image_origins=https://shop.example",
    ],
    "existing-bucket": [
        "dev",
        "--param=originals_bucket=shop-photos",
        "--param=originals_prefix=/",
        f"--param=originals_kms_key={ORIGINALS_KEY}",
        "--param=access_logs=true",
    ],
    "formats-local": ["local", "--param=serve_formats=true"],
}


@pytest.fixture(scope="session")
def service_with_formats(tmp_path_factory: pytest.TempPathFactory) -> Service:
    service = Service(tmp_path_factory.mktemp("formats"), with_packages=False)
    add_hero(service)
    return service


def add_hero(service: Service) -> None:
    """Add a size with formats, of some photos alone."""
    with (service.folder / "sizes.yml").open("a") as sizes:
        sizes.write(
            "  - {name: hero, width: 100, height: 50, formats: [avif, webp], except: [drafts/]}\n"
        )


@pytest.fixture(scope="session")
def package_way(service_with_formats: Service) -> Package:
    """The template of one of WAYS, made once for all tests."""

    def build(way: str) -> Template:
        document = service_with_formats.template(*WAYS[way])
        if viewer_keys.is_private(document):
            viewer_keys.fill(document, [make_key_pair(), make_key_pair(utc_now())])
        return Template(document)

    return cache(build)


@pytest.fixture(scope="session", params=WAYS)
def each_way(request: pytest.FixtureRequest, package_way: Package) -> Template:
    return package_way(request.param)


@pytest.fixture(scope="session")
def largest(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template with as many sizes as a stack carries, and everything on."""
    service = Service(tmp_path_factory.mktemp("largest"), with_packages=False)
    sizes = "".join(f"  - {width}x1000\n" for width in range(1001, 1030))
    (service.folder / "sizes.yml").write_text(f"sizes:\n{sizes}")
    return Template(service.template(*WAYS["everything"]))


@pytest.fixture
def fresh_service(tmp_path: Path) -> Service:
    return Service(tmp_path, with_packages=False)
