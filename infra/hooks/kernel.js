// Builds the resampling kernel for the functions' processor before packaging, and adds it to the
// zip. Without it, packaging stops: renders would take up to twice the time.
const { runModule } = require('./python');

module.exports = class Kernel {
  constructor({ service }) {
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => {
        // An emulator runs the functions on this machine.
        const platform = service.custom.emulator ? process.platform : 'linux';
        const target = `${platform}-${service.provider.architecture}`;
        runModule('native.build', { args: [target] });
        service.package.patterns.push(`native/built/${target}/resample.so`);
      },
    };
  }
};
