"""Runs the steps of a verification; reports time, and request ids of failures."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from botocore.exceptions import ClientError

from lib.errors import FanoutError, StepError
from lib.operations.verify.target import Target
from lib.operations.verify.web import Request

State = Literal["passed", "failed", "off", "not_tried"]


@dataclass(frozen=True)
class Step:
    """Something that a stage is asked to do; `run` returns what it did, or raises FanoutError.

    `why_off` returns why a stage does not do it, "" if it does. It is not tried unless the steps
    that it `needs` passed.
    """

    name: str
    run: Callable[[Target], str]
    needs: tuple[str, ...] = ("sizes",)
    why_off: Callable[[Target], str] = lambda _: ""


@dataclass(frozen=True)
class Result:
    """Result of a step: `detail` describes it; `look_at` is where to look after a failure."""

    step: str
    state: State
    seconds: float = 0.0
    detail: str = ""
    look_at: str = ""
    requests: list[Request] = field(default_factory=list)


def without(feature: str, parameter: str) -> Callable[[Target], str]:
    """Builds a `why_off` that names the parameter if the feature is off."""
    return lambda target: "" if feature in target.features else parameter


class Verification:
    """Run of the steps, in order."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._passed: set[str] = set()

    def take(self, step: Step) -> Result:
        """Runs a step; returns a failure as a result."""
        if why := step.why_off(self._target):
            return Result(step.name, "off", detail=why)
        if missing := [name for name in step.needs if name not in self._passed]:
            return Result(step.name, "not_tried", detail=f"it needs the step {missing[0]}")
        started = time.monotonic()
        try:
            detail = step.run(self._target)
        except FanoutError as error:
            requests = self._target.web.take_requests() + _requests_to_aws(error)
            look_at = error.look_at if isinstance(error, StepError) else ""
            look_at = look_at or self._target.commands.fanout("doctor")
            seconds = time.monotonic() - started
            return Result(step.name, "failed", seconds, str(error), look_at, requests)
        self._target.web.take_requests()
        self._passed.add(step.name)
        return Result(step.name, "passed", time.monotonic() - started, detail)


def _requests_to_aws(error: BaseException) -> list[Request]:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ClientError):
        cause = cause.__cause__
    if cause is None:
        return []
    metadata = cause.response.get("ResponseMetadata", {})
    found = Request(
        cause.operation_name, "", metadata.get("HTTPStatusCode", 0), metadata.get("RequestId", "")
    )
    return [found]
