// Adds the watermarks of sizes.yml to the Lambda zip (watermarks.py), if there are any.
const path = require('path');
const { runModule } = require('./python');

module.exports = class Watermarks {
  constructor({ service, serviceDir }) {
    this.hooks = {
      'after:package:createDeploymentArtifacts': () => {
        const { watermarks } = service.custom;
        if (!Object.keys(watermarks).length) return;
        const artifact = path.resolve(serviceDir, service.package.artifact);
        runModule('infra.hooks.watermarks', { args: [artifact], input: JSON.stringify(watermarks) });
      },
    };
  }
};
