// Refuses a deploy, or the stack's removal, that would delete a queue with messages in it, and a
// deploy that would delete a secret: what is in them would be lost.

const ask = require('./ask');

module.exports = class Guard {
  constructor(serverless) {
    this.serverless = serverless;
    const { service } = serverless;
    this.hooks = {
      'before:deploy:deploy': () =>
        this.check({
          template: service.provider.compiledCloudFormationTemplate,
          abandon_secrets: String(service.custom.abandonSecrets) === 'true',
        }),
      'before:remove:remove': () => this.check({ template: { Resources: {} } }),
    };
  }

  check(asked) {
    const { service } = this.serverless;
    const stack = this.serverless.getProvider('aws').naming.getStackName();
    const force = String(service.custom.abandonMessages) === 'true';
    process.stdout.write(ask(this.serverless, 'infra.guard', stack, { ...asked, force }));
  }
};
