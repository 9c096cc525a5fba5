"""Injects faults: a proxy that returns S3's failures, and killed workers."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import requests

from lib.errors import ConfigError
from local.client import aws
from local.processes import Processes, clean_environment, free_port
from local.setup import PROJECT
from local.stack import DeployedStack, LocalDeployment

_PROXY = "faults"
# The proxy answers within milliseconds, and on a busy machine after many seconds.
_TIMEOUT_SECONDS = 60
_IN_WORKER = Path(__file__).parent / "in_worker"


def _make_rule(operation: str, probability: float, **fault: Any) -> dict[str, Any]:
    return {"service": "s3", "operation": operation, "probability": probability, **fault}


_RULES = [
    _make_rule("GetObject", 0.2, error={"code": "SlowDown", "status": 503}),
    _make_rule("PutObject", 0.2, error={"code": "SlowDown", "status": 503}),
    # One body ends with the connection; the other ends early, as if it were complete.
    _make_rule("GetObject", 0.03, response={"abort_frac": 0.5}),
    _make_rule("GetObject", 0.03, response={"truncate_frac": 0.5}),
    # A body in pieces of 8 KiB, 4 s apart, so that no socket times out; and a response that comes
    # after the worker's timeout.
    _make_rule("GetObject", 0.03, response={"bandwidth_kbps": 2}),
    _make_rule("HeadObject", 0.01, timeout_ms=6000),
    # Slower than a healthy S3, but within every timeout.
    _make_rule("HeadObject", 0.1, latency=1500),
    _make_rule("GetObject", 0.1, latency=1500),
    _make_rule("PutObject", 0.1, latency=1500),
]
_LOST_RESPONSES = "0.03"


class Faults:
    """The faults of one run, between a stack's workers and S3."""

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

    def start(self) -> None:
        """Starts S3 faults."""
        self._set(_RULES)
        for function in workers(self._stack):
            _set_environment(
                self._stack,
                function,
                AWS_ENDPOINT_URL_S3=self._url,
                PYTHONPATH=str(_IN_WORKER),
                LOST_ANSWERS=_LOST_RESPONSES,
            )

    def deny(self, reads: int) -> None:
        """Denies a number of reads, as a wrong policy does until it is corrected.

        Counts reads, not seconds: a busy machine may read nothing in a few seconds.
        """
        denied = {"service": "s3", "operation": "GetObject", "times": reads}
        self._set([{**denied, "error": {"code": "AccessDenied", "status": 403}}], add=True)

    def kill_a_worker(self) -> bool:
        """Kills a running worker; returns whether there was one."""
        running = worker_processes(self._local)
        for process in running[:1]:
            process.kill()
        return bool(running)

    def stop(self) -> None:
        """Stops S3 faults."""
        self._set([])
        for function in workers(self._stack):
            _set_environment(self._stack, function, LOST_ANSWERS="0")

    def fired(self) -> Counter[str]:
        """Returns how often each fault occurred."""
        text = requests.get(f"{self._url}/_microburst/metrics", timeout=_TIMEOUT_SECONDS).text
        counts = Counter[str]()
        for line in text.splitlines():
            if line.startswith("microburst_faults_total{"):
                labels, _, number = line.rpartition(" ")
                counts[labels.partition('action="')[2].rstrip('"}')] += int(number)
        return counts

    def _set(self, rules: list[dict[str, Any]], *, add: bool = False) -> None:
        send = requests.patch if add else requests.post
        response = send(f"{self._url}/_microburst/rules", json=rules, timeout=_TIMEOUT_SECONDS)
        if not response.ok:
            raise ConfigError(f"The proxy refused the faults: {response.text}")


def workers(stack: DeployedStack) -> list[str]:
    """Returns the names of the resize workers' functions."""
    return [f"image-fanout-local-resize-{size}" for size in stack.sizes]


def worker_processes(local: LocalDeployment) -> list[psutil.Process]:
    """Returns the running processes of the resize workers."""
    names = set(workers(local.read()))
    running = []
    for process in local.family():
        try:
            if process.environ().get("AWS_LAMBDA_FUNCTION_NAME") in names:
                running.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return running


def _set_environment(stack: DeployedStack, function: str, **changes: str) -> None:
    functions = aws(stack, "lambda")
    configuration = functions.get_function_configuration(FunctionName=function)
    variables = configuration["Environment"]["Variables"] | changes
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables}
    )
