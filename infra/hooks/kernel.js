// Builds the resampling kernel for the functions' processor before packaging, and adds it to the
// zip. Without it, packaging stops: renders would take up to twice the time.
const { runModule } = require('./python');

module.exports = class Kernel {
  constructor({ service }) {
    this.service = service;
    this.hooks = { 'before:package:createDeploymentArtifacts': () => this.build() };
  }

  build() {
    // An emulator runs the functions on this machine.
    const platform = this.service.custom.emulator ? process.platform : 'linux';
    const target = `${platform}-${this.service.provider.architecture}`;
    runModule('native.build', { args: [target] });
    this.service.package.patterns.push(`native/built/${target}/resample.so`);
  }
};
