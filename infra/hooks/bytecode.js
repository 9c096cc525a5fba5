// Adds byte code to the Lambda zip (bytecode.py), if this machine has the runtime's Python version.

const { spawnSync } = require('child_process');
const path = require('path');
const { findPython } = require('./python');

// Python's exit code after an exception; bytecode.py exits with 3 in another version of Python.
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
    for (const command of [findPython(), `python${version}`]) {
      const script = path.join(__dirname, 'bytecode.py');
      const run = spawnSync(command, [script, artifact, version, cache], {
        // pyenv's commands work only for the selected version.
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
