"""What the plugin does with the findings of before_deploy.py, under Node."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

_PLUGIN = Path(__file__).parents[2] / "infra" / "hooks" / "deploy.js"
# Serverless and Python are stand-ins; the template is the object that Serverless uploads.
_HARNESS = """
const { plugin, hook, found, status, stderr } = JSON.parse(process.argv[1]);
const stdout = JSON.stringify(found);
require('child_process').spawnSync = () => ({ status, stdout, stderr });
const Deploy = require(plugin);
const template = { Resources: { Had: { Properties: { Protocol: 'sqs' } }, Other: {} } };
const naming = { getStackName: () => 'stack' };
const provider = { options: {}, naming, getRegion: () => 'eu-west-1', getStage: () => 'dev' };
const custom = { adopt: false };
const service = { custom, provider: { compiledCloudFormationTemplate: template } };
const deploy = new Deploy({ service, getProvider: () => provider, classes: { Error } }, {});
deploy.hooks[hook]();
process.stdout.write(JSON.stringify(service.provider.compiledCloudFormationTemplate));
"""


def run(
    hook: str, found: dict[str, Any], status: int = 0, stderr: str = ""
) -> "subprocess.CompletedProcess[str]":
    given = {"plugin": str(_PLUGIN), "hook": hook, "status": status, "stderr": stderr}
    return subprocess.run(
        ["node", "-e", _HARNESS, json.dumps(given | {"found": found})],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_added_to_the_template_is_uploaded() -> None:
    template = {"Resources": {"Had": {"Properties": {"FilterPolicyScope": "MessageBody"}}}}
    found = {"now": [], "after": [], "template": template, "was_private": False}
    ran = run("before:deploy:deploy", found)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == template


@pytest.mark.parametrize("hook", ["before:deploy:deploy", "before:remove:remove"])
def test_what_it_refuses_goes_no_further(hook: str) -> None:
    ran = run(hook, {}, status=1, stderr="a queue has messages")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "a queue has messages" in ran.stderr
