"""What options of sizes add to the stage, and that they add nothing where they are not used."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infra.hooks.watermarks import add
from infra.naming import RECIPE_TAG
from lib.errors import ConfigError
from tests.infrastructure.generated import generated, generated_template
from tests.pictures import encoded

PLAIN: dict[str, Any] = {"name": "hero", "width": 100, "height": 50}
UPLOADS = "RoleOfUploads"
LOGO = encoded(Image.new("RGBA", (40, 20), (200, 0, 0, 90)), "PNG")
LOGO_HASH = hashlib.sha256(LOGO).hexdigest()
MARKED = {**PLAIN, "watermark": {"file": "marks/logo.png"}}


def uploads_settings(tmp_path: Path, *sizes: dict[str, Any]) -> dict[str, Any]:
    functions = generated(tmp_path, list(sizes))["functions"]
    settings: dict[str, Any] = functions["uploads"]["environment"]
    return settings


def test_tickets_read_placeholders_of_the_sizes_that_have_them_and_nothing_else(
    tmp_path: Path,
) -> None:
    sizes = [{**PLAIN, "placeholder": True}, {**PLAIN, "name": "plain"}]
    settings = uploads_settings(tmp_path, *sizes)
    assert settings["IMAGES_BUCKET"] == {"Ref": "ImagesBucket"}
    template = generated_template(tmp_path, sizes)
    bucket = "arn:aws:s3:::imagesbucket"
    assert template.role_allows(UPLOADS, "s3:GetObject", f"{bucket}/hero/2026/a.jpg")
    assert not template.role_allows(UPLOADS, "s3:GetObject", f"{bucket}/plain/2026/a.jpg")
    assert not template.role_allows(UPLOADS, "s3:PutObject", f"{bucket}/hero/2026/a.jpg")


def test_without_placeholders_tickets_read_no_images(tmp_path: Path) -> None:
    settings = uploads_settings(tmp_path, PLAIN)
    assert "IMAGES_BUCKET" not in settings
    template = generated_template(tmp_path, [PLAIN])
    assert not template.role_allows(UPLOADS, "s3:GetObject", "arn:aws:s3:::imagesbucket/hero/a.jpg")


def test_a_watermark_that_cannot_be_used_stops_packaging(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(LOGO[:50])
    refused = r"hero: watermark\.file: logo\.png: is no PNG or WebP that can be read"
    with pytest.raises(ConfigError, match=refused):
        generated(tmp_path, [{**PLAIN, "watermark": {"file": "logo.png"}}])


def test_a_zip_without_watermarks_has_nothing_of_them(tmp_path: Path) -> None:
    assert generated(tmp_path, [PLAIN])["watermarks"] == {}


def test_a_watermark_that_changes_during_packaging_stops_it(tmp_path: Path) -> None:
    logo, artifact = tmp_path / "logo.png", tmp_path / "code.zip"
    logo.write_bytes(b"other bytes")
    with pytest.raises(ConfigError, match=r"logo.png has changed during packaging: package again"):
        add(artifact, {LOGO_HASH: str(logo)})


def test_a_new_logo_changes_the_recipe_that_the_worker_and_its_tag_have(tmp_path: Path) -> None:
    def worker(logo: bytes) -> dict[str, Any]:
        (tmp_path / "marks").mkdir(exist_ok=True)
        (tmp_path / "marks" / "logo.png").write_bytes(logo)
        found: dict[str, Any] = generated(tmp_path, [MARKED])["functions"]["resize-hero"]
        return found

    one, other = worker(LOGO), worker(encoded(Image.new("RGBA", (8, 8), (0, 9, 0, 9)), "PNG"))
    assert json.loads(one["environment"]["SIZE"])["watermark"]["sha256"] == LOGO_HASH
    assert one["tags"][RECIPE_TAG] != other["tags"][RECIPE_TAG]


FOCUSED = {**PLAIN, "position": "focus"}


def test_a_size_that_is_cropped_to_it_brings_the_route_that_changes_focal_points(
    tmp_path: Path,
) -> None:
    functions = generated(tmp_path, [FOCUSED, {**PLAIN, "name": "plain"}])["functions"]
    (event,) = functions["focus"]["events"]
    assert (event["httpApi"]["method"], event["httpApi"]["path"]) == ("POST", "/uploads/{path+}")
    assert event["httpApi"]["authorizer"] == {"name": "token"}
    assert functions["openapi"]["environment"]["HAS_FOCUS"] == "true"
    stage = generated(tmp_path, [FOCUSED])["resources"]["extensions"]["HttpApiStage"]
    rates = stage["Properties"]["RouteSettings"]
    assert rates["POST /uploads/{path+}"]["ThrottlingRateLimit"] == 50


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", "originalsbucket/originals/2026/a.jpg", True),
        ("s3:PutObject", "originalsbucket/originals/2026/a.jpg", True),
        ("s3:GetObjectTagging", "originalsbucket/originals/2026/a.jpg", True),
        ("s3:PutObjectTagging", "originalsbucket/originals/2026/a.jpg", True),
        ("s3:DeleteObject", "originalsbucket/originals/2026/a.jpg", False),
        ("s3:PutObject", "originalsbucket/other/a.jpg", False),
        ("s3:PutObjectAcl", "originalsbucket/originals/a.jpg", False),
        ("s3:GetObject", "imagesbucket/hero/a.jpg", False),
        ("s3:PutObject", "failuresbucket/hero/a.jpg", False),
    ],
)
def test_its_function_may_copy_originals_to_themselves_and_nothing_else(
    tmp_path: Path, action: str, resource: str, *, allowed: bool
) -> None:
    template = generated_template(tmp_path, [FOCUSED])
    assert template.role_allows("RoleOfFocus", action, f"arn:aws:s3:::{resource}") == allowed


def test_without_such_a_size_the_route_is_refused_and_nothing_else_is_there(
    tmp_path: Path,
) -> None:
    made = generated(tmp_path, [PLAIN])
    assert "focus" not in made["functions"]
    assert "RoleOfFocus" not in made["resources"]["Resources"]
    refused = [each["httpApi"] for each in made["functions"]["openapi"]["events"]]
    assert {
        "method": "POST",
        "path": "/uploads/{path+}",
        "authorizer": {"name": "token"},
    } in refused
    for function in made["functions"].values():
        assert "HAS_FOCUS" not in function["environment"]


def test_a_fallback_to_faces_brings_rekognition(tmp_path: Path) -> None:
    sizes = [{**FOCUSED, "fallback": "faces"}]
    worker = generated(tmp_path, sizes)["functions"]["resize-hero"]
    assert worker["environment"]["FACES"] == "true"
    role = generated_template(tmp_path, sizes)
    assert role.role_allows("RoleOfResizeHero", "rekognition:DetectFaces", "*")
    assert "FACES" not in generated(tmp_path, [FOCUSED])["functions"]["resize-hero"]["environment"]
