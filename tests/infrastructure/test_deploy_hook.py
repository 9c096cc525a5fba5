"""What the plugin does with the template of before_deploy.py, under Node."""

import json
import subprocess
from pathlib import Path

_PLUGIN = Path(__file__).parents[2] / "infra" / "hooks" / "deploy.js"
# Serverless and Python are stand-ins; the template is the object that Serverless uploads.
_HARNESS = """
const { plugin, found } = JSON.parse(process.argv[1]);
require('child_process').spawnSync = () => ({ status: 0, stdout: JSON.stringify(found) });
const Deploy = require(plugin);
const template = { Resources: { Had: { Properties: { Protocol: 'sqs' } }, Other: {} } };
const naming = { getStackName: () => 'stack' };
const provider = { options: {}, naming, getRegion: () => 'eu-west-1', getStage: () => 'dev' };
const custom = { adopt: false };
const service = { custom, provider: { compiledCloudFormationTemplate: template } };
const deploy = new Deploy({ service, getProvider: () => provider, classes: { Error } }, {});
deploy.hooks['before:deploy:deploy']();
process.stdout.write(JSON.stringify(service.provider.compiledCloudFormationTemplate));
"""


def test_what_is_added_to_the_template_is_uploaded() -> None:
    template = {"Resources": {"Had": {"Properties": {"FilterPolicyScope": "MessageBody"}}}}
    found = {"now": [], "after": [], "template": template, "was_private": False}
    given = json.dumps({"plugin": str(_PLUGIN), "found": found})
    run = subprocess.run(
        ["node", "-e", _HARNESS, given], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == template
