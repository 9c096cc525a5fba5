"""Private stages: who may see images is decided at CloudFront, on every way to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.hooks.viewer_keys import fill
from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_signatures import make_key_pair
from lib.errors import ConfigError
from lib.pipeline.put_options import make_private
from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated, generated_template
from tests.infrastructure.template import Template
from tests.node import run_script

KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:image-fanout-dev-viewer-keys"


def private(tmp_path: Path, **options: Any) -> Template:
    return generated_template(tmp_path, ["1x1", HERO], viewers="signed", **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"on_demand": "declared"},
        {"on_demand": "declared,signed"},
        {"on_demand": "signed", "serve_formats": "true", "serve_queries": "true"},
    ],
    ids=["plain", "declared", "both", "formats"],
)
def test_every_behaviour_of_the_cdn_requires_a_signature(
    tmp_path: Path, options: dict[str, str]
) -> None:
    config = private(tmp_path, **options).properties("Distribution")["DistributionConfig"]
    behaviours = [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]
    assert len(behaviours) == 1 + ("signed" in options.get("on_demand", ""))
    assert all(each["TrustedKeyGroups"] == ["ViewerKeyGroup"] for each in behaviours)


def test_the_relay_behind_the_cdn_is_asked_without_one(tmp_path: Path) -> None:
    """CloudFront sends no signatures; the relay answers nobody else."""
    template = private(tmp_path, on_demand="declared")
    config = template.properties("OnDemandRelay")["DistributionConfig"]
    assert "TrustedKeyGroups" not in config["DefaultCacheBehavior"]


def test_other_stages_have_nothing_of_it(tmp_path: Path) -> None:
    made = generated(tmp_path, ["1x1"])
    assert "iewer-keys" not in json.dumps(made)
    assert "ViewerKey" not in json.dumps(made)
    assert "ViewerResponse" not in json.dumps(made)
    assert "Metadata" not in made["resources"]
    assert made["left_out"] == ["cryptography", "cffi", "pycparser"]
    assert generated(tmp_path, ["1x1"], viewers="signed")["left_out"] == []
    both = generated(tmp_path, ["1x1"], viewers="signed", heic="false")
    assert both["left_out"] == ["pillow-heif"]


def test_the_two_functions_that_sign_may_read_the_keys_and_no_other(tmp_path: Path) -> None:
    template = private(tmp_path, on_demand="declared,signed", render="true")
    readers = {
        role
        for role in template.of_type("AWS::IAM::Role")
        if template.role_allows(role, "secretsmanager:GetSecretValue", f"{ARN}-aB3dE6")
    }
    assert readers == {"RoleOfUploads", "RoleOfStatus"}
    for role in readers:
        assert not template.role_allows(role, "secretsmanager:GetSecretValue", f"{ARN}-2-aB3dE6")
        assert not template.role_allows(role, "secretsmanager:PutSecretValue", f"{ARN}-aB3dE6")


def test_the_keys_are_encrypted_with_the_stages_key(tmp_path: Path) -> None:
    template = private(tmp_path, kms_key=KEY)
    assert template.document["Metadata"]["ViewerKeys"]["KmsKeyId"] == KEY
    assert template.role_allows("RoleOfUploads", "kms:Decrypt", KEY)


class TestFilled:
    """The template once a deploy has added the public keys."""

    def test_has_a_public_key_of_its_own_name_for_each_key(self, tmp_path: Path) -> None:
        document = private(tmp_path).document
        new, old = make_key_pair(), make_key_pair(utc_now())
        fill(document, [new, old])
        template = Template(document)
        assert template.of_type("AWS::CloudFront::PublicKey") == {
            f"ViewerKey{key.id}": {
                "PublicKeyConfig": {
                    "Name": f"image-fanout-dev-eu-west-1-{key.id}",
                    "CallerReference": f"image-fanout-dev-eu-west-1-{key.id}",
                    "EncodedKey": key.public,
                }
            }
            for key in (new, old)
        }
        group = template.properties("ViewerKeyGroup")["KeyGroupConfig"]
        assert group["Items"] == [f"ViewerKey{new.id}", f"ViewerKey{old.id}"]
        outputs = template.resolved(document["Outputs"])
        ids = json.loads(outputs["ViewerKeyIds"]["Value"])
        assert ids == {key.id: f"ViewerKey{key.id}" for key in (new, old)}

    def test_holds_no_private_key(self, tmp_path: Path) -> None:
        document = private(tmp_path).document
        fill(document, [make_key_pair(utc_now())])
        assert "PRIVATE" not in json.dumps(document)

    def test_on_an_emulator_tells_the_local_cdn_the_public_keys(self, tmp_path: Path) -> None:
        document = private(tmp_path, emulator="http://127.0.0.1:1").document
        key = make_key_pair(utc_now())
        fill(document, [key])
        template = Template(document)
        assert not template.of_type("AWS::CloudFront::PublicKey")
        assert not template.of_type("AWS::CloudFront::KeyGroup")
        ids = json.loads(document["Outputs"]["ViewerKeyIds"]["Value"])
        public = json.loads(document["Outputs"]["ViewerPublicKeys"]["Value"])
        assert public == {ids[key.id]: key.public}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"delivery": "public-read"}, "viewers: got 'signed' with delivery: public-read"),
        ({"delivery": "website"}, "viewers: got 'signed' with delivery: website"),
        ({"images_url": "https://cdn.example"}, "images_url: got 'https://cdn.example' with"),
        ({"auth": "none"}, "auth: got 'none' with viewers: signed"),
    ],
)
def test_what_would_show_images_to_everyone_is_refused(
    tmp_path: Path, options: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        private(tmp_path, **options)


def test_only_the_two_words_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"viewers: .*must be everyone or signed"):
        generated(tmp_path, ["1x1"], viewers="private")


def answered(template: Template, cache_control: str | None) -> str | None:
    """The Cache-Control that a viewer gets for one of S3's."""
    code = template.properties("ViewerResponse")["FunctionCode"]
    headers = {"cache-control": {"value": cache_control}} if cache_control else {}
    event = {"response": {"statusCode": 200, "headers": headers}}
    answer = run_script(f"{code}\nhandler(given.event);", event=event)
    found: str | None = answer["headers"].get("cache-control", {}).get("value")
    return found


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("public, max-age=60, s-maxage=120", "private, max-age=60"),
        ("public, max-age=60, s-maxage=120, immutable", "private, max-age=60, immutable"),
        ("no-store", "no-store"),
        (None, None),
    ],
)
def test_only_viewers_and_cloudfront_cache_private_images(
    tmp_path: Path, stored: str | None, shown: str | None
) -> None:
    assert answered(private(tmp_path), stored) == shown
    if stored and shown:
        assert make_private(stored) == shown  # as the local CDN and verify have it


