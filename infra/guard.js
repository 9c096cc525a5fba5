// Refuses a deploy, or the stack's removal, that would delete a queue with messages in it: what is
// in them would be lost.

const ask = require('./ask');

module.exports = class Guard {
  constructor(serverless) {
    this.serverless = serverless;
    const { service } = serverless;
    this.hooks = {
      'before:deploy:deploy': () => this.check(service.provider.compiledCloudFormationTemplate),
      'before:remove:remove': () => this.check({ Resources: {} }),
    };
  }

  check(template) {
    const { service } = this.serverless;
    const stack = this.serverless.getProvider('aws').naming.getStackName();
    const force = String(service.custom.abandonMessages) === 'true';
    process.stdout.write(ask(this.serverless, 'infra.guard', stack, { template, force }));
  }
};
