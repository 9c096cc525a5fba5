"""People who run commands with a policy of their own, such as the one in the documents."""

import json
import re
from pathlib import Path
from uuid import uuid4

from lib.operations.stage_commands import TOKEN
from local.client import aws
from local.stack import DeployedStack, LocalDeployment
from tests.e2e.conftest import Operator

PROJECT = Path(__file__).parents[2]


def somebody(
    stack: DeployedStack, local: LocalDeployment, folder: Path, policy: str | None
) -> Operator:
    """The command line of a user who may do only that, and has no token."""
    iam, name = aws(stack, "iam"), f"person-{uuid4().hex}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    if policy:
        iam.put_user_policy(UserName=name, PolicyName="fanout", PolicyDocument=policy)
    theirs = local.environment() | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    del theirs[TOKEN]
    (folder / "env").write_text("".join(f"export {k}={v}\n" for k, v in theirs.items()))
    return Operator(folder)


def documented_policy() -> str:
    """The policy in docs/operations.md, for this stage.

    AWS takes leave to send for leave to send many; the emulator wants it named.
    """
    text = (PROJECT / "docs" / "operations.md").read_text()
    (policy,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    document = json.loads(policy.replace("image-fanout-prod", "image-fanout-local"))
    for statement in document["Statement"]:
        actions = statement["Action"]
        named = actions if isinstance(actions, list) else [actions]
        many = [f"{action}Batch" for action in named if action.startswith("sqs:")]
        statement["Action"] = [*named, *many]
    return json.dumps(document)
