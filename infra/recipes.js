// Says after a deploy which sizes want a backfill: what is there was made by their old recipe.

const ask = require('./ask');

module.exports = class Recipes {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = {
      'before:deploy:deploy': () => this.compare(),
      'after:deploy:deploy': () => process.stdout.write(this.notes),
    };
  }

  compare() {
    const { service } = this.serverless;
    const stage = this.serverless.getProvider('aws').getStage();
    const template = service.provider.compiledCloudFormationTemplate;
    this.notes = ask(this.serverless, 'infra.recipes', stage, { template });
  }
};
