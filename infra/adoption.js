// Takes buckets that an earlier stack left behind into the new one, or says that they are there.

const ask = require('./ask');

module.exports = class Adoption {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'before:deploy:deploy': () => this.adopt() };
  }

  adopt() {
    const { service } = this.serverless;
    const stack = this.serverless.getProvider('aws').naming.getStackName();
    const template = service.provider.compiledCloudFormationTemplate;
    const adopt = String(service.custom.adopt) === 'true';
    process.stdout.write(ask(this.serverless, 'infra.adoption', stack, { template, adopt }));
  }
};
