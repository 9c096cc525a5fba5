// Finds the Python with this project's packages: that of `make setup`, else the one on the PATH.
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const stop = require('./stop');

const PROJECT = path.resolve(__dirname, '../..');
const VENV = path.join(PROJECT, '.venv');
// Packages that infra/ imports.
const PACKAGES = ['aws_lambda_powertools', 'boto3', 'PIL', 'pydantic', 'yaml'];
const HAS_PACKAGES = `
import importlib.util, sys
sys.exit(sys.version_info < (3, 11) or None in map(importlib.util.find_spec, sys.argv[1:]))
`;

let python;

function findPython() {
  python = python || find();
  return python;
}

function find() {
  const own = path.join(VENV, 'bin', 'python');
  // The Makefile creates .ready; then the packages need no check.
  if (fs.existsSync(path.join(VENV, '.ready')) && fs.existsSync(own)) return own;
  const command = [own, 'python3'].find(
    (each) => spawnSync(each, ['-c', HAS_PACKAGES, ...PACKAGES]).status === 0
  );
  return command || stop("This project's Python packages are not installed: run `make setup` once.");
}

// Runs a module of this project; returns its output, or throws what it wrote to standard error. Of an
// error with this name, sls prints the message alone.
function runModule(module, { args = [], ...options } = {}) {
  const command = ['-m', module, ...args];
  // The output may be a template, which is longer than Node's limit of 1 MB.
  const usual = { cwd: PROJECT, encoding: 'utf8', maxBuffer: Infinity };
  const run = spawnSync(findPython(), command, { ...usual, ...options });
  if (run.status === 0) return run.stdout;
  const error = new Error(run.stderr || String(run.error));
  throw Object.assign(error, { name: 'ServerlessError' });
}

module.exports = { findPython, runModule };
