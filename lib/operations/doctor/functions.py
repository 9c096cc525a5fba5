"""Checks functions: their runtimes, and the mappings and concurrency of those that drain queues."""

from collections.abc import Iterator
from datetime import date, timedelta

from lib.aws.functions import EventSourceMapping, FunctionState
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.stage_commands import StageCommands

# Lambda's deprecation dates: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# AWS then stops patching a runtime, and a month or two later rejects deploys with it.
DEPRECATED = {
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
# AWS itself warns this long ahead.
WARN_AHEAD = timedelta(days=180)


def check_runtime(name: str, runtime: str, today: date) -> Finding:
    """Checks that Lambda supports the runtime now and for the next `WARN_AHEAD`."""
    until = DEPRECATED.get(runtime)
    cure = "name a newer runtime in serverless.yml, run make test with that Python, and deploy"
    if until is None:
        why = "its support may have ended, or it is newer than this program"
        return warning(f"{name}: {runtime} is not in the list of runtimes", why, cure)
    if today > until:
        why = "AWS no longer patches it, and will reject deploys with it"
        return problem(f"{name}: Lambda's support of {runtime} ended on {until}", why, cure)
    if today > until - WARN_AHEAD:
        why = "after that AWS no longer patches it, and a month later rejects deploys with it"
        return warning(f"{name}: Lambda's support of {runtime} ends on {until}", why, cure)
    return ok(f"{name}: {runtime}, supported until {until}")


def check_function(name: str, state: FunctionState | None, today: date) -> Iterator[Finding]:
    """Checks that a function of the console exists, can run, and has a supported runtime."""
    if state is None:
        why = "a part of the console, and the routes that the function answers, do not work"
        yield problem(f"{name}: there is no such function", why)
        return
    yield check_runtime(name, state.runtime, today)
    if state.fault:
        why = "Lambda does not run it, so a part of the console does not work"
        yield problem(f"{name}: {state.fault}", why)
    else:
        yield ok(f"{name}: it can run")


def check_mapping(
    name: str, mappings: list[EventSourceMapping], commands: StageCommands
) -> Finding:
    """Checks that an enabled event source mapping drains the queue."""
    switch_on = [
        "if it was switched off by hand: "
        + commands.aws(f"lambda update-event-source-mapping --enabled --uuid {mapping.uuid}")
        for mapping in mappings
    ]
    if any(mapping.is_enabled for mapping in mappings):
        return ok(f"{name}: its function drains its queue")
    return problem(
        f"{name}: its function does not drain its queue",
        "messages wait, and are deleted after four days",
        "; ".join([commands.deploy_again, *switch_on]),
    )


def check_concurrency(mappings: list[EventSourceMapping], unreserved: int) -> Finding:
    """Checks that all mappings together stay within the account's concurrency limit."""
    needed = sum(mapping.max_concurrency or unreserved for mapping in mappings)
    what = f"queues may have {needed} functions running at once, the account may run {unreserved}"
    if needed > unreserved:
        return warning(
            what,
            "Lambda throttles the rest: messages return untried and may become dead letters, and "
            "the upload API may fail",
            "ask AWS for more (Service Quotas, Lambda, Concurrent executions), or lower "
            "max_concurrency in serverless.yml",
        )
    return ok(what)
