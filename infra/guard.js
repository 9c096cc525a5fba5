// Refuses a deploy that would delete a queue with messages in it: what is in them would be lost.

const { spawnSync } = require('child_process');
const path = require('path');
const python = require('./python');

module.exports = class Guard {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'before:deploy:deploy': () => this.check() };
  }

  check() {
    const { service } = this.serverless;
    const provider = this.serverless.getProvider('aws');
    const profile = provider.options['aws-profile'] || service.provider.profile;
    const run = spawnSync(
      python(),
      ['-m', 'infra.guard', provider.naming.getStackName(), provider.getRegion()],
      {
        cwd: path.dirname(__dirname),
        env: { ...process.env, ...(profile ? { AWS_PROFILE: profile } : {}) },
        input: JSON.stringify({
          template: service.provider.compiledCloudFormationTemplate,
          force: String(service.custom.abandonMessages) === 'true',
        }),
        encoding: 'utf8',
        stdio: ['pipe', 'inherit', 'pipe'],
      }
    );
    if (run.status !== 0) {
      throw new this.serverless.classes.Error(run.stderr || String(run.error), 'MESSAGES_WAITING');
    }
  }
};
