"""Reads the facts of a plan from a stage's CloudFormation template."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.errors import ConfigError
from lib.operations.plan.aws_limits import MAX_CONCURRENCY, ONE_CPU_MEMORY
from lib.sizes import Size

_RATE_OF_TICKETS = "POST /uploads"


@dataclass(frozen=True)
class PlannedSize:
    """One size: its worker's memory in MB, its event source mapping, and its queue; in seconds."""

    size: Size
    memory: int
    batch_size: int
    max_concurrency: int
    window: int = 0
    visibility: int = 900
    retention: int = 345_600

    @property
    def name(self) -> str:
        """The size's name."""
        return self.size.name


@dataclass(frozen=True)
class PlannedStage:
    """The parts of a stage that cost money or bound its speed."""

    region: str
    sizes: list[PlannedSize]
    architecture: str = "arm64"
    polled_queues: int = 0
    alarms: int = 0
    secrets: int = 0
    metrics: int = 0
    # Numbers of rules, one for each web ACL of the stack.
    web_acls: list[int] = field(default_factory=list)
    has_key: bool = False
    has_cdn: bool = True
    has_viewer_function: bool = False
    analyses: int = 0
    is_traced: bool = False
    log_days: int = 30
    purges: bool = True
    # Upload tickets a second.
    tickets_per_second: float = 100


def read_stage(template: Mapping[str, Any], region: str) -> PlannedStage:
    """Reads a compiled or a deployed template; raises ConfigError if it has no size."""
    found = _Template(template)
    sizes = list(_read_sizes(found))
    if not sizes:
        raise ConfigError("The template has no size: deploy it again with this version")
    functions = found.of_type("AWS::Lambda::Function")
    environments = [_environment(each) for each in functions.values()]
    groups = found.of_type("AWS::Logs::LogGroup").values()
    return PlannedStage(
        region=region,
        sizes=sizes,
        architecture=next(iter(functions.values())).get("Architectures", ["x86_64"])[0],
        polled_queues=len(found.of_type("AWS::Lambda::EventSourceMapping")),
        alarms=len(found.of_type("AWS::CloudWatch::Alarm")),
        secrets=len(found.of_type("AWS::SecretsManager::Secret")),
        metrics=len(_find_metrics(found, environments)),
        web_acls=[len(each["Rules"]) for each in found.of_type("AWS::WAFv2::WebACL").values()],
        has_key=any("KmsMasterKeyId" in each for each in found.of_type("AWS::SQS::Queue").values()),
        has_cdn=bool(found.of_type("AWS::CloudFront::Distribution")),
        has_viewer_function=any(_list_associations(found)),
        analyses=sum(
            any(name in environment for environment in environments)
            for name in ("MODERATION_CONFIDENCE", "FACES")
        ),
        is_traced=any(
            each.get("TracingConfig", {}).get("Mode") == "Active" for each in functions.values()
        ),
        log_days=max((each.get("RetentionInDays", 0) for each in groups), default=0),
        purges=any("PURGE_QUEUE_URL" in environment for environment in environments),
        tickets_per_second=_read_ticket_rate(found),
    )


class _Template:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Any] = document.get("Resources", {})

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        return {
            logical: each.get("Properties", {})
            for logical, each in self._resources.items()
            if each["Type"] == kind
        }


def _environment(function: Mapping[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = function.get("Environment", {}).get("Variables", {})
    return variables


def _read_sizes(template: _Template) -> Iterator[PlannedSize]:
    queues = template.of_type("AWS::SQS::Queue")
    mappings = {
        each["FunctionName"]["Fn::GetAtt"][0]: each
        for each in template.of_type("AWS::Lambda::EventSourceMapping").values()
    }
    for logical, function in template.of_type("AWS::Lambda::Function").items():
        document = _environment(function).get("SIZE")
        if document is None or logical not in mappings:
            continue
        mapping = mappings[logical]
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
        concurrency = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", MAX_CONCURRENCY)
        yield PlannedSize(
            size=Size.model_validate_json(document),
            memory=function.get("MemorySize", ONE_CPU_MEMORY),
            batch_size=mapping["BatchSize"],
            max_concurrency=concurrency,
            window=mapping.get("MaximumBatchingWindowInSeconds", 0),
            visibility=queue["VisibilityTimeout"],
            retention=queue["MessageRetentionPeriod"],
        )


def _find_metrics(template: _Template, environments: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Returns name and size of each metric of the stage's own that dashboard or alarms read."""
    namespaces = {each.get("POWERTOOLS_METRICS_NAMESPACE") for each in environments}
    watched = {
        (alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] in namespaces
    }
    shown = {
        (metric[1], metric[3])
        for dashboard in template.of_type("AWS::CloudWatch::Dashboard").values()
        for metric in _list_shown(dashboard["DashboardBody"]["Fn::Sub"])
        if metric[0] in namespaces
    }
    return watched | shown


def _list_shown(body: str) -> Iterator[list[Any]]:
    # Fn::Sub writes a literal ${ as ${!.
    for widget in json.loads(re.sub(r"\$\{!", "${", body))["widgets"]:
        yield from widget["properties"].get("metrics", [])


def _list_associations(template: _Template) -> Iterator[Any]:
    """Yields the functions that run for each view of an image."""
    for distribution in template.of_type("AWS::CloudFront::Distribution").values():
        behaviour = distribution["DistributionConfig"]["DefaultCacheBehavior"]
        yield from behaviour.get("FunctionAssociations", [])


def _read_ticket_rate(template: _Template) -> float:
    for stage in template.of_type("AWS::ApiGatewayV2::Stage").values():
        settings = stage.get("RouteSettings", {}).get(_RATE_OF_TICKETS, {})
        if "ThrottlingRateLimit" in settings:
            return float(settings["ThrottlingRateLimit"])
    return PlannedStage.tickets_per_second
