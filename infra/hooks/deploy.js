// Runs before_deploy.py before a deploy or a removal: it stops them if something would be lost, and
// its notes are printed after a deploy.

const { spawnSync } = require('child_process');
const path = require('path');
const python = require('./python');

module.exports = class Deploy {
  constructor(serverless) {
    this.serverless = serverless;
    const { service } = serverless;
    this.hooks = {
      'before:deploy:deploy': () =>
        this.check({
          template: service.provider.compiledCloudFormationTemplate,
          abandon_secrets: String(service.custom.abandonSecrets) === 'true',
          adopt: String(service.custom.adopt) === 'true',
        }),
      'before:remove:remove': () => this.check({ template: { Resources: {} } }),
      'after:deploy:deploy': () => process.stdout.write(this.after),
    };
  }

  check(given) {
    const { service, classes } = this.serverless;
    const provider = this.serverless.getProvider('aws');
    const profile = provider.options['aws-profile'] || service.provider.profile;
    const run = spawnSync(python(), ['-m', 'infra.hooks.before_deploy'], {
      cwd: path.resolve(__dirname, '../..'),
      env: {
        ...process.env,
        AWS_DEFAULT_REGION: provider.getRegion(),
        ...(profile ? { AWS_PROFILE: profile } : {}),
      },
      input: JSON.stringify({
        stack: provider.naming.getStackName(),
        stage: provider.getStage(),
        region: provider.getRegion(),
        abandon_messages: String(service.custom.abandonMessages) === 'true',
        ...given,
      }),
      encoding: 'utf8',
    });
    if (run.stdout) {
      const { now, after } = JSON.parse(run.stdout);
      process.stdout.write(now);
      this.after = after;
    }
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'REFUSED');
  }
};