@pytest.mark.parametrize(("header", "status"), [("x-fanout-viewer", None), ("accept", 403)])
def test_an_emulator_answers_only_what_the_local_cdn_has_checked(
    tmp_path: Path, header: str, status: int | None
) -> None:
    template = private(tmp_path, emulator="http://127.0.0.1:1")
    (answer,) = Edge(template).answers(["/1x1/a.jpg"], **{header: "yes"}).values()
    assert answer.get("statusCode") == status


def test_what_is_stored_is_as_on_other_stages(tmp_path: Path) -> None:
    """So nothing is stale when a stage becomes private, and CloudFront caches it."""
    header = (
        private(tmp_path).resources["ImagesBucket"]
        and generated(tmp_path, ["1x1"], viewers="signed")["functions"]["resize-1x1"][
            "environment"
        ]["CACHE_CONTROL"]
    )
    assert (
        header
        == generated(tmp_path, ["1x1"])["functions"]["resize-1x1"]["environment"]["CACHE_CONTROL"]
    )


def test_scripts_of_named_sites_alone_may_send_cookies(tmp_path: Path) -> None:
    def cors(**options: str) -> Any:
        policy = private(tmp_path, **options).properties("ResponseHeaders")
        return policy["ResponseHeadersPolicyConfig"]["CorsConfig"]

    named = cors(image_origins="https://shop.example")
    assert named["AccessControlAllowCredentials"] is True
    assert "*" not in named["AccessControlAllowHeaders"]["Items"]
    assert cors()["AccessControlAllowCredentials"] is False
