// Builds the resampling kernel for the functions' processor before packaging, and adds it to the
// zip. Without it, packaging stops: renders would take up to twice the time.

const { spawnSync } = require('child_process');
const path = require('path');
const python = require('./python');

module.exports = class Kernel {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'before:package:createDeploymentArtifacts': () => this.build() };
  }

  build() {
    const { service, classes } = this.serverless;
    // An emulator runs the functions on this machine.
    const platform = service.custom.emulator ? process.platform : 'linux';
    const target = `${platform}-${service.provider.architecture}`;
    const run = spawnSync(python(), ['-m', 'native.build', target], {
      cwd: path.resolve(__dirname, '../..'),
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new classes.Error(run.stderr || String(run.error), 'KERNEL');
    service.package.patterns.push(`native/built/${target}/resample.so`);
  }
};
