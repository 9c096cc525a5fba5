// Adds the watermarks of sizes.yml to the Lambda zip (watermarks.py), if there are any.

const { spawnSync } = require('child_process');
const path = require('path');
const python = require('./python');

module.exports = class Watermarks {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'after:package:createDeploymentArtifacts': () => this.add() };
  }

  add() {
    const { service, serviceDir, classes } = this.serverless;
    if (!Object.keys(service.custom.watermarks).length) return;
    const artifact = path.resolve(serviceDir, service.package.artifact);
    const run = spawnSync(python(), ['-m', 'infra.hooks.watermarks', artifact], {
      cwd: path.resolve(__dirname, '../..'),
      input: JSON.stringify(service.custom.watermarks),
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'WATERMARKS');
  }
};
