// Adds byte code to the Lambda zip, where there is a Python of the runtime's version: bytecode.py.

const { spawnSync } = require('child_process');
const path = require('path');
const python = require('./python');

// Python's exit code after an exception; another version, or none, has its own.
const TRACEBACK = 1;

module.exports = class Bytecode {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    this.hooks = { 'after:package:createDeploymentArtifacts': () => this.add() };
  }

  add() {
    const { service, serviceDir, classes } = this.serverless;
    const version = service.provider.runtime.replace('python', '');
    const artifact = path.resolve(serviceDir, service.package.artifact);
    const cache = path.join(serviceDir, '.serverless-cache', `bytecode-${version}`);
    for (const each of [python(), `python${version}`]) {
      const script = path.join(__dirname, 'bytecode.py');
      const run = spawnSync(each, [script, artifact, version, cache], {
        // pyenv's commands answer only for versions that were chosen.
        env: { ...process.env, PYENV_VERSION: version },
        encoding: 'utf8',
      });
      if (run.status === 0) return;
      if (run.status === TRACEBACK) throw new classes.Error(run.stderr, 'BYTECODE');
    }
    this.log.notice(
      `Cold starts will take longer: there is no Python ${version} on this machine to compile for it.`
    );
  }
};
