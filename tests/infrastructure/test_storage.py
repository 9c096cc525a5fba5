"""Originals that get cheaper: the lifecycle of the created bucket, off unless asked for."""

from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from tests.infrastructure.conftest import Package
from tests.infrastructure.generated import generated
from tests.infrastructure.template import Template

ABANDONED = "abandoned-uploads"


def rules(tmp_path: Path, **parameters: Any) -> dict[str, Any]:
    resources = generated(tmp_path, ["400x300"], **parameters)["resources"]["Resources"]
    lifecycle = resources["OriginalsBucket"]["Properties"]["LifecycleConfiguration"]
    return {rule["Id"]: rule for rule in lifecycle["Rules"]}


def test_by_default_originals_stay_where_and_as_long_as_they_are(each_stage: Template) -> None:
    lifecycle = each_stage.properties("OriginalsBucket")["LifecycleConfiguration"]["Rules"]
    assert [rule["Id"] for rule in lifecycle] == [ABANDONED]


@pytest.mark.parametrize("storage", ["INTELLIGENT_TIERING", "GLACIER_IR"])
@pytest.mark.parametrize("days", [0, 1, 90])
def test_originals_move_to_a_class_that_is_read_at_once(
    tmp_path: Path, storage: str, days: int
) -> None:
    found = rules(tmp_path, originals_storage=storage, originals_storage_days=days)
    assert found.keys() == {ABANDONED, "cheaper-originals"}
    assert found["cheaper-originals"] == {
        "Id": "cheaper-originals",
        "Status": "Enabled",
        "Prefix": "originals/",
        "Transitions": [{"StorageClass": storage, "TransitionInDays": days}],
    }


def test_old_versions_go_with_the_markers_that_they_leave(tmp_path: Path) -> None:
    found = rules(tmp_path, old_versions_days=30)
    assert found.keys() == {ABANDONED, "old-versions"}
    assert found["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert found["old-versions"]["ExpiredObjectDeleteMarker"] is True
    assert "ExpirationInDays" not in found["old-versions"], "photos themselves never expire"


def test_in_a_whole_bucket_the_rules_are_for_all(tmp_path: Path) -> None:
    parameters = {"originals_prefix": "/", "originals_storage": "GLACIER_IR"}
    found = rules(tmp_path, **parameters, old_versions_days=1)
    assert not any("Prefix" in rule for rule in found.values())


def test_both_are_in_the_compiled_template(package_way: Package) -> None:
    lifecycle = package_way("everything").properties("OriginalsBucket")["LifecycleConfiguration"]
    ids = [rule["Id"] for rule in lifecycle["Rules"]]
    assert ids == [ABANDONED, "cheaper-originals", "old-versions"]


def test_the_dashboard_counts_the_bytes_of_the_class(package_way: Package) -> None:
    body = package_way("everything").properties("Dashboard")["DashboardBody"]
    assert "GlacierInstantRetrievalStorage" in body
    assert "IntelligentTiering" not in body


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"originals_storage": "GLACIER"}, "originals_storage: "),
        ({"originals_storage": "DEEP_ARCHIVE"}, "originals_storage: "),
        ({"originals_storage_days": "-1"}, "originals_storage_days: "),
        ({"old_versions_days": "-1"}, "old_versions_days: "),
        ({"old_versions_days": "36501"}, "old_versions_days: "),
        ({"old_versions_days": "soon"}, "old_versions_days: "),
        (
            {"originals_bucket": "shop", "old_versions_days": "30"},
            "old_versions_days: got 30 with originals_bucket: shop, of which the stack configures",
        ),
        (
            {"originals_bucket": "shop", "originals_storage": "GLACIER_IR"},
            "originals_storage: got 'GLACIER_IR' with originals_bucket: shop",
        ),
    ],
)
def test_what_s3_or_the_bucket_would_not_take_is_refused(
    tmp_path: Path, parameters: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        generated(tmp_path, ["400x300"], **parameters)
    assert f"params: {said}" in str(caught.value)
