"""The plan reads what a deploy makes, and `fanout plan` prints it."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli import plan
from cli.compiled import CompiledStage
from cli.plan_options import parse_number
from lib.errors import ConfigError
from lib.operations.plan.stage import PlannedStage, read_stage
from tests.command_line import Run, fanout
from tests.infrastructure.conftest import Package
from tests.infrastructure.generated import HERO, generated_template
from tests.infrastructure.template import Template


def stage_of(template: Template) -> PlannedStage:
    return read_stage(template.document, "eu-west-1")


def test_the_default_stage_is_read(dev: Template) -> None:
    stage = stage_of(dev)
    assert [each.name for each in stage.sizes] == ["800x600", "400x300", "1200x", "thumbnail"]
    assert {each.max_concurrency for each in stage.sizes} == {10}
    assert {(each.batch_size, each.window, each.memory) for each in stage.sizes} == {(10, 0, 1769)}
    assert {(each.visibility, each.retention) for each in stage.sizes} == {(900, 345_600)}
    assert (stage.architecture, stage.log_days, stage.tickets_per_second) == ("arm64", 7, 100)
    assert (stage.has_cdn, stage.has_viewer_function, stage.purges) == (True, True, True)
    assert (stage.has_key, stage.is_traced, stage.analyses, stage.web_acls) == (
        *(False, False, 0),
        [],
    )


def test_what_a_stage_has_switched_on_is_read(package_way: Package, package: Package) -> None:
    everything = stage_of(package_way("everything"))
    assert everything.web_acls == [3]
    assert everything.analyses == 1
    assert [each.size.formats for each in everything.sizes][-1] == ("avif", "webp")
    public = stage_of(package_way("public-read"))
    assert (public.has_cdn, public.purges) == (False, False)


def test_keys_traces_and_slow_stages_are_read(optioned: Template) -> None:
    stage = stage_of(optioned)
    assert (stage.has_key, stage.is_traced) == (True, True)
    assert {each.max_concurrency for each in stage.sizes} == {7}


def test_a_template_without_sizes_is_refused(tmp_path: Path) -> None:
    # Generated resources have no functions: Serverless makes them.
    with pytest.raises(ConfigError, match="has no size"):
        read_stage(generated_template(tmp_path, [HERO]).document, "eu-west-1")


@pytest.fixture
def compiled(
    dev: Template, package_way: Package, monkeypatch: pytest.MonkeyPatch
) -> list[list[str]]:
    """Has the command take compiled templates; the parameters it compiled with."""
    asked = []

    def compile_stage(stage: str, region: str | None, parameters: list[str]) -> CompiledStage:
        asked.append([stage, *parameters])
        other = any(each.startswith("sizes_file=") for each in parameters)
        template = package_way("public-read") if other else dev
        return CompiledStage(template.document, "image-fanout", region or "eu-west-1")

    monkeypatch.setattr(plan, "compile_stage", compile_stage)
    return asked


def run_json(*arguments: str) -> dict[str, dict[str, Any]]:
    run = fanout("plan", *arguments, "--json")
    assert run.code == 0, run.err
    return {each["plan"]: each for each in run.lines}


def test_a_month_is_printed_by_service_and_by_size(compiled: list[list[str]]) -> None:
    run = fanout("plan", "--photos", "1M", "--views", "20M", "--param", "xray=false")
    assert run.code == 0
    assert compiled == [["dev", "xray=false"]]
    assert "Stage dev in eu-west-1, arm64, 4 sizes. A month: 1,000,000 photos of 12 MP" in run.out
    for word in ("Lambda", "CloudFront", "Secrets Manager", "800x600", "thumbnail", "the stage"):
        assert word in run.out
    assert "in full batches, Lambda would cost $" in run.out
    assert "AWS's list prices as of 2026-10-02, before the free tier" in run.err
    assert "from the benchmark" in run.err


def test_json_has_the_same(compiled: list[list[str]]) -> None:
    found = run_json("--photos", "500k", "--views", "1000", "--burst", "10k")
    month = found["month"]
    assert (month["photos"], month["views"], month["stored"]) == (
        pytest.approx(500_000),
        1000,
        pytest.approx(500_000),
    )
    assert month["dollars"] == pytest.approx(sum(month["by_service"].values()))
    assert month["dollars"] == pytest.approx(sum(month["by_size"].values()))
    assert month["dollars_per_million_photos"] == pytest.approx(2 * month["dollars"])
    assert 0 < month["lambda_in_full_batches"] < month["by_service"]["Lambda"] / 2
    load = found["load"]
    assert load["photos"] == 10_000
    assert {run["name"] for run in load["runs"]} == {"800x600", "400x300", "1200x", "thumbnail"}
    assert load["limits"][0]["kind"] == "max_concurrency"
    assert load["raised_to"] > 10
    assert load["raised"]["drained_at"] < load["drained_at"]
    assert found["sources"]["prices"] == "2026-10-02"


def test_full_batches_cost_a_part_of_single_photos_however_few_there_are(
    compiled: list[list[str]],
) -> None:
    few, many = (run_json("--photos", photos)["month"] for photos in ("100", "1M"))
    assert few["lambda_in_full_batches"] == pytest.approx(many["lambda_in_full_batches"] / 1e4)
    assert few["lambda_in_full_batches"] < few["by_service"]["Lambda"] / 2


def test_the_free_tier_and_the_region_count(compiled: list[list[str]]) -> None:
    ireland = run_json("--photos", "0")["month"]
    free = run_json("--photos", "0", "--free-tier")["month"]
    assert free["by_service"].get("SQS", 0) < ireland["by_service"]["SQS"]
    tokyo = run_json("--photos", "1M", "--region", "ap-northeast-1")["month"]
    assert tokyo["region"] == "ap-northeast-1"
    assert tokyo["dollars"] > run_json("--photos", "1M")["month"]["dollars"]


def test_a_burst_says_what_binds_and_what_to_raise(compiled: list[list[str]]) -> None:
    run = fanout("plan", "--photos", "0", "--burst", "10k", "--burst", "100M")
    assert "A burst of 10k photos, 3,500 a second" in run.out
    assert "Binds first: max_concurrency (10) of 1200x" in run.out
    useful = run_json("--photos", "0", "--burst", "10k")["load"]["raised_to"]
    assert 30 < useful < 60
    assert f"raise it to {useful}" in run.out
    assert f"With max_concurrency {useful}: all is rendered after" in run.out
    assert re.search(r"LOST: \S+ messages\. SQS deletes what waits for 4 days", run.out)
    assert "requests_per_second lets in 100 tickets a second" in run.out
    assert "more of S3 than it serves" not in run.out
    for limit, words in {
        "--account-concurrency=20": "ask AWS (Service Quotas, Lambda) for 40",
        "--rate=10": "Nothing binds: max_concurrency (10) of 1200x",
    }.items():
        assert words in fanout("plan", "--photos", "0", "--burst", "1k", limit).out


def test_a_stage_that_asks_too_much_of_s3_is_told_so(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = copy.deepcopy(package("dev").document)
    for resource in template["Resources"].values():
        if "ScalingConfig" in resource.get("Properties", {}):
            resource["Properties"]["ScalingConfig"]["MaximumConcurrency"] = 500
    monkeypatch.setattr(plan, "compile_stage", lambda *_: CompiledStage(template, "", "us-east-1"))
    run = fanout("plan", "--photos", "0", "--burst", "100k")
    assert "Binds first: S3's 5,500 reads a second of a prefix" in run.out
    assert "S3 splits a prefix that stays busy" in run.out
    assert "ask more of S3 than it serves of a prefix: workers take " in run.out
    assert "raise it to" not in run.out


def test_sizes_of_some_photos_are_planned_as_if_of_all_and_it_says_so(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = copy.deepcopy(package("dev").document)
    worker = template["Resources"]["ResizeDashthumbnailLambdaFunction"]["Properties"]
    variables = worker["Environment"]["Variables"]
    variables["SIZE"] = json.dumps(json.loads(variables["SIZE"]) | {"paths": ["2026/*"]})
    monkeypatch.setattr(plan, "compile_stage", lambda *_: CompiledStage(template, "", "us-east-1"))
    run = fanout("plan")
    assert "thumbnail: planned as if every photo were rendered" in run.err.replace("\n", " ")
    assert "400x300: planned" not in run.err


def test_a_picture_is_drawn(compiled: list[list[str]], tmp_path: Path) -> None:
    file = tmp_path / "burst.svg"
    run = fanout("plan", "--burst", "10k", "--picture", str(file))
    assert f"Drawn in {file}" in run.err.replace("\n", "")
    assert "Stage dev: a burst of 10k photos" in file.read_text()


def test_uploads_by_hour_are_scaled_to_a_month_and_simulated(
    compiled: list[list[str]], tmp_path: Path
) -> None:
    file = tmp_path / "uploads.csv"
    file.write_text("hour,uploads\n" + "".join(f"{hour},1000\n" for hour in range(73)))
    found = run_json("--uploads", str(file))
    assert found["month"]["photos"] == pytest.approx(730_000)
    assert found["load"]["photos"] == 73_000
    assert found["load"]["load"] == "the 73 hours of the file"
    assert found["load"]["oldest"] < 5
    assert found["month"]["photos_per_invocation"]["800x600"] == pytest.approx(1)
    # The same photos in one hour: full batches, and hours of waiting.
    file.write_text("uploads\n73000000\n" + "0\n" * 72)
    crowded = run_json("--uploads", str(file))
    assert crowded["month"]["photos_per_invocation"]["800x600"] == pytest.approx(10)
    assert crowded["load"]["oldest"] > 86_400


def test_another_sizes_file_is_compared(compiled: list[list[str]], tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text("sizes: [800x600]\n")
    run = fanout("plan", "--photos", "1M", "--compare", str(other))
    assert compiled[1] == ["dev", f"sizes_file={other}"]
    assert "hero: rendering the stored photos once costs about $" in run.out
    found = run_json("--photos", "1M", "--compare", str(other))["comparison"]
    assert found["difference"] == pytest.approx(found["after"] - found["before"])
    assert set(found["by_size"]["after"]) - set(found["by_size"]["before"]) == {"hero"}
    # What has the recipe that it had is not rendered again.
    assert found["backfill"].keys() == {"hero"}


def refused(*arguments: str) -> str:
    run: Run = fanout("plan", *arguments)
    assert run.code == 2, run.out + run.err
    return " ".join(run.err.split())


def test_wrong_use_is_a_sentence_and_exit_code_2(compiled: list[list[str]], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("sizes: [{name: a, widht: 3}]\n")
    assert "'many' is no number such as 20000, 10k or 1.5M" in refused("--photos", "many")
    assert "is no number" in refused("--photos", "-5")
    assert "is no number" in refused("--views", "1e400")
    assert "is no number" in refused("--burst", "2000000000M")
    assert "'gif' is not one of 'jpeg', 'progressive', 'png'" in refused("--kind", "gif")
    assert "at least one photo" in refused("--burst", "0")
    assert "more than 0 photos a second" in refused("--burst", "5", "--rate", "0")
    assert "either --photos or --uploads" in refused("--photos", "1", "--uploads", "x.csv")
    assert "x.csv: cannot be read" in refused("--uploads", "x.csv")
    assert "nothing to draw" in refused("--picture", str(tmp_path / "x.svg"))
    assert "there is no folder" in refused("--burst", "5", "--picture", "/no/such/x.svg")
    assert "did you mean width?" in refused("--compare", str(bad))
    assert "is no file" in refused("--compare", str(tmp_path))
    assert "There are no prices of mars-1" in refused("--region", "mars-1")
    assert "leave out --param, or --deployed" in refused("--deployed", "--param", "a=b")


def test_numbers_are_read_with_their_unit() -> None:
    parse = parse_number
    assert [parse(text) for text in ("0", "12", "1.5k", "2M", "100M")] == [*(0, 12, 1500, 2e6, 1e8)]


def test_samples_are_documents(compiled: list[list[str]]) -> None:
    load = run_json("--burst", "1k")["load"]
    assert load["runs"][0]["samples"][0].keys() == {"time", "backlog", "age", "concurrency"}
    assert json.dumps(load)


def test_this_project_is_compiled_as_it_is(tmp_path: Path) -> None:
    """No template of the tests: Serverless, without AWS and without its credentials."""
    other = tmp_path / "other.yml"
    other.write_text("sizes: [800x600, {name: hero, width: 1600, memory: 3000}]\n")
    place = ("--stage", "prod", "--region", "us-west-2", "--param", f"sizes_file={other}")
    month = run_json(*place, "--photos", "10k")["month"]
    assert month["region"] == "us-west-2"
    assert set(month["by_size"]) == {"_stage", "800x600", "hero"}
