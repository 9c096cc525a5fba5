"""Additions to roles for the stage's options: encryption, tracing, boundary."""

from collections.abc import Sequence
from typing import Any

from infra.encryption import allow_key, reaches_encrypted
from infra.naming import allow
from infra.originals import allow_originals_key
from infra.stage import StageParameters


def option_statements(
    parameters: StageParameters, statements: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Builds a role's permissions for the stage's key and for X-Ray.

    A role without access to encrypted resources gets none for the key.
    """
    key = allow_key(parameters.kms_key) if reaches_encrypted(statements) else []
    if parameters.originals_kms_key != parameters.kms_key:
        key += allow_originals_key(parameters, statements)
    traces = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    # X-Ray has no resources that a policy could name.
    return [*key, allow(traces, "*")] if parameters.xray else key


def tracing_mode(parameters: StageParameters) -> str:
    """Returns Lambda's tracing mode."""
    return "Active" if parameters.xray else "PassThrough"


def set_boundary(parameters: StageParameters, resources: dict[str, Any]) -> None:
    """Sets the stage's permissions boundary, if there is one, on each role."""
    if parameters.permissions_boundary:
        for resource in resources.values():
            if resource.get("Type") == "AWS::IAM::Role":
                resource["Properties"]["PermissionsBoundary"] = parameters.permissions_boundary
