"""Faults: a proxy that answers for S3 as an ailing S3 does, and workers that are killed."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import requests

from lib.errors import ConfigError
from local.client import aws
from local.processes import Processes, clean_environment, free_port
from local.stack import PROJECT, DeployedStack, LocalDeployment

_PROXY = "faults"
_SECONDS = 10
_IN_WORKER = Path(__file__).parent / "in_worker"
_REFUSALS: list[dict[str, Any]] = [
    {
        "service": "s3",
        "operation": operation,
        "probability": 0.2,
        "error": {"code": "SlowDown", "status": 503},
    }
    for operation in ("GetObject", "PutObject")
]
# One body breaks off with the connection; the other ends early as if that were all of it.
_BROKEN_BODIES: list[dict[str, Any]] = [
    {"service": "s3", "operation": "GetObject", "probability": 0.03, "response": response}
    for response in ({"abort_frac": 0.5}, {"truncate_frac": 0.5})
]
# Slower than S3 ever is when it is well, but not so slow that anybody hangs up.
_SLOW: list[dict[str, Any]] = [
    {"service": "s3", "operation": operation, "probability": 0.1, "latency": 1500}
    for operation in ("HeadObject", "GetObject", "PutObject")
]
# A body that comes in pieces of 8 KiB, 4 s apart: never silent for so long that a socket's timeout
# would end it. And an answer that does not come before the worker has hung up.
_DRIPPING: list[dict[str, Any]] = [
    {
        "service": "s3",
        "operation": "GetObject",
        "probability": 0.03,
        "response": {"bandwidth_kbps": 2},
    },
    {"service": "s3", "operation": "HeadObject", "probability": 0.01, "timeout_ms": 6000},
]
_LOST_ANSWERS = "0.03"


class Faults:
    """The faults of one run, between the workers of a stack and its S3."""

    def __init__(self, local: LocalDeployment) -> None:
        self._local = local
        self._stack = local.read()
        self._processes = Processes(local.state / _PROXY)
        self._url = ""

    def __enter__(self) -> "Faults":
        port = free_port()
        command = [sys.executable, "-m", "local.chaos.proxy", "--upstream", self._stack.endpoint]
        environment = clean_environment() | {"PYTHONPATH": str(PROJECT)}
        self._processes.start(_PROXY, [*command, "--port", str(port)], port, environment)
        self._url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop()

    def begin(self) -> None:
        """From now on S3 ails."""
        self._set([*_REFUSALS, *_BROKEN_BODIES, *_DRIPPING, *_SLOW])
        for function in workers(self._stack):
            _set_environment(
                self._stack,
                function,
                AWS_ENDPOINT_URL_S3=self._url,
                PYTHONPATH=str(_IN_WORKER),
                LOST_ANSWERS=_LOST_ANSWERS,
            )

    def deny(self, reads: int) -> None:
        """For so many reads, S3 lets nobody read: a policy that somebody got wrong and mends.

        Not for so many seconds: on a busy machine nobody may read in them.
        """
        denied = {"service": "s3", "operation": "GetObject", "times": reads}
        self._set([{**denied, "error": {"code": "AccessDenied", "status": 403}}], add=True)

    def kill_a_worker(self) -> bool:
        """Kill one that is running; whether there was one."""
        running = worker_processes(self._local)
        for process in running[:1]:
            process.kill()
        return bool(running)

    def end(self) -> None:
        """S3 is well again."""
        self._set([])
        for function in workers(self._stack):
            _set_environment(self._stack, function, LOST_ANSWERS="0")

    def fired(self) -> Counter[str]:
        """How often each fault struck."""
        text = requests.get(f"{self._url}/_microburst/metrics", timeout=_SECONDS).text
        counts = Counter[str]()
        for line in text.splitlines():
            if line.startswith("microburst_faults_total{"):
                labels, _, number = line.rpartition(" ")
                counts[labels.partition('action="')[2].rstrip('"}')] += int(number)
        return counts

    def _set(self, rules: list[dict[str, Any]], *, add: bool = False) -> None:
        send = requests.patch if add else requests.post
        answer = send(f"{self._url}/_microburst/rules", json=rules, timeout=_SECONDS)
        if not answer.ok:
            raise ConfigError(f"The faults were not taken: {answer.text}")


def workers(stack: DeployedStack) -> list[str]:
    """Names of the functions that render."""
    return [f"image-fanout-local-resize-{size}" for size in stack.sizes]


def worker_processes(local: LocalDeployment) -> list[psutil.Process]:
    """Processes of the functions that render, as long as they live."""
    names = set(workers(local.read()))
    found = []
    for process in local.family():
        try:
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") in names:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _set_environment(stack: DeployedStack, function: str, **changes: str) -> None:
    functions = aws(stack, "lambda")
    told = functions.get_function_configuration(FunctionName=function)
    variables = told["Environment"]["Variables"] | changes
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables}
    )
