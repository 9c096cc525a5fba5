// Runs one of infra's Python modules that ask AWS something about a deploy; what it printed.

const { spawnSync } = require('child_process');
const path = require('path');
const python = require('./python');

module.exports = (serverless, module, name, input) => {
  const provider = serverless.getProvider('aws');
  const profile = provider.options['aws-profile'] || serverless.service.provider.profile;
  const run = spawnSync(python(), ['-m', module, name, provider.getRegion()], {
    cwd: path.dirname(__dirname),
    env: { ...process.env, ...(profile ? { AWS_PROFILE: profile } : {}) },
    input: JSON.stringify(input),
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    throw new serverless.classes.Error(run.stderr || String(run.error), 'REFUSED');
  }
  return run.stdout;
};
